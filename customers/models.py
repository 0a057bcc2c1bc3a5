"""Whom we deal with: companies, people, and who works where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Open, PooledWith, Via
from crm.access.querysets import RestrictedQuerySet
from crm.fields.columns import ColouredField, MoneyField, PhoneField, YearField
from crm.lib.pinyin import pinyin_key
from crm.lib.text import normalise_company
from crm.ownership.models import AlongRecord, PooledRecord
from crm.ownership.models.pooled import owner_or_pool, pool_indexes
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.profile.lunar import check_lunar, said_lunar
from customers.profile.portraits import Calendar, Preference  # noqa: F401 - found by Django here
from customers.profile.profiles import (  # noqa: F401 - found by Django here
    AccountProfile,
    AdviceLater,
    CompletenessWeight,
    ContactProfile,
    Suggestion,
)
from customers.querysets import AccountQuerySet, ContactQuerySet
from customers.structure.ties import AccountRelation, ContactRelation, RelationType  # noqa: F401 - found by Django here
from customers.tracing import TRACED, Touch, Traced  # noqa: F401 - found by Django here

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


class DecisionRole(models.TextChoices):
    """The part a person plays when their company buys."""

    DECIDER = "decider", _("Decision maker")
    INFLUENCER = "influencer", _("Influencer")
    USER = "user", _("User")
    GATEKEEPER = "gatekeeper", _("Gatekeeper")
    CHAMPION = "champion", _("Champion")
    OPPONENT = "opponent", _("Opponent")


class Influence(models.TextChoices):
    """How much a person's word weighs."""

    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Attitude(models.TextChoices):
    """What a person thinks of us."""

    SUPPORTER = "supporter", _("Supports us")
    NEUTRAL = "neutral", _("Neutral")
    SCEPTIC = "sceptic", _("Sceptical")
    AGAINST = "against", _("Against us")


ROLE_COLOURS = {
    "decider": "red",
    "influencer": "amber",
    "user": "teal",
    "gatekeeper": "slate",
    "champion": "green",
    "opponent": "purple",
}
ATTITUDE_COLOURS = {"supporter": "green", "neutral": "slate", "sceptic": "amber", "against": "red"}


class Source(models.Model):
    """Where a customer or lead came from. Not an entity: a list that admins keep in Django admin."""

    access = Open()
    shown_by = ("name",)

    name = models.CharField(
        _("name"), max_length=100, unique=True, error_messages={"unique": _("There is a source of that name already.")}
    )
    code = models.CharField(_("code"), max_length=50, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Account(Traced, PooledRecord):
    """A company or person we sell to, buy from, work with or compete with."""

    class Kind(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        CUSTOMER = "customer", _("Customer")
        PARTNER = "partner", _("Partner")
        SUPPLIER = "supplier", _("Supplier")
        COMPETITOR = "competitor", _("Competitor")

    class Level(models.TextChoices):
        VIP = "vip", _("VIP")
        A = "a", "A"
        B = "b", "B"
        C = "c", "C"

    class Lifecycle(models.TextChoices):
        PROSPECT = "prospect", _("Not yet bought")
        ACTIVE = "active", _("Active")
        DORMANT = "dormant", _("Dormant")
        LOST = "lost", _("Lost")

    class Size(models.TextChoices):
        MICRO = "micro", _("Under 20 people")
        SMALL = "small", _("20–99 people")
        MEDIUM = "medium", _("100–499 people")
        LARGE = "large", _("500–1,999 people")
        HUGE = "huge", _("2,000 people and more")

    prepared = ("name_key", "name_norm")
    derived = ("last_activity_at", "held_since", "recycle_at", *TRACED)
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=300)
    name_key = models.CharField(max_length=300, editable=False)
    name_norm = models.CharField(max_length=300, editable=False)
    is_person = models.BooleanField(_("private person"), default=False)
    kind = models.CharField(_("relation"), max_length=20, choices=Kind, default=Kind.PROSPECT)
    level = models.CharField(_("level"), max_length=10, choices=Level, blank=True)
    lifecycle = models.CharField(_("life cycle"), max_length=20, choices=Lifecycle, default=Lifecycle.PROSPECT)
    industry = models.ForeignKey(
        "reference.Industry", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("industry")
    )
    region = models.ForeignKey(
        "reference.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="subsidiaries", verbose_name=_("parent company")
    )
    size = models.CharField(_("size"), max_length=20, choices=Size, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    annual_revenue = MoneyField(_("annual revenue"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    founded = YearField(_("founded in"), null=True, blank=True)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    website = models.URLField(_("website"), max_length=300, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)

    last_activity_key = models.GeneratedField(
        expression=Coalesce("last_activity_at", LONG_AGO), output_field=models.DateTimeField(), db_persist=True
    )
    revenue_key = models.GeneratedField(
        expression=Coalesce("annual_revenue", Decimal("-1.00")), output_field=MoneyField(), db_persist=True
    )
    employees_key = models.GeneratedField(
        expression=Coalesce("employees", -1), output_field=models.IntegerField(), db_persist=True
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [
            *scope_indexes("account", name="name_key", created="created_at", activity="last_activity_key"),
            *pool_indexes("account"),
            models.Index(fields=["tax_id"], condition=~models.Q(tax_id=""), name="account_tax_id"),
        ]
        constraints = [
            owner_or_pool("account_has_owner_or_pool"),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="account_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=models.Q(annual_revenue__gte=0),
                name="account_revenue_is_not_negative",
                violation_error_message=_("The annual revenue can't be negative."),
            ),
            models.CheckConstraint(
                condition=models.Q(founded__range=(1000, 2200)),
                name="account_founded_is_a_year",
                violation_error_message=_("Enter the year of foundation as four digits."),
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="account_is_not_its_own_parent",
                violation_error_message=_("A company can't lie below itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name, person=record.is_person)[:300]
            record.name_norm = "" if record.is_person else normalise_company(record.name)[:300]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, *([self.parent] if self.parent_id else [])]


class Contact(Traced, AlongRecord):
    """A person. ``account`` is where they work first of all; further places are affiliations. Into a pool they go with it.

    ``reports_to`` never leads round in a circle (held by a trigger). It is no field of the generic surfaces: who the superior is
    shows only to those who may see that person (``customers.org``).
    """

    class Sex(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")

    access = PooledWith(whole="account")
    prepared = ("name_key",)
    derived = ("last_activity_at", "next_birthday_on", *TRACED)
    says_same = {
        "birthday": ("lunar_birthday", "next_birthday_on"),
        "lunar_birthday": ("next_birthday_on",),
    }
    untold = ("reports_to",)
    shown_by = ("name",)

    name = models.CharField(pgettext_lazy("person", "name"), max_length=200)
    name_key = models.CharField(max_length=300, editable=False)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="contacts", verbose_name=_("account")
    )
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    decision_role = ColouredField(
        _("role in decisions"), max_length=20, choices=DecisionRole, colours=ROLE_COLOURS, blank=True
    )
    influence = models.CharField(_("influence"), max_length=10, choices=Influence, blank=True)
    attitude = ColouredField(_("attitude"), max_length=10, choices=Attitude, colours=ATTITUDE_COLOURS, blank=True)
    reports_to = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="reports",
        verbose_name=_("reports to"),
    )
    sex = models.CharField(_("sex"), max_length=10, choices=Sex, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    birthday_calendar = models.CharField(
        _("birthday kept by"),
        max_length=10,
        choices=Calendar,
        default=Calendar.SOLAR,
        help_text=_("The birthday itself is given in the Gregorian calendar."),
    )
    lunar_birthday = models.CharField(
        _("lunar birthday"),
        max_length=20,
        blank=True,
        validators=[check_lunar],
        help_text=_(
            "Month and day as they are said: 八月十五, 闰四月初一, or 8-15. It is kept instead of the birthday."
        ),
    )
    next_birthday_on = models.DateField(_("next birthday"), null=True, editable=False)
    mobile = PhoneField(_("mobile"), blank=True)
    phone = PhoneField(_("phone"), blank=True)
    phone2 = PhoneField(_("second phone"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    email2 = models.EmailField(_("second e-mail"), blank=True)
    wechat = models.CharField(_("WeChat"), max_length=100, blank=True)
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    address = models.CharField(_("address"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)

    last_activity_key = models.GeneratedField(
        expression=Coalesce("last_activity_at", LONG_AGO), output_field=models.DateTimeField(), db_persist=True
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            *scope_indexes("contact", name="name_key", created="created_at", activity="last_activity_key"),
            models.Index(
                fields=["reports_to"], condition=models.Q(reports_to__isnull=False), name="contact_reports_to"
            ),
            models.Index(fields=["pool", "id"], condition=models.Q(pool__isnull=False), name="contact_pool"),
            models.Index(fields=["next_birthday_on"], name="contact_next_birthday"),
        ]
        constraints = [
            owner_or_pool("contact_has_owner_or_pool"),
            models.CheckConstraint(
                condition=models.Q(reports_to__isnull=True) | ~models.Q(reports_to=models.F("id")),
                name="contact_is_not_their_own_boss",
                violation_error_message=_("A person can't report to themselves or to somebody below them."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="contact_has_a_name", violation_error_message=_("Enter a name.")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name, person=True)[:300]
            record.lunar_birthday = said_lunar(record.lunar_birthday)

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account] if self.account_id else [self]


class AccountContact(Record):
    """A further company that a person works for, or used to."""

    access = Via("account")

    account = models.ForeignKey(Account, models.CASCADE, related_name="affiliations", verbose_name=_("account"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="affiliations", verbose_name=_("contact"))
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    decision_role = ColouredField(
        _("role in decisions"), max_length=20, choices=DecisionRole, colours=ROLE_COLOURS, blank=True
    )
    current = models.BooleanField(_("still works there"), default=True)

    class Meta:
        verbose_name = _("affiliation")
        verbose_name_plural = _("affiliations")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "contact"],
                condition=ALIVE,
                name="affiliation_is_unique",
                violation_error_message=_("This person is linked with that account already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.account}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account, self.contact]
