"""Folders, documents with every version of theirs, and the links by which they are shared."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.activities.models import AboutQuerySet, OnRecord
from crm.documents.access import Filed, Foldered, VersionsOf
from crm.fields.columns import SizeField
from crm.files.models import StoredFile
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record


class Folder(Record):
    """A folder of the tree. ``seen_by`` is for this one alone; a folder within it begins with the same."""

    class SeenBy(models.TextChoices):
        OWNER = "owner", _("Its owner")
        DEPARTMENT = "department", _("The department")
        ALL = "all", _("Everybody")

    access = Foldered()
    takes_files = False

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("in folder")
    )
    seen_by = models.CharField(_("seen by"), max_length=12, choices=SeenBy, default=SeenBy.OWNER)

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        indexes = scope_indexes("folder", name="name", created="created_at")
        constraints = [
            models.UniqueConstraint(
                "name",
                Coalesce("parent", 0),
                condition=ALIVE,
                name="folder_name_in_parent",
                violation_error_message=_("There is a folder of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def way(self) -> list[Folder]:
        """The folders above it and itself, from the root on."""
        found, at = [self], self.parent
        while at is not None and at not in found:
            found.insert(0, at)
            at = at.parent
        return found

    def clean(self) -> None:
        """Nothing lies within itself."""
        if self.pk and self.parent is not None and self in self.parent.way:
            raise ValidationError({"parent": _("A folder can’t lie within itself.")})


class DocumentManager(models.Manager.from_queryset(AboutQuerySet)):  # type: ignore[misc]
    """What is written in them is long, and asked for by the search alone."""

    def get_queryset(self) -> AboutQuerySet:
        return super().get_queryset().defer("words")


class Document(OnRecord):
    """What is kept under one title through its versions. ``number`` is the version that counts (0: none yet); size, kind and
    ``file`` are those of that version; ``words`` is what is written in version ``read``. One about a record goes with it: see ``Filed``."""

    access = Filed()
    takes_files = False
    untold = ("file", "number", "size", "content_type", "on_entity", "on_id")
    derived = ("words", "read")
    objects = DocumentManager()

    title = models.CharField(_("title"), max_length=200)
    folder = models.ForeignKey(
        Folder, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("folder")
    )
    note = models.TextField(_("note"), blank=True)
    number = models.PositiveIntegerField(_("version"), default=0, editable=False)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, editable=False, related_name="+")
    size = SizeField(_("size"), default=0, editable=False)
    content_type = models.CharField(_("kind of content"), max_length=100, blank=True, editable=False)
    words = models.TextField(_("text of the file"), blank=True, editable=False)
    read = models.PositiveIntegerField(default=0, editable=False)
    source = models.CharField(_("printed from"), max_length=50, blank=True, editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        indexes = [
            *scope_indexes("document", created="created_at", updated="updated_at"),
            models.Index(fields=["on_entity", "on_id", "created_at"], condition=ALIVE, name="document_on"),
            models.Index(fields=["id"], condition=ALIVE & ~models.Q(read=models.F("number")), name="document_unread"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["on_entity", "on_id", "source"],
                condition=ALIVE & ~models.Q(source=""),
                name="document_one_of_a_paper",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def timeline_subjects(self) -> list[models.Model]:
        """Also on the timeline of the record that it is about."""
        return [self, *filter(None, [self.on])]


class DocumentVersion(models.Model):
    """One content that a document had; written once. Not an entity: a part of its document."""

    access = VersionsOf()

    document = models.ForeignKey(Document, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    name = models.CharField(_("file name"), max_length=200)
    size = SizeField(_("size"))
    sha256 = models.CharField(max_length=64)
    note = models.CharField(_("note"), max_length=500, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        default_permissions = ()
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="document_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    @classmethod
    def entity_label(cls) -> str:
        """What its file says that it hangs on."""
        return cls._meta.label_lower


class DocumentShare(models.Model):
    """A link by which anybody reads a document for a while; of the link only the hash is kept. Not an entity: a part of it."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="shares")
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(_("for whom"), max_length=100, blank=True)
    password = models.CharField(_("password"), max_length=200, blank=True)
    downloads = models.BooleanField(_("may be downloaded"), default=True)
    expires_at = models.DateTimeField(_("valid until"))
    most_views = models.PositiveIntegerField(_("views at most"), null=True, blank=True)
    views = models.PositiveIntegerField(_("views"), default=0)
    robots = models.PositiveIntegerField(_("views by programs"), default=0)
    misses = models.PositiveIntegerField(default=0)
    missed_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(_("last viewed"), null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.label or f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the link leads anywhere now, to those who have not opened it before."""
        full = self.most_views is not None and self.views >= self.most_views
        return self.lasts and not full

    @property
    def lasts(self) -> bool:
        """Whether it is neither revoked nor over."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class ShareView(models.Model):
    """One opening of a link; written once. Not an entity: a part of the link."""

    share = models.ForeignKey(DocumentShare, models.CASCADE, related_name="openings")
    at = models.DateTimeField(default=timezone.now)
    agent = models.CharField(max_length=20, blank=True)
    robot = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.agent} {self.at:%Y-%m-%d %H:%M}"
