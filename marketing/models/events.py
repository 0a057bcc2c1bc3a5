"""What people did on websites and in stores, and by what we know that it was them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.inbound.models import Connection


class BehaviourEvent(models.Model):
    """One thing that somebody did. Append-only, partitioned by month: database key ``(id, at)``, Django's key ``id``.

    Only whose it is may change: ``on_entity`` and ``on_id`` are empty until one of ``identities`` (“visitor:abc”) is known, and
    follow merges. ``base_amount`` is in CNY at the rate of the day. Not an entity: shown on the page of its person.
    """

    class Kind(models.TextChoices):
        PAGE_VIEW = "page_view", _("Looked at a page")
        FAVOURITE = "favourite", _("Marked as a favourite")
        CART = "cart", _("Put into the cart")
        PURCHASE = "purchase", _("Bought online")
        STORE_PURCHASE = "store_purchase", _("Bought in a store")
        CARD_PURCHASE = "card_purchase", _("Bought with the member card")
        LIKE = "like", _("Liked a post")
        SHARE = "share", _("Shared a post")
        DOWNLOAD = "download", _("Downloaded a file")

    PURCHASES = (Kind.PURCHASE, Kind.STORE_PURCHASE, Kind.CARD_PURCHASE)
    VISITS = (Kind.PAGE_VIEW, Kind.FAVOURITE, Kind.CART, Kind.DOWNLOAD)

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20, choices=Kind)
    # The connection and the id there: what is sent again is known again.
    source = models.ForeignKey(
        Connection, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key = models.CharField(max_length=100)
    identities = ArrayField(models.CharField(max_length=150), default=list)
    on_entity = models.CharField(max_length=100, blank=True)
    on_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=500, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    base_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    products = models.JSONField(default=list)
    place = models.CharField(max_length=150, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.title}"


class IdentityLink(models.Model):
    """A value by which a person is known: a number, an address, an account, a device. Not an entity: it follows its person.

    ``confidence`` is how sure it is, out of 100: what people gave themselves is surer than what came along with it.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        UNIONID = "unionid", _("WeChat unionid")
        OPENID = "openid", _("WeChat openid")
        CARD = "card", _("Member card")
        DEVICE = "device", _("Device")
        VISITOR = "visitor", _("Visitor")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("value"), max_length=140)
    on_entity = models.CharField(max_length=100)
    on_id = models.BigIntegerField()
    confidence = models.PositiveSmallIntegerField(_("confidence"))
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "value", "on_entity", "on_id"], name="identity_link_is_unique")
        ]
        indexes = [models.Index(fields=["on_entity", "on_id"], name="identities_of")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
