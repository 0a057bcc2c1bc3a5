"""Documents and folders for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile

from crm.documents.keeping import create_document
from crm.documents.library import Document, Folder
from crm.records import services as records
from crm.records.actor import Actor


def make_folder(owner: Any, name: str = "销售资料", **values: Any) -> Folder:
    """A saved folder; seen by its owner unless told otherwise."""
    folder = Folder(owner=owner, name=name, **values)
    records.save(folder, actor=Actor(owner, "factory"))
    return folder


def make_document(
    owner: Any, name: str = "方案.txt", content: bytes = "泵站改造方案".encode(), **where: Any
) -> Document:
    """A document of one version."""
    return create_document(ContentFile(content, name=name), actor=Actor(owner, "factory"), **where)
