"""Suppliers, their prices and how good they are, as records."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.entity import Entity, View, register, registry
from crm.lib.money import short_money
from sales.purchasing.models import Bill, Supplier, SupplierPrice, SupplierRating

FREE = {None, policy.Mode.READ}


@register
class SupplierEntity(Entity):
    model = Supplier
    area = "purchasing"
    icon = "building-factory-2"
    columns = ("name", "code", "kind", "category", "state", "rating", "on_time", "contact_name", "phone", "owner")
    filters = (
        "name", "code", "tax_id", "kind", "category", "state", "rating", "on_time", "account", "payment_days",
        "currency", "owner", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "name": "name_key"}
    search = {
        "company": ("name",), "person": ("contact_name",), "phone": ("phone",), "email": ("email",),
        "code": ("code", "tax_id"),
    }  # fmt: skip
    subtitle = ("code", "kind", "contact_name")
    pills = ("state",)
    quick = ("name", "code", "tax_id", "kind", "category", "contact_name", "phone")
    sections = {
        _("Supplier"): ("name", "code", "tax_id", "kind", "category", "state", "account", "owner"),
        _("Contact"): ("contact_name", "phone", "email", "address"),
        _("Terms"): ("payment_days", "monthly", "currency", "bank", "bank_account"),
        _("How good they are"): ("rating", "on_time", "note"),
    }
    bulk_edit = ("kind", "category", "state")
    inline = ("name", "code", "category", "state", "contact_name", "phone", "email", "payment_days")
    views = (
        View("used", _("In use"), {"all": [{"field": "state", "op": "in", "value": ["trial", "active"]}]}, "name"),
    )
    shows_on = {"customers.account": "account"}
    keys = ("code", "tax_id", "name")
    synonyms = {
        "name": ("supplier", "vendor", "供应商", "供应商名称", "供方"),
        "code": ("vendor code", "供应商编码", "供应商代码"),
        "tax_id": ("uscc", "税号", "统一社会信用代码", "纳税人识别号"),
        "contact_name": ("联系人",),
        "phone": ("电话", "联系电话"),
        "bank": ("开户行", "开户银行"),
        "bank_account": ("银行账号", "账号"),
        "payment_days": ("账期", "付款天数"),
    }

    def figures(self, record: Supplier, user: Any) -> list[dict]:
        """How good they are, and what we owe them, as far as the reader may know."""
        found = []
        if record.rating is not None and self._told(user, "rating"):
            found.append({"label": gettext("Rating"), "value": f"{record.rating} / 5"})
        if record.on_time is not None and self._told(user, "on_time"):
            found.append({"label": gettext("Delivered on time"), "value": f"{record.on_time.normalize():f}%"})
        if all(policy.field_mode(user, [("purchasing.bill", name)]) in FREE for name in ("amount", "paid", "supplier")):
            bills = Bill.objects.restrict(user).filter(supplier=record, void=False, amount__gt=F("paid")).order_by()
            for currency, owed in bills.values_list("currency").annotate(owed=Sum(F("amount") - F("paid"))):
                url = f"{registry['purchasing.bill'].url('list')}?supplier={record.pk}&view=open"
                found.append({"label": gettext("Open bills"), "value": short_money(owed, currency), "url": url})
        return found

    def _told(self, user: Any, name: str) -> bool:
        return policy.field_mode(user, [(self.label, name)]) in FREE


@register
class SupplierPriceEntity(Entity):
    model = SupplierPrice
    area = "purchasing"
    slug = "supplierprices"
    icon = "tag"
    columns = (
        "supplier", "product", "price", "currency", "tax_included", "min_quantity", "lead_days", "valid_from", "valid_to",
    )  # fmt: skip
    filters = (
        "supplier", "product", "code", "price", "currency", "min_quantity", "lead_days", "valid_from", "valid_to",
        "created_at",
    )  # fmt: skip
    quick = ("supplier", "product", "price", "currency", "min_quantity", "lead_days", "valid_from", "valid_to")
    sections = {
        _("Supplier price"): ("supplier", "product", "code", "price", "currency", "tax_included"),
        _("When"): ("min_quantity", "lead_days", "valid_from", "valid_to"),
    }
    inline = ("code", "price", "min_quantity", "lead_days", "valid_from", "valid_to")
    shows_on = {"purchasing.supplier": "supplier", "catalogue.product": "product"}
    synonyms = {
        "supplier": ("vendor", "供应商", "供应商名称"),
        "product": ("产品", "产品名称", "产品编码", "物料"),
        "price": ("采购价", "单价", "价格"),
        "min_quantity": ("起订量", "数量"),
        "lead_days": ("交期", "交货天数"),
    }


@register
class SupplierRatingEntity(Entity):
    model = SupplierRating
    area = "purchasing"
    slug = "supplierratings"
    icon = "star"
    nav = False
    importable = False
    columns = ("supplier", "purchase", "quality", "price", "service", "delivery", "score", "rated_on", "owner")
    filters = ("supplier", "purchase", "quality", "price", "service", "delivery", "score", "rated_on", "created_at")
    quick = ("supplier", "purchase", "quality", "price", "service", "note")
    sections = {
        _("Supplier rating"): ("supplier", "purchase", "rated_on", "owner"),
        _("How good they are"): ("quality", "price", "service", "delivery", "score", "note"),
    }
    inline = ("quality", "price", "service", "note")
    shows_on = {"purchasing.supplier": "supplier", "purchasing.purchaseorder": "purchase"}
