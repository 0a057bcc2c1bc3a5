"""Questions by which leads are qualified (budget, authority, need, time), the answers, and what they add up to.

Not entities: admins keep the questions; answers are seen and given with their lead.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.records.figures import Figures
from sales.models import Lead

LONGEST = 1000


class Question(models.Model):
    """What is asked of every lead. ``options``: a line for each choice, “Approved = 20”."""

    class Kind(models.TextChoices):
        YES_NO = "yesno", _("Yes or no")
        CHOICE = "choice", _("Choice")
        TEXT = "text", _("Text")

    class Before(models.TextChoices):
        QUALIFIED = "qualified", _("“Qualified”")
        CONVERTED = "converted", _("conversion")

    name = models.CharField(_("question"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.YES_NO)
    options = models.TextField(
        _("choices"), blank=True, max_length=2000, help_text=_("A line for each, with its points: Approved = 20")
    )
    points = models.SmallIntegerField(
        _("points"), default=10, help_text=_("For yes, or for any text. Choices have points of their own.")
    )
    before = models.CharField(
        _("must be answered before"), max_length=10, choices=Before, blank=True, help_text=_("Empty: never.")
    )
    position = models.PositiveIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("qualification question")
        verbose_name_plural = _("qualification questions")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.kind == self.Kind.CHOICE and not self.choices:
            raise ValidationError({"options": _("Enter at least one choice.")})

    @property
    def choices(self) -> dict[str, int]:
        """The choices with their points, in their order."""
        found = {}
        for line in self.options.splitlines():
            name, _sign, points = line.replace("＝", "=").rpartition("=")
            name, points = (name, points.strip()) if name and _whole(points) else (line, "0")
            if name.strip():
                found[name.strip()[:200]] = int(points)
        return found

    def points_of(self, value: str) -> int:
        """What an answer gives."""
        if self.kind == self.Kind.CHOICE:
            return self.choices.get(value, 0)
        return self.points if value and value != "no" else 0


def _whole(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 5


class Answer(models.Model):
    """What was found out of one lead: “yes”, “no”, a choice or a text."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, models.CASCADE, related_name="answers")
    value = models.CharField(max_length=LONGEST)
    points = models.SmallIntegerField(default=0)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["lead", "question"], name="one_answer_a_question")]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.value}"


class LeadQualification(Figures):
    """What the answers of a lead add up to."""

    record = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="qualification", editable=False)
    score = models.IntegerField(_("qualification score"), db_default=0, editable=False)
    answered = models.IntegerField(_("qualification questions answered"), db_default=0, editable=False)

    class Meta(Figures.Meta):
        abstract = False
        verbose_name = verbose_name_plural = _("qualification score")
        indexes = [models.Index(fields=["score", "record"], name="qualifying_lead_order")]

    def __str__(self) -> str:
        return str(self.score)
