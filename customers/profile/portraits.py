"""What a person likes and how they want to be treated: free preferences by kind, as a good hotel keeps them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.records.models import Record


class Calendar(models.TextChoices):
    """By which calendar a person keeps their birthday."""

    SOLAR = "solar", _("Gregorian")
    LUNAR = "lunar", _("Lunar")


class Preference(Record):
    """One thing to know about a person; a part of them."""

    access = Via("contact")

    class Kind(models.TextChoices):
        CONTACTING = "contacting", _("How and when to be contacted")
        FOOD = "food", _("Food and drink")
        TRAVEL = "travel", _("Travel and lodging")
        GIFTS = "gifts", _("Gifts")
        HOBBIES = "hobbies", _("Hobbies and interests")
        FAMILY = "family", _("Family")
        WORK = "work", _("Way of working")
        AVOID = "avoid", _("To be avoided")
        OTHER = "other", _("Other")

    contact = models.ForeignKey(
        "customers.Contact", models.CASCADE, related_name="preferences", verbose_name=_("contact")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    text = models.CharField(_("preference"), max_length=500)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(text=""),
                name="preference_has_a_text",
                violation_error_message=_("Say what the person prefers."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.contact]
