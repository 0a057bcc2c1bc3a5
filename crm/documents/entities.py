"""Folders and documents as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.documents.keeping import free_document
from crm.documents.library import Document, Folder
from crm.documents.services import place_page, share_page, stay
from crm.entities.entity import Action, Entity, View, register

MINE = {"all": [{"field": "owner", "op": "me"}]}


@register
class FolderEntity(Entity):
    model = Folder
    area = "documents"
    icon = "folder"
    columns = ("name", "parent", "seen_by", "owner", "created_at")
    filters = ("name", "parent", "seen_by", "owner", "department", "created_at")
    sortable = {"name": "name", "created_at": "created_at"}
    default_sort = "name"
    search = {"text": ("name",)}
    subtitle = ("parent", "owner")
    pills = ("seen_by",)
    quick = ("name", "parent", "seen_by")
    sections = {_("Folder"): ("name", "parent", "seen_by", "owner", "created_at")}
    inline = ("name", "seen_by")
    bulk_edit = ("parent", "seen_by")
    views = (View("mine", _("My folders"), MINE, "name"),)
    shows_on = {"documents.folder": "parent"}

    def new(self, user: Any, initial: Mapping[str, Any]) -> Folder:
        """Within another one it is seen by the same people."""
        folder = super().new(user, initial)
        parent = str(initial.get("parent", ""))
        above = Folder.objects.restrict(user).filter(pk=parent).first() if parent.isdecimal() else None
        folder.seen_by = above.seen_by if above else folder.seen_by
        return folder


@register
class DocumentEntity(Entity):
    model = Document
    area = "documents"
    icon = "file-text"
    columns = ("title", "folder", "about", "number", "size", "owner", "updated_at")
    filters = (
        "title", "folder", "note", "number", "size", "content_type", "on_entity", "on_id", "owner", "department",
        "created_at", "updated_at",
    )  # fmt: skip
    default_sort = "-updated_at"
    search = {"text": ("title", "note", "words")}
    subtitle = ("folder", "updated_at", "owner")
    quick = ("title", "folder", "note")
    sections = {
        _("Document"): ("title", "folder", "about", "note", "owner", "number", "size", "content_type", "created_at")
    }
    inline = ("title", "folder", "note")
    bulk_edit = ("folder",)
    actions = (
        Action("link", _("Share by link"), stay, icon="link", page=share_page, when=lambda document: bool(document.number)),
        Action("place", _("Link to a record"), stay, icon="paperclip", page=place_page, when=lambda document: not document.source),
        Action("free", _("Unlink from its record"), free_document, icon="unlink", automatic=False, when=lambda document: bool(document.on_id) and not document.source),
    )  # fmt: skip
    views = (View("mine", _("My documents"), MINE, "-updated_at"),)
    shows_on = {"documents.folder": "folder"}
    importable = False
