"""Files as an entity, and as a tab of every other record."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Attached
from crm.entities.bound import bind
from crm.entities.entity import Entity, View, register, registry
from crm.entities.panels import panel, record_tab
from crm.files.models import StoredFile
from crm.files.services import count_files, files_of, may_attach
from crm.files.storage import MB
from crm.files.types import label_of
from crm.records.models import Record


@register
class FileEntity(Entity):
    model = StoredFile
    icon = "paperclip"
    area = "files"
    slug = "all"
    columns = ("name", "content_type", "size", "number", "owner", "created_at")
    filters = ("name", "content_type", "size", "owner", "created_at", "on_entity", "on_id")
    search = {"text": ("name",)}
    subtitle = ("content_type", "created_at", "owner")
    sections = {_("File"): ("name", "content_type", "size", "number", "owner", "created_at")}
    inline = ("name",)
    views = (View("mine", _("My files"), {"all": [{"field": "owner", "op": "me"}]}, "-created_at"),)
    importable = False
    nav = False


def takes_files(record: Record, user: Any) -> bool:
    """Whether files can hang on the record: not on files, comments and the like, which hang on something themselves, nor on what has no use for them."""
    return getattr(record, "takes_files", True) and not isinstance(record.access, Attached)


@record_tab("*", "files", _("Files"), icon="paperclip", template="files/tab.html", count=count_files, when=takes_files)
def files_tab(record: Record, user: Any) -> dict[str, Any]:
    """The files of the record, with the place to bring more for who may change it."""
    return {
        "rows": [row_of(file) for file in files_of(record)],
        "may_attach": may_attach(user, record),
        "upload_limit": settings.UPLOAD_LIMIT // MB,
    }


@panel("files.storedfile", slot="top", template="files/about.html")
def about_file(file: StoredFile, user: Any) -> dict[str, Any]:
    """The picture of the file, its versions, and the record it belongs to."""
    context = {"row": row_of(file), "may_change": bind(registry[file.entity_label()], user).can_record("change", file)}
    if file.on_entity in registry:
        bound = bind(registry[file.on_entity], user)
        context |= {"target": bound.records().filter(pk=file.on_id).first(), "target_name": bound.name}
    return context


def row_of(file: StoredFile) -> dict[str, Any]:
    """A file with its versions as templates draw it."""
    versions = list(file.versions.all())
    current = next((v for v in versions if v.number == file.number), None)
    return {
        "file": file,
        "entity": registry[file.entity_label()],
        "label": label_of(file.name, file.content_type),
        "versions": versions,
        "current": current,
        "drawn": current is not None and current.preview == current.Preview.READY,
    }
