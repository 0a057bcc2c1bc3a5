"""Tags: words that people hang on records of any kind. Which record has which lies with the record (``crm.customfields.tagging``)."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet

COLOURS = (
    ("blue", _("Blue")),
    ("teal", _("Teal")),
    ("green", _("Green")),
    ("lime", _("Lime")),
    ("amber", _("Amber")),
    ("orange", _("Orange")),
    ("red", _("Red")),
    ("pink", _("Pink")),
    ("purple", _("Purple")),
    ("indigo", _("Indigo")),
    ("cyan", _("Cyan")),
    ("slate", _("Slate")),
)


class Tag(models.Model):
    """One tag. Not an entity: a list that grows while people work, kept by admins. It is an option of every tag field."""

    access = Open()
    shown_by = ("name", "colour")

    name = models.CharField(
        _("name"),
        max_length=40,
        validators=[RegexValidator(r"^[^,，;；、|\n\x00]+\Z", _("No commas, semicolons or bars."))],
    )
    colour = models.CharField(_("colour"), max_length=20, choices=COLOURS, default="blue")
    active = models.BooleanField(
        _("in use"), default=True, help_text=_("Out of use it is not offered any more; records that have it keep it.")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="tag_is_unique", violation_error_message=_("There is a tag of that name already.")
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def value(self) -> str:
        """What stands in a record that has the tag; a new name changes no record."""
        return f"t{self.pk}"

    @property
    def label(self) -> str:
        """As an option: the same in every language."""
        return self.name

    label_zh = label_en = label
