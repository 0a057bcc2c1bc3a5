"""Typed links between accounts and between people: who competes with, represents, invests in, introduced whom."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open, ViaBoth
from crm.access.querysets import RestrictedQuerySet
from crm.records.indexes import ALIVE
from crm.records.models import Record
from crm.reference.tags import COLOURS


class RelationType(models.Model):
    """What one side of a tie is to the other. Not an entity: a list that admins keep in Django admin."""

    class Between(models.TextChoices):
        ACCOUNTS = "account", _("Accounts")
        CONTACTS = "contact", _("Contacts")

    access = Open()
    shown_by = ("name", "reverse_name", "between")

    between = models.CharField(_("between"), max_length=10, choices=Between, default=Between.ACCOUNTS)
    name = models.CharField(
        _("name"),
        max_length=60,
        help_text=_(
            "What the other side is to this one: “agent” stands on the page of the company that is represented."
        ),
    )
    reverse_name = models.CharField(
        _("name from the other side"),
        max_length=60,
        blank=True,
        help_text=_("What this side is to the other. Empty: the same, as with competitors."),
    )
    colour = models.CharField(_("colour"), max_length=20, choices=COLOURS, default="slate")
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("kind of tie")
        verbose_name_plural = _("kinds of ties")
        ordering = ["between", "position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["between", "name"],
                name="relation_type_is_unique",
                violation_error_message=_("There is such a kind of tie already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def back(self) -> str:
        """What the first side is to the second."""
        return self.reverse_name or self.name


class Tie(Record):
    """``other`` is the ``type.name`` of the first side; seen by who sees both."""

    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        abstract = True


class AccountRelation(Tie):
    """A tie between two accounts, noted once and shown on both."""

    access = ViaBoth("account", "other")

    account = models.ForeignKey("customers.Account", models.CASCADE, related_name="ties", verbose_name=_("account"))
    type = models.ForeignKey(
        RelationType,
        models.PROTECT,
        related_name="+",
        limit_choices_to={"between": "account"},
        verbose_name=_("kind of tie"),
    )
    other = models.ForeignKey(
        "customers.Account", models.CASCADE, related_name="ties_back", verbose_name=_("other account")
    )

    class Meta:
        verbose_name = _("tie of accounts")
        verbose_name_plural = _("ties of accounts")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(account=models.F("other")),
                name="account_relation_needs_two",
                violation_error_message=_("Choose another account: nobody is tied to themselves."),
            ),
            models.UniqueConstraint(
                "type",
                Least("account", "other"),
                Greatest("account", "other"),
                condition=ALIVE,
                name="account_relation_is_unique",
                violation_error_message=_("These two are tied like that already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} – {self.other} ({self.type})"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account, self.other]


class ContactRelation(Tie):
    """A tie between two people, noted once and shown on both."""

    access = ViaBoth("contact", "other")

    contact = models.ForeignKey("customers.Contact", models.CASCADE, related_name="ties", verbose_name=_("contact"))
    type = models.ForeignKey(
        RelationType,
        models.PROTECT,
        related_name="+",
        limit_choices_to={"between": "contact"},
        verbose_name=_("kind of tie"),
    )
    other = models.ForeignKey(
        "customers.Contact", models.CASCADE, related_name="ties_back", verbose_name=_("other contact")
    )

    class Meta:
        verbose_name = _("tie of contacts")
        verbose_name_plural = _("ties of contacts")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(contact=models.F("other")),
                name="contact_relation_needs_two",
                violation_error_message=_("Choose somebody else: nobody is tied to themselves."),
            ),
            models.UniqueConstraint(
                "type",
                Least("contact", "other"),
                Greatest("contact", "other"),
                condition=ALIVE,
                name="contact_relation_is_unique",
                violation_error_message=_("These two are tied like that already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact} – {self.other} ({self.type})"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.contact, self.other]
