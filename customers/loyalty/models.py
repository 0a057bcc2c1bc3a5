"""Points and membership: what a programme gives, what each member has, and every movement of it.

Programme, levels and rules are kept by admins; memberships are figures of accounts and contacts; ledger and lots are written
by ``customers.loyalty.ledger`` alone. Invitations are records.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.records.figures import Figures
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account, Contact

MOST = 10**9


class LoyaltyProgram(models.Model):
    """The programme; one row."""

    name = models.CharField(_("name"), max_length=100, default="会员积分")
    active = models.BooleanField(_("in use"), default=True)
    months = models.PositiveSmallIntegerField(
        _("points are good for (months)"),
        default=24,
        validators=[MaxValueValidator(240)],
        help_text=_("0: they never expire. What was given keeps the day it was given with."),
    )
    inviter_points = models.PositiveIntegerField(
        _("points for inviting"), default=100, validators=[MaxValueValidator(MOST)]
    )
    invitee_points = models.PositiveIntegerField(
        _("points for being invited"), default=50, validators=[MaxValueValidator(MOST)]
    )

    class RewardOn(models.TextChoices):
        HAND = "hand", _("By hand")
        JOINED = "joined", _("As soon as the invited person is known")
        PURCHASE = "purchase", _("At the first purchase of the invited person")

    reward_on = models.CharField(_("invitations are rewarded"), max_length=10, choices=RewardOn, default=RewardOn.HAND)

    class Meta:
        verbose_name = _("loyalty programme")
        verbose_name_plural = _("loyalty programme")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="loyalty_one_programme")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> LoyaltyProgram:
        """The programme; its defaults while nobody changed it."""
        return cls.objects.first() or cls(pk=1)


class MemberLevel(models.Model):
    """A level: whoever earned that many points in all has it. Not an entity: a list that admins keep."""

    access = Open()
    shown_by = ("name_zh", "name_en", "colour")

    name_zh = models.CharField(_("name (Chinese)"), max_length=50)
    name_en = models.CharField(_("name (English)"), max_length=50, blank=True)
    threshold = models.PositiveIntegerField(
        _("from points earned"),
        unique=True,
        error_messages={"unique": _("Another level begins there.")},
        validators=[MaxValueValidator(MOST)],
    )
    benefits_zh = models.TextField(_("benefits (Chinese)"), blank=True)
    benefits_en = models.TextField(_("benefits (English)"), blank=True)
    colour = models.CharField(_("colour"), max_length=10, default="amber")

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("member level")
        verbose_name_plural = _("member levels")
        ordering = ["threshold"]

    def __str__(self) -> str:
        return (self.name_en if get_language() == "en" else self.name_zh) or self.name_zh

    @property
    def name(self) -> str:
        """The name in the active language."""
        return str(self)

    @property
    def benefits(self) -> str:
        """What it gives, in the active language."""
        return (self.benefits_en if get_language() == "en" else self.benefits_zh) or self.benefits_zh


class EarnRule(models.Model):
    """Points for an event: so many for each, so many for each yuan, where the condition on who earns them holds."""

    class Of(models.TextChoices):
        ACCOUNT = "customers.account", _("Accounts (customers)")
        CONTACT = "customers.contact", _("Contacts")

    name = models.CharField(_("name"), max_length=100)
    of = models.CharField(_("who earns"), max_length=30, choices=Of, default=Of.ACCOUNT)
    event = models.CharField(_("event"), max_length=100)
    points = models.PositiveIntegerField(_("points each time"), default=0, validators=[MaxValueValidator(MOST)])
    per_yuan = models.DecimalField(
        _("points for each yuan"), max_digits=10, decimal_places=4, default=Decimal(0), help_text=_("Rounded down.")
    )
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        ordering = ["event", "id"]
        constraints = [models.CheckConstraint(condition=models.Q(per_yuan__gte=0), name="loyalty_rate_is_not_negative")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.points and not self.per_yuan:
            raise ValidationError(_("Say how many points it gives."))

    def worth(self, amount: Decimal) -> int:
        """The points for an amount in yuan."""
        return min(self.points + int(max(amount, Decimal(0)) * self.per_yuan), MOST)


class Membership(Figures):
    """What a member has now: ``balance`` to spend, ``earned`` in all, and the level that follows from it."""

    balance = models.PositiveIntegerField(_("points"), db_default=0, editable=False)
    earned = models.PositiveBigIntegerField(_("points earned in all"), db_default=0, editable=False)
    level = models.ForeignKey(
        MemberLevel, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("member level")
    )
    joined_at = models.DateTimeField(_("member since"), null=True, editable=False)

    class Meta(Figures.Meta):
        abstract = True

    def __str__(self) -> str:
        return str(self.balance)


class AccountMembership(Membership):
    """Of an account."""

    record = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="membership", editable=False)

    class Meta(Membership.Meta):
        verbose_name = verbose_name_plural = _("membership")
        abstract = False
        indexes = [models.Index(fields=["balance", "record"], name="loyalty_account_points")]
        constraints = [models.CheckConstraint(condition=models.Q(balance__gte=0), name="loyalty_account_not_overspent")]


class ContactMembership(Membership):
    """Of a contact."""

    record = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="membership", editable=False)

    class Meta(Membership.Meta):
        verbose_name = verbose_name_plural = _("membership")
        abstract = False
        indexes = [models.Index(fields=["balance", "record"], name="loyalty_contact_points")]
        constraints = [models.CheckConstraint(condition=models.Q(balance__gte=0), name="loyalty_contact_not_overspent")]


class PointsEntry(models.Model):
    """One movement of points, append-only by trigger; ``key`` makes what may be asked for twice happen once."""

    class Kind(models.TextChoices):
        EARN = "earn", _("Earned")
        BURN = "burn", _("Redeemed")
        EXPIRE = "expire", _("Expired")
        ADJUST = "adjust", _("Adjusted")

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("when"))
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    points = models.IntegerField(_("points"))
    balance = models.PositiveIntegerField(_("balance"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    expires_on = models.DateField(_("good until"), null=True)
    key = models.CharField(max_length=200, null=True, unique=True)
    rule = models.ForeignKey(EarnRule, models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    cause = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("points entry")
        verbose_name_plural = _("points ledger")
        ordering = ["-id"]
        indexes = [models.Index(fields=["entity", "record_id", "id"], name="loyalty_statement")]
        constraints = [models.CheckConstraint(condition=~models.Q(points=0), name="loyalty_entry_moves_something")]

    def __str__(self) -> str:
        return f"{self.points:+d}"


class PointsLot(models.Model):
    """What is left of points that were given: what is good for the shortest time is spent first, then what came first."""

    entry = models.OneToOneField(PointsEntry, models.CASCADE, primary_key=True, related_name="lot")
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    left = models.PositiveIntegerField()
    expires_on = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = _("points left")
        indexes = [
            models.Index(fields=["entity", "record_id"], condition=models.Q(left__gt=0), name="loyalty_lots_left"),
            models.Index(fields=["expires_on"], condition=models.Q(left__gt=0), name="loyalty_lots_due"),
        ]

    def __str__(self) -> str:
        return str(self.left)


class Referral(Record):
    """A member brought somebody along. Once rewarded, never again: by state, and by the key of the points given."""

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        JOINED = "joined", _("Joined")
        REWARDED = "rewarded", _("Rewarded")
        VOID = "void", _("Void")

    class Channel(models.TextChoices):
        WECHAT = "wechat", _("WeChat")
        SMS = "sms", _("Text message")
        MAIL = "mail", _("E-mail")
        QR = "qr", _("QR code")
        STORE = "store", _("In person")
        OTHER = "other", _("Other")

    inviter = models.ForeignKey(Contact, models.CASCADE, related_name="invitations", verbose_name=_("inviter"))
    invitee = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="invited_by", verbose_name=_("invited person")
    )
    name = models.CharField(_("name of who was invited"), max_length=200, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.WECHAT)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.INVITED, editable=False)
    rewarded_at = models.DateTimeField(_("rewarded"), null=True, editable=False)

    prepared = ("state",)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = scope_indexes("referral", created="created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["invitee"],
                condition=ALIVE & models.Q(invitee__isnull=False) & ~models.Q(state="void"),
                name="referral_invitee_once",
                violation_error_message=_("This person was invited by somebody already."),
            ),
            models.CheckConstraint(
                condition=models.Q(invitee__isnull=True) | ~models.Q(invitee=models.F("inviter")),
                name="referral_is_not_of_oneself",
                violation_error_message=_("Nobody invites themselves."),
            ),
            models.CheckConstraint(
                condition=models.Q(invitee__isnull=False) | ~models.Q(name=""),
                name="referral_names_somebody",
                violation_error_message=_("Say who was invited."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.inviter} → {self.invitee or self.name}"

    @classmethod
    def prepare(cls, records: Any) -> None:
        """Who is known as a contact has joined."""
        for record in records:
            if record.state == cls.State.INVITED and record.invitee_id:
                record.state = cls.State.JOINED

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.inviter, *([self.invitee] if self.invitee_id else [])]
