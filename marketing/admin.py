"""Which mailboxes bring leads, in Django admin."""

from __future__ import annotations

from django.contrib import admin

from marketing.models import MailIntake


@admin.register(MailIntake)
class MailIntakeAdmin(admin.ModelAdmin):
    """Shared mailboxes; what they bring goes through the assignment rules as all received leads do."""

    list_display = ("account", "source", "active", "since")
    list_filter = ("active", "source")
    search_fields = ("account__address", "account__name")
    autocomplete_fields = ("account",)
