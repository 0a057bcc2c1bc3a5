"""The ways a sale goes, kept by admins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import models, transaction
from django.db.models import F, Max, Min, Q
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.fields.columns import PercentField

ALIASES = {
    "won": ("Won", "Closed won", "赢单", "成交", "已成交", "赢得"),
    "lost": ("Lost", "Closed lost", "输单", "丢单", "失单", "战败"),
}


class Pipeline(models.Model):
    """A way of selling, made of stages. Not an entity: kept in Django admin."""

    access = Open()
    shown_by = ("name",)

    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        error_messages={"unique": _("There is a pipeline of that name already.")},
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class StageQuerySet(RestrictedQuerySet):
    """Steps of pipelines."""

    def open(self) -> StageQuerySet:
        """Stages in which a sale is still going on."""
        return self.filter(is_won=False, is_lost=False)

    @transaction.atomic
    def make_named(self, name: str, pipeline: Pipeline) -> Stage:
        """The stage of that name; a new one stands behind the last open one, before won and lost."""
        Pipeline.objects.select_for_update().get(pk=pipeline.pk)
        stages = self.filter(pipeline=pipeline)
        if found := stages.filter(name=name).first():
            return found
        closed = stages.filter(Q(is_won=True) | Q(is_lost=True)).aggregate(first=Min("position"))["first"]
        last = stages.aggregate(last=Max("position"))["last"]
        place = closed if closed is not None else 0 if last is None else last + 1
        before = [stage for stage in stages.order_by("position", "id") if stage.position < place]
        after = [stage for stage in stages.order_by("position", "id") if stage.position >= place]
        stages.filter(position__gte=place).update(position=F("position") + 1)
        return self.create(name=name, pipeline=pipeline, position=place, probability=probability_between(before, after))

    @transaction.atomic
    def arrange(self, pipeline: Pipeline, new: Collection[int] = ()) -> None:
        """Number the stages of a pipeline from 0 on in their order; among equals ``new`` ones come first."""
        stages = sorted(self.filter(pipeline=pipeline), key=lambda s: (s.position, s.pk not in new, s.pk))
        for place, stage in enumerate(stages):
            stage.position = place
        self.bulk_update(stages, ["position"])


def probability_between(before: Sequence[Stage], after: Sequence[Stage]) -> Decimal:
    """A chance for a new stage: half way between those of its neighbours, in whole percent; what is lost has none."""
    low = next((stage.probability for stage in reversed(before) if not stage.is_lost), Decimal(0))
    high = next((stage.probability for stage in after if not stage.is_lost), Decimal(100))
    return ((low + max(low, high)) / 2).quantize(Decimal(1))


class Stage(models.Model):
    """A step of a pipeline. Not an entity: kept with its pipeline in Django admin."""

    access = Open()
    shown_by = ("name", "colour")

    class Colour(models.TextChoices):
        TEAL = "teal", _("Teal")
        GREEN = "green", _("Green")
        LIME = "lime", _("Lime")
        AMBER = "amber", _("Amber")
        ORANGE = "orange", _("Orange")
        RED = "red", _("Red")
        PINK = "pink", _("Pink")
        PURPLE = "purple", _("Purple")
        INDIGO = "indigo", _("Indigo")
        BLUE = "blue", _("Blue")
        CYAN = "cyan", _("Cyan")
        SLATE = "slate", _("Slate")

    class Forecast(models.TextChoices):
        PIPELINE = "pipeline", _("Pipeline")
        BEST_CASE = "best_case", _("Best case")
        COMMIT = "commit", _("Commit")
        OMITTED = "omitted", _("Omitted")

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages", verbose_name=_("pipeline"))
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(_("position"), default=0)
    probability = PercentField(_("probability"), default=0)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour, default=Colour.BLUE)
    rotting_days = models.PositiveIntegerField(
        _("rotting days"),
        null=True,
        blank=True,
        help_text=_("After how many days in this stage a sale counts as stalled."),
    )
    is_won = models.BooleanField(_("means won"), default=False)
    is_lost = models.BooleanField(_("means lost"), default=False)
    forecast = models.CharField(_("forecast"), max_length=20, choices=Forecast, default=Forecast.PIPELINE)
    playbook = models.TextField(
        _("playbook"), blank=True, help_text=_("What is to be done here; shown on every opportunity in this stage.")
    )

    objects = StageQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["pipeline__position", "pipeline_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "name"],
                name="stage_name_is_unique_in_pipeline",
                violation_error_message=_("The pipeline has a stage of that name already."),
            ),
            models.UniqueConstraint(fields=["id", "pipeline"], name="stage_and_its_pipeline"),
            models.CheckConstraint(
                condition=models.Q(probability__range=(0, 100)),
                name="stage_probability_is_a_percentage",
                violation_error_message=_("The probability lies between 0 and 100."),
            ),
            models.CheckConstraint(
                condition=~models.Q(is_won=True, is_lost=True),
                name="stage_is_not_won_and_lost",
                violation_error_message=_("A stage can't mean won and lost at once."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """The state of the opportunities in this stage."""
        return "won" if self.is_won else "lost" if self.is_lost else "open"

    @property
    def aliases(self) -> tuple[str, ...]:
        """What files call a stage that closes a sale."""
        return ALIASES.get(self.state, ())


class LossReason(models.Model):
    """Why sales are lost. Not an entity: a list that admins keep in Django admin."""

    access = Open()
    shown_by = ("name",)

    name = models.CharField(
        _("name"), max_length=100, unique=True, error_messages={"unique": _("There is a reason of that name already.")}
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("loss reason")
        verbose_name_plural = _("loss reasons")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
