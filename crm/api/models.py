"""Keys by which other programs come in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

EVERYTHING = "*"
READ, WRITE = "read", "write"


def check_network(value: str) -> None:
    """ValidationError for anything but an address or a network such as 10.0.0.0/8."""
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValidationError(_("“%(value)s” is no address and no network.") % {"value": value[:60]}) from None


def digest_of(secret: str) -> str:
    """What is kept of a token: long random secrets need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """A program's key: it may what its person may, as far as its scopes go. Not an entity: a setting that admins keep.

    ``scopes`` are ``<entity or *>:<read or write>``; who may write may read. The secret itself is shown once and not kept.
    """

    name = models.CharField(_("name"), max_length=100, help_text=_("The program that uses it."))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="api_tokens",
        verbose_name=_("acts as"),
        help_text=_("The program sees and does what this person may, within the scopes."),
    )
    scopes = ArrayField(models.CharField(max_length=110), verbose_name=_("scopes"))
    addresses = ArrayField(
        models.CharField(max_length=50, validators=[check_network]),
        verbose_name=_("only from"),
        default=list,
        blank=True,
        help_text=_("Addresses or networks such as 10.0.0.0/8, separated by commas; empty: from anywhere."),
    )
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    active = models.BooleanField(_("in use"), default=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("begins with"), max_length=12, editable=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_address = models.GenericIPAddressField(_("last used from"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def renew(self) -> str:
        """Give it a new secret, which is returned and not kept; the old one stops to work when it is saved."""
        secret = f"crm_{secrets.token_urlsafe(32)}"
        self.digest, self.hint = digest_of(secret), secret[:10]
        return secret

    def allows(self, label: str, need: str) -> bool:
        """Whether its scopes let it ``read`` or ``write`` records of an entity."""
        enough = {WRITE} if need == WRITE else {READ, WRITE}
        return any(f"{name}:{scope}" in self.scopes for name in (EVERYTHING, label) for scope in enough)

    def works_at(self, moment: datetime) -> bool:
        return self.active and self.user.is_active and (self.expires_at is None or moment < self.expires_at)

    def works_from(self, address: str) -> bool:
        """Whether it may be used from where the request came."""
        if not self.addresses:
            return True
        try:
            caller = ip_address(address)
        except ValueError:
            return False
        return any(caller in ip_network(network, strict=False) for network in self.addresses)
