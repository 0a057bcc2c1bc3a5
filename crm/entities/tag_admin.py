"""Tags in Django admin: how often each is used, new names, out of use."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.customfields.indexes import count_option
from crm.customfields.models import TAGS, CustomField
from crm.customfields.tagging import told
from crm.entities.tagging import offer_everywhere
from crm.records.actor import Actor
from crm.reference.tags import Tag
from crm.users.models import User


def times_used(tag: Tag) -> int:
    """How many records have the tag."""
    return sum(count_option(field, tag.value) for field in CustomField.objects.filter(kind=TAGS))


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags belong to no entity: one list for all records. People with the right make them while they work."""

    list_display = ("name", "colour", "active", "made_by", "made_at")
    list_editable = ("colour", "active")
    list_filter = ("active", "colour")
    list_select_related = ("made_by",)
    search_fields = ("name",)
    fields = ("name", "colour", "active", "used")
    readonly_fields = ("used",)

    @admin.display(description=_("records with this tag"))
    def used(self, tag: Tag) -> str:
        return str(times_used(tag)) if tag.pk else "0"

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        before = Tag.objects.get(pk=obj.pk) if change else None
        if before is None:
            obj.made_by = cast(User, request.user)
        super().save_model(request, obj, form, change)
        if before is None:
            offer_everywhere(actor=Actor.of(request))
        else:
            told(before, obj, actor=Actor.of(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """A tag that records have is taken out of use, not deleted."""
        held = [f"{tag}: {count}" for tag in objs if (count := times_used(tag))]
        return [str(tag) for tag in objs], {self.opts.verbose_name_plural: len(objs)}, set(), held
