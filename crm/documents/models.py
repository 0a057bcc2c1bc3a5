"""How documents look: templates that admins write, and what our letters carry at their head."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.documents.library import (  # noqa: F401 - found by Django here
    Document,
    DocumentShare,
    DocumentVersion,
    Folder,
    ShareView,
)

LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]


class Letterhead(models.Model):
    """Who we are, on everything that goes out: one row. Not an entity: kept in Django admin."""

    access = Open()

    name = models.CharField(_("company name"), max_length=200, blank=True)
    english_name = models.CharField(_("company name in English"), max_length=200, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    website = models.CharField(_("website"), max_length=200, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=50, blank=True)
    bank = models.CharField(_("bank"), max_length=200, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=100, blank=True)
    logo = models.BinaryField(_("logo"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")

    def __str__(self) -> str:
        return self.name or str(_("letterhead"))


class DocumentTemplate(models.Model):
    """A paper of one kind of records in one language: Liquid over plain values, and its style. Not an entity: kept in Django admin.

    ``entity`` is one of the labels whose values a room registered with ``@paper``.
    """

    entity = models.CharField(_("for"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGES, default="zh-hans")
    body = models.TextField(_("text"), help_text=_("HTML with tags such as {{ quote.number }}."))
    css = models.TextField(_("style"), blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=10, help_text=_("The first one counts by itself."))
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("document template")
        verbose_name_plural = _("document templates")
        ordering = ["entity", "language", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "language", "name"],
                name="document_template_name_is_unique",
                violation_error_message=_("There is a template of that name already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_language_display()})"
