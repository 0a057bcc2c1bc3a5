"""Products, price books and what opportunities are about, as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from sales.catalogue.models import BundleItem, OpportunityLine, Price, PriceBook, Product

LINE = ("product", "name", "quantity", "unit", "unit_price", "discount_percent", "tax_rate")


@register
class ProductEntity(Entity):
    model = Product
    area = "sales"
    icon = "package"
    columns = ("name", "code", "category", "kind", "spec", "unit", "list_price", "tax_rate", "active")
    filters = (
        "name", "code", "category", "kind", "brand", "spec", "list_price", "floor_price", "cost", "currency",
        "tax_rate", "months", "active", "owner", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "name": "name_key"}
    search = {"text": ("name", "spec", "brand"), "code": ("code",)}
    subtitle = ("code", "category", "list_price")
    pills = ("kind",)
    quick = ("name", "code", "category", "kind", "unit", "list_price", "tax_rate")
    sections = {
        _("Product"): ("name", "code", "category", "kind", "spec", "brand", "unit", "active"),
        _("Prices"): ("list_price", "floor_price", "cost", "currency", "tax_rate", "tax_included", "months"),
        _("More"): ("description", "owner"),
    }
    bulk_edit = ("category", "unit", "tax_rate", "active")
    inline = ("name", "code", "category", "list_price", "floor_price", "cost", "tax_rate", "active")
    views = (View("active", _("For sale"), {"all": [{"field": "active", "op": "is", "value": True}]}, "name"),)
    keys = ("code", "name")
    synonyms = {
        "name": ("product", "product name", "产品", "产品名称", "商品名称", "品名"),
        "code": ("sku", "product code", "产品编码", "编码", "商品编码", "货号"),
        "category": ("product category", "series", "分类", "产品分类", "类别"),
        "list_price": ("price", "sales_price", "unit price", "价格", "标准价", "售价", "单价", "目录价"),
        "floor_price": ("minimum price", "最低价", "底价"),
        "cost": ("成本", "成本价"),
        "unit": ("单位", "计量单位"),
        "spec": ("规格", "型号", "规格型号"),
        "brand": ("品牌",),
        "tax_rate": ("税率",),
        "description": ("描述", "说明", "备注"),
    }


@register
class BundleItemEntity(Entity):
    model = BundleItem
    area = "sales"
    icon = "packages"
    nav = False
    columns = ("bundle", "product", "quantity")
    filters = ("bundle", "product", "quantity")
    quick = ("bundle", "product", "quantity")
    sections = {_("Part of a bundle"): ("bundle", "product", "quantity")}
    inline = ("quantity",)
    shows_on = {"catalogue.product": "bundle"}


@register
class PriceBookEntity(Entity):
    model = PriceBook
    area = "sales"
    slug = "pricebooks"
    icon = "tags"
    columns = ("name", "parent", "discount", "level", "currency", "valid_from", "valid_to", "priority", "active")
    filters = ("name", "parent", "level", "currency", "valid_from", "valid_to", "active", "created_at")
    search = {"text": ("name",)}
    subtitle = ("level", "currency")
    quick = ("name", "parent", "discount", "level", "currency", "valid_from", "valid_to")
    sections = {
        _("Price book"): ("name", "parent", "discount", "currency", "tax_included", "active"),
        _("For whom and when"): ("level", "valid_from", "valid_to", "priority"),
        _("More"): ("description", "owner"),
    }
    inline = ("name", "discount", "level", "valid_from", "valid_to", "priority", "active")
    keys = ("name",)


@register
class PriceEntity(Entity):
    model = Price
    area = "sales"
    icon = "tag"
    nav = False
    columns = ("book", "product", "price", "min_quantity", "valid_from", "valid_to")
    filters = ("book", "product", "price", "min_quantity", "valid_from", "valid_to")
    quick = ("book", "product", "price", "min_quantity", "valid_from", "valid_to")
    sections = {_("Price"): ("book", "product", "price", "min_quantity", "valid_from", "valid_to")}
    inline = ("price", "min_quantity", "valid_from", "valid_to")
    shows_on = {"catalogue.pricebook": "book", "catalogue.product": "product"}
    synonyms = {
        "book": ("price book", "价格表", "价目表"),
        "product": ("产品", "产品名称", "产品编码"),
        "price": ("价格", "单价"),
        "min_quantity": ("起订量", "数量", "最小数量"),
    }


@register
class OpportunityLineEntity(Entity):
    model = OpportunityLine
    area = "sales"
    slug = "opportunitylines"
    icon = "list-details"
    nav = False
    columns = ("document", *LINE, "amount")
    filters = ("document", "product", "name", "quantity", "unit_price", "amount")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Wanted product"): ("document", *LINE, "note")}
    inline = ("quantity", "unit_price", "discount_percent")
    sums = ("amount",)
    shows_on = {"sales.opportunity": "document", "catalogue.product": "product"}
