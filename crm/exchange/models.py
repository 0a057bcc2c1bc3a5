"""Files on their way in: the upload, how it is read, what became of its rows."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.jobs.models import Job
from crm.records.models import ChangeSet


def upload_path(upload: Import, name: str) -> str:
    """Where an upload lies in private storage: no name that a person chose becomes a path."""
    return f"imports/{secrets.token_hex(16)}"


class Import(models.Model):
    """One file that a person brings. Not an entity: only that person sees it.

    ``reading`` holds sheet, heading row, encoding and delimiter; ``analysis`` what a look at all rows told; ``mapping`` what
    becomes of each column; ``options`` mode, keys and choices; ``preview`` the verdicts, until anything above changes.
    """

    class Mode(models.TextChoices):
        CREATE = "create", _("Only create new ones")
        UPDATE = "update", _("Only update existing ones")
        UPSERT = "upsert", _("Update existing ones, create the others")
        SKIP = "skip", _("Skip existing ones, create the others")

    class Duplicates(models.TextChoices):
        CREATE = "create", _("Create them and list them")
        SKIP = "skip", _("Skip them")
        REJECT = "reject", _("Reject them")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="imports", verbose_name=_("user"))
    label = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("file name"), max_length=255)
    size = models.BigIntegerField(_("size"), default=0)
    file = models.FileField(upload_to=upload_path, max_length=200)
    reading = models.JSONField(default=dict)
    analysis = models.JSONField(default=dict)
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    preview = models.JSONField(default=dict)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="corrections")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="imports")
    changes = models.ForeignKey(ChangeSet, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def headings(self) -> list[str]:
        """The headings, as found in the file."""
        return [column["heading"] for column in self.analysis.get("columns", ())]

    @property
    def looking(self) -> bool:
        """Whether only the first rows have been looked at so far: a job looks at all of a large file."""
        return "job" in self.analysis

    @property
    def started(self) -> bool:
        """Whether the import proper was started; from then on its settings stand."""
        return self.job_id is not None


class ImportRow(models.Model):
    """A row of a file that was rejected, skipped, or taken with a remark. The others leave their trace in the history only."""

    class Verdict(models.TextChoices):
        REJECTED = "rejected", _("Rejected")
        SKIPPED = "skipped", _("Skipped")
        WARNED = "warned", _("Taken with a remark")

    run = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    line = models.BigIntegerField(_("line"))
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    cells = models.JSONField(default=list)
    reasons = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.line}"


class SavedMapping(models.Model):
    """How a person mapped these headings last time; offered when they come again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    label = models.CharField(max_length=100)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "label", "signature"], name="one_mapping_per_headings")]

    def __str__(self) -> str:
        return f"{self.label} {self.signature[:8]}"
