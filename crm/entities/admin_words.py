"""What Django admin says only in English: its icons, said in the language of the reader."""

from __future__ import annotations

from django.contrib.admin.templatetags import admin_list
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import gettext as _

_ICONS = {True: "yes", False: "no", None: "unknown"}


def spoken_icon(value: bool | None) -> str:
    """The icon of a yes or no, as ``admin_list._boolean_icon`` draws it."""
    word = {True: _("Yes"), False: _("No"), None: _("Unknown")}[value]
    return format_html('<img src="{}" alt="{}">', static(f"admin/img/icon-{_ICONS[value]}.svg"), word)


admin_list._boolean_icon = spoken_icon
