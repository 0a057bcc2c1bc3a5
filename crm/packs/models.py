"""What came into the house as a pack, part by part. Not entities: kept by the pages of the packs in Django admin."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class InstalledPack(models.Model):
    """A pack that is installed, in the version it has here."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    version = models.PositiveIntegerField(_("version"))
    installed_at = models.DateTimeField(_("installed"), default=timezone.now)
    installed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("installed by")
    )

    class Meta:
        verbose_name = _("industry pack")
        verbose_name_plural = _("industry packs")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class InstalledPart(models.Model):
    """One thing that a pack brought. ``ref`` is the thing's id in its room.

    ``asked`` are the settings as the pack declared them, ``said`` as the room kept them: what differs since, an admin changed.
    """

    pack = models.ForeignKey(InstalledPack, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=150)
    ref = models.CharField(max_length=40)
    asked = models.JSONField(default=dict)
    said = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["pack", "kind", "key"], name="pack_part_is_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What other parts call it by: "field:sales.opportunity/survey_on"."""
        return f"{self.kind}:{self.key}"
