"""Private files on any record, with every version that was ever brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Attached
from crm.files.types import disguised, is_image
from crm.records.indexes import ALIVE
from crm.records.models import Record


class StoredFile(Record):
    """A file of a record, or of nothing yet: then only its owner sees it. Its content lies in private storage, by its hash.

    ``number`` is the version that counts now; size, type and hash are those of that version.
    """

    access = Attached()
    prepared = ("size", "content_type", "sha256")

    name = models.CharField(_("file name"), max_length=200)
    on_entity = models.CharField(_("about what"), max_length=100, blank=True, editable=False)
    on_id = models.BigIntegerField(_("about which"), null=True, blank=True, editable=False)
    number = models.PositiveIntegerField(_("version"), default=1, editable=False)
    size = models.BigIntegerField(_("size in bytes"), default=0, editable=False)
    content_type = models.CharField(_("kind of content"), max_length=100, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(fields=["on_entity", "on_id", "created_at"], condition=ALIVE, name="file_on"),
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="file_created_all"),
            models.Index(fields=["owner", "created_at", "id"], condition=ALIVE, name="file_created_owner"),
        ]
        constraints = [
            models.CheckConstraint(
                name="file_is_on_a_record_or_on_none",
                condition=models.Q(on_entity="", on_id__isnull=True)
                | (~models.Q(on_entity="") & models.Q(on_id__isnull=False)),
                violation_error_message=_("A file belongs to one record, or to none."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        """Size, type and hash follow the version that counts."""
        known = FileVersion.objects.filter(file__in=[r.pk for r in records if r.pk])
        found = {(version.file_id, version.number): version for version in known}
        for record in records:
            if version := found.get((record.pk, record.number)):
                record.size, record.content_type, record.sha256 = version.size, version.content_type, version.sha256

    def timeline_subjects(self) -> list[models.Model]:
        """Also on the timeline of the record that it belongs to."""
        return [self, apps.get_model(self.on_entity)(pk=self.on_id)] if self.on_id else [self]

    @property
    def disguised(self) -> bool:
        """Whether the content is something dangerous that the name does not tell."""
        return disguised(self.name, self.content_type)

    @property
    def is_image(self) -> bool:
        return is_image(self.content_type)


class FileVersion(models.Model):
    """One content that a file had. Not an entity: a part of its file."""

    class Preview(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        READY = "ready", _("Ready")
        NONE = "none", _("None")

    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    name = models.CharField(_("file name"), max_length=200)
    size = models.BigIntegerField(_("size in bytes"))
    content_type = models.CharField(_("kind of content"), max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    preview = models.CharField(max_length=10, choices=Preview, default=Preview.NONE)

    class Meta:
        default_permissions = ()
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="one_version_a_number")]
        indexes = [models.Index(fields=["id"], condition=models.Q(preview="waiting"), name="file_preview_waiting")]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"
