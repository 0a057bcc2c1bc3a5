"""Who signs in for a partner. They are no users of the program: no page but the portal knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Via
from crm.fields.columns import ColouredField
from crm.records.indexes import ALIVE
from crm.records.models import Record
from customers.models import Contact
from sales.partners.models.partner import Partner


class PartnerPerson(Record):
    """A contact of the partner who may sign in to the portal. The secret of it lies in ``PartnerCredential``."""

    class State(models.TextChoices):
        NEW = "new", _("Not invited")
        INVITED = "invited", _("Invited")
        ACTIVE = "active", _("Signs in")
        REVOKED = "revoked", _("Revoked")

    access = Via("partner")
    prepared = ("name",)
    derived = ("last_seen_at",)
    shown_by = ("name",)

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="people", verbose_name=_("partner"))
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="+", verbose_name=_("contact"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, editable=False)
    email = models.EmailField(_("e-mail for signing in"))
    is_admin = models.BooleanField(_("invites colleagues"), default=False)
    state = ColouredField(
        _("access"),
        max_length=10,
        choices=State,
        colours={"new": "slate", "invited": "amber", "active": "green", "revoked": "red"},
        default=State.NEW,
        editable=False,
    )
    last_seen_at = models.DateTimeField(_("last signed in"), null=True, editable=False)

    class Meta:
        verbose_name = _("partner's person")
        verbose_name_plural = _("partners' people")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=ALIVE & ~models.Q(state="revoked"),
                name="partner_person_email_is_unique",
                violation_error_message=_("Somebody signs in with this e-mail address already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        names = dict(Contact._base_manager.filter(pk__in={r.contact_id for r in records}).values_list("pk", "name"))
        for record in records:
            record.name = names.get(record.contact_id, "")[:200]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.partner, self.contact]


class PartnerCredential(models.Model):
    """The password of a partner's person, and what makes links and sessions void. Not an entity: it shows nowhere.

    ``epoch`` grows with each change of the password and each revocation: sessions of before are over. ``nonce`` is of the one
    link that is good now; empty: none is.
    """

    person = models.OneToOneField(PartnerPerson, models.CASCADE, related_name="credential")
    password = models.CharField(max_length=256, blank=True)
    epoch = models.PositiveIntegerField(default=1)
    nonce = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.person_id}"
