"""How customers buy: recency, frequency and amount, the bands that score them, and what came of each run. Not entities:
the scores are fields of accounts and contacts, the rest is kept by those who set it up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.fields.columns import MoneyField
from crm.records.figures import Figures
from customers.models import Account, Contact

BANDS = 4


class RfmClass(models.TextChoices):
    """What the three scores, each high or low, say together."""

    NONE = "none", _("No purchase yet")
    CHAMPION = "champion", _("Important, valued")
    DEVELOP = "develop", _("Important, to develop")
    KEEP = "keep", _("Important, to keep")
    SAVE = "save", _("Important, to win back")
    STEADY = "steady", _("General, valued")
    FRESH = "fresh", _("General, to develop")
    REGULAR = "regular", _("General, to keep")
    FADING = "fading", _("General, to win back")

    @classmethod
    def colours(cls) -> dict[str, str]:
        """How each is marked: the important ones warm and green, those about to be lost amber and red."""
        names = ("slate", "green", "teal", "amber", "red", "blue", "cyan", "indigo", "slate")
        return dict(zip(cls.values, names, strict=True))


# (recent, frequent, large) → class; the usual eight.
CLASSES = {
    (True, True, True): RfmClass.CHAMPION,
    (True, False, True): RfmClass.DEVELOP,
    (False, True, True): RfmClass.KEEP,
    (False, False, True): RfmClass.SAVE,
    (True, True, False): RfmClass.STEADY,
    (True, False, False): RfmClass.FRESH,
    (False, True, False): RfmClass.REGULAR,
    (False, False, False): RfmClass.FADING,
}


def _days() -> list[int]:
    return [30, 90, 180, 365]


def _times() -> list[int]:
    return [2, 3, 5, 10]


def _amounts() -> list[Decimal]:
    return [Decimal(n) for n in (10_000, 50_000, 200_000, 1_000_000)]


class Of(models.TextChoices):
    """Who is scored."""

    ACCOUNT = "customers.account", _("Accounts (customers)")
    CONTACT = "customers.contact", _("Persons (contacts)")


# People buy for less than companies.
USUAL = {Of.CONTACT: {"amounts": [Decimal(n) for n in (200, 1000, 5000, 20_000)]}}


class RfmSetting(models.Model):
    """How accounts, or persons, are scored; one row each. Four bounds make five bands: a value at a bound lies above it."""

    of = models.CharField(_("scores"), max_length=50, choices=Of, default=Of.ACCOUNT, unique=True, editable=False)
    automatic = models.BooleanField(
        _("bands by quantiles"),
        default=False,
        help_text=_("Each run sets the bounds so that every band holds a fifth of those who bought."),
    )
    days = ArrayField(models.PositiveIntegerField(), size=BANDS, default=_days, verbose_name=_("days since the last"))
    times = ArrayField(models.PositiveIntegerField(), size=BANDS, default=_times, verbose_name=_("number of purchases"))
    amounts = ArrayField(MoneyField(), size=BANDS, default=_amounts, verbose_name=_("amount in yuan"))
    high = models.PositiveSmallIntegerField(
        _("high from"), default=4, validators=[MinValueValidator(2), MaxValueValidator(5)]
    )
    months = models.PositiveSmallIntegerField(
        _("months looked back"),
        default=24,
        validators=[MaxValueValidator(240)],
        help_text=_("0: all that was ever bought."),
    )
    sources = ArrayField(models.CharField(max_length=50), default=list, blank=True, verbose_name=_("counted purchases"))
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("RFM scoring")
        verbose_name_plural = _("RFM scoring")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return str(_("RFM scoring"))

    def clean(self) -> None:
        for name in ("days", "times", "amounts"):
            bounds = getattr(self, name) or []
            if len(bounds) != BANDS or any(a >= b for a, b in zip(bounds, bounds[1:], strict=False)):
                raise ValidationError({name: _("Enter four numbers, each larger than the one before.")})

    @classmethod
    def current(cls, of: str) -> RfmSetting:
        """The setting of an entity; the usual one while nobody changed it."""
        return RfmSetting.objects.filter(of=of).first() or RfmSetting(of=of, **USUAL.get(of, {}))


class RfmRun(models.Model):
    """One scoring: with what bounds, how many of each class came of it."""

    of = models.CharField(max_length=50, choices=Of, default=Of.ACCOUNT)
    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    bounds = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    moved = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("RFM run")
        verbose_name_plural = _("RFM runs")
        default_permissions = ()
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class ClassField(models.CharField):
    """A class in its colour."""

    colours = RfmClass.colours()


class Score(Figures):
    """The scores of one who buys, 0 where they never did; ``score`` is their sum."""

    recency = models.PositiveSmallIntegerField(_("R recency"), db_default=0, editable=False)
    frequency = models.PositiveSmallIntegerField(_("F frequency"), db_default=0, editable=False)
    monetary = models.PositiveSmallIntegerField(_("M amount"), db_default=0, editable=False)
    score = models.PositiveSmallIntegerField(_("RFM score"), db_default=0, editable=False)
    rfm_class = ClassField(_("RFM class"), max_length=10, choices=RfmClass, db_default=RfmClass.NONE, editable=False)
    last_on = models.DateField(_("last purchase"), null=True, editable=False)
    times = models.PositiveIntegerField(_("purchases in the period"), db_default=0, editable=False)
    # In yuan, whatever the currency of the account: no money field, which would be read in that one.
    amount = models.DecimalField(
        _("bought in the period (yuan)"), max_digits=18, decimal_places=2, db_default=Decimal(0), editable=False
    )

    class Meta(Figures.Meta):
        abstract = True
        verbose_name = _("RFM score")
        verbose_name_plural = _("RFM scores")

    def __str__(self) -> str:
        return f"{self.recency}{self.frequency}{self.monetary}"


def _indexes(link: str, prefix: str) -> list[models.Index]:
    return [
        models.Index(fields=["score", link], name=f"{prefix}_score_order"),
        models.Index(fields=["amount", link], name=f"{prefix}_amount_order"),
        models.Index(fields=["rfm_class", link], name=f"{prefix}_class_rows"),
    ]


class RfmScore(Score):
    """Of an account."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="rfm", editable=False)

    class Meta(Score.Meta):
        abstract = False
        indexes = _indexes("account", "rfm")


class PersonScore(Score):
    """Of a person."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="rfm", editable=False)

    class Meta(Score.Meta):
        abstract = False
        indexes = _indexes("contact", "rfm_person")


class Step(models.Model):
    """Scores from a run on, kept where they moved: a trend. Append-only in use; goes with the record."""

    id = models.BigAutoField(primary_key=True)
    recency = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    monetary = models.PositiveSmallIntegerField()
    rfm_class = models.CharField(max_length=10, choices=RfmClass)

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["run_id", "id"]

    def __str__(self) -> str:
        return f"{self.recency}{self.frequency}{self.monetary}"


# Without constraints, which would be checked row by row for a million rows that come from the records themselves.
class RfmStep(Step):
    """Of an account."""

    run = models.ForeignKey(RfmRun, models.CASCADE, related_name="steps", db_index=False, db_constraint=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_constraint=False)


class PersonStep(Step):
    """Of a person."""

    run = models.ForeignKey(RfmRun, models.CASCADE, related_name="person_steps", db_index=False, db_constraint=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+", db_constraint=False)


@dataclass(frozen=True)
class Scored:
    """Where the scores of an entity and their trend lie, and by which link."""

    link: str
    scores: type[Score]
    steps: type[Step]

    def trend(self, record: models.Model, most: int) -> list[Step]:
        """The last steps of a record, the oldest first."""
        rows = self.steps._base_manager.filter(**{self.link: record}).select_related("run")
        return list(rows.order_by("-run_id")[:most])[::-1]


SCORED = {
    Of.ACCOUNT.value: Scored("account", RfmScore, RfmStep),
    Of.CONTACT.value: Scored("contact", PersonScore, PersonStep),
}
