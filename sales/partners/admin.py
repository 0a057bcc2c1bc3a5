"""Levels of partners, in Django admin."""

from django.contrib import admin

from sales.partners.models import PartnerLevel


@admin.register(PartnerLevel)
class PartnerLevelAdmin(admin.ModelAdmin):
    """What a level gives: the days to answer, the days of protection."""

    list_display = ("name", "rank", "answer_days", "protection_days", "active")
    list_filter = ("active",)
    search_fields = ("name",)
