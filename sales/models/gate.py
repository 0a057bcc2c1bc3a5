"""What stands before a move from stage to stage."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.approvals.gating import Gate
from sales.models.pipeline import Pipeline, Stage


class StageGate(Gate):
    """The gate of one transition of a pipeline; without ``from_stage`` of every one into ``to_stage``. Kept in Django admin."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="gates", verbose_name=_("pipeline"))
    from_stage = models.ForeignKey(
        Stage,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("from"),
        help_text=_("Empty: from wherever it stands."),
    )
    to_stage = models.ForeignKey(Stage, models.CASCADE, related_name="gates", verbose_name=_("to"))

    class Meta:
        verbose_name = _("stage gate")
        verbose_name_plural = _("stage gates")
        ordering = ["pipeline", "to_stage__position", "id"]
        constraints = [
            models.UniqueConstraint(
                "pipeline",
                "from_stage",
                "to_stage",
                name="one_gate_a_transition",
                nulls_distinct=False,
                violation_error_message=_("There is a gate on this transition already."),
            ),
            models.CheckConstraint(
                condition=models.Q(from_stage__isnull=True) | ~models.Q(from_stage=models.F("to_stage")),
                name="gate_leads_elsewhere",
                violation_error_message=_("Choose two different stages."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage or '*'} → {self.to_stage}"

    def clean(self) -> None:
        """Both stages belong to its pipeline."""
        for name in ("from_stage", "to_stage"):
            stage = getattr(self, name, None)
            if stage is not None and self.pipeline_id and stage.pipeline_id != self.pipeline_id:
                raise ValidationError({name: _("This stage belongs to another pipeline.")})
