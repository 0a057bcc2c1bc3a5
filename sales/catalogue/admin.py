"""Units, categories and discount policies in Django admin; products and price books beside their own pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.records.admin import RecordAdmin
from sales.catalogue.models import DiscountPolicy, PriceBook, Product, ProductCategory, Unit


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    list_display = ("name", "whole")
    list_editable = ("whole",)
    search_fields = ("name",)


@admin.register(ProductCategory)
class ProductCategoryAdmin(admin.ModelAdmin):
    """The tree of the catalogue, each branch with its way from the top."""

    list_display = ("way", "position", "product_count")
    list_editable = ("position",)
    search_fields = ("name", "parent__name")
    autocomplete_fields = ("parent",)
    ordering = ("parent__position", "parent__name", "position", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parent__parent").annotate(held=Count("products"))

    @admin.display(description=_("category"), ordering="name")
    def way(self, category: ProductCategory) -> str:
        return category.way

    @admin.display(description=_("products"), ordering="held")
    def product_count(self, category: ProductCategory) -> int:
        return category.held


@admin.register(DiscountPolicy)
class DiscountPolicyAdmin(admin.ModelAdmin):
    """Who may give what without asking. Below the floor price of a product, everybody asks."""

    list_display = ("__str__", "role", "category", "max_discount", "min_margin", "active")
    list_editable = ("max_discount", "min_margin", "active")
    list_filter = ("active", "role", "category")
    list_select_related = ("role", "category")
    autocomplete_fields = ("category",)


@admin.register(Product)
class ProductAdmin(RecordAdmin):
    list_display = ("name", "code", "category", "kind", "list_price", "currency", "active")
    list_filter = ("kind", "active", "category")
    list_select_related = ("category",)
    search_fields = ("name", "name_key", "code")
    autocomplete_fields = ("owner", "category", "unit")
    show_full_result_count = False


@admin.register(PriceBook)
class PriceBookAdmin(RecordAdmin):
    list_display = ("name", "parent", "discount", "level", "currency", "valid_from", "valid_to", "priority", "active")
    list_filter = ("active", "level", "currency")
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("owner", "parent")
