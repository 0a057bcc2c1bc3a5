"""The catalogue of the demo company: products of several kinds, bundles, three price books and who may give what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from crm.access.models import Role
from crm.demo.steps import World, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.models import BundleItem, DiscountPolicy, Price, PriceBook, Product, ProductCategory, Unit

# category, above
CATEGORIES = (
    ("水泵设备", ""), ("离心泵", "水泵设备"), ("潜水泵", "水泵设备"), ("控制系统", ""), ("软件与平台", ""),
    ("工程服务", ""), ("维保服务", ""), ("备件耗材", ""),
)  # fmt: skip
UNITS = (("台", True), ("套", True), ("件", True), ("米", False), ("人天", False), ("年", False), ("项", True))
G, S, Y, B = "goods", "service", "subscription", "bundle"
# code, name, category, kind, unit, specification, list price, floor %, cost %, tax rate, months
PRODUCTS = (
    ("LX-3280", "立式多级离心泵 32-80", "离心泵", G, "台", "Q=32 m³/h，H=122 m，22 kW", 12800, 82, 64, 13, 24),
    ("LX-3240", "立式多级离心泵 32-40", "离心泵", G, "台", "Q=32 m³/h，H=61 m，11 kW", 8600, 82, 64, 13, 24),
    ("LX-1650", "立式多级离心泵 16-50", "离心泵", G, "台", "Q=16 m³/h，H=48 m，4 kW", 5200, 82, 65, 13, 24),
    ("WX-80160", "卧式离心泵 80-160", "离心泵", G, "台", "Q=50 m³/h，H=32 m，7.5 kW", 4650, 82, 66, 13, 24),
    ("WX-100200", "卧式离心泵 100-200", "离心泵", G, "台", "Q=100 m³/h，H=50 m，22 kW", 9350, 82, 66, 13, 24),
    ("WX-150315", "卧式离心泵 150-315", "离心泵", G, "台", "Q=200 m³/h，H=32 m，30 kW", 15600, 82, 66, 13, 24),
    ("ZX-65", "自吸离心泵 65", "离心泵", G, "台", "Q=25 m³/h，H=32 m，5.5 kW", 3980, 83, 67, 13, 12),
    ("QW-5015", "潜水排污泵 50-15", "潜水泵", G, "台", "Q=15 m³/h，H=15 m，1.5 kW", 1680, 84, 68, 13, 12),
    ("QW-8030", "潜水排污泵 80-30", "潜水泵", G, "台", "Q=43 m³/h，H=30 m，7.5 kW", 4280, 84, 68, 13, 12),
    ("QW-150", "潜水排污泵 150", "潜水泵", G, "台", "Q=180 m³/h，H=20 m，18.5 kW", 11200, 84, 68, 13, 12),
    ("QJ-200", "深井潜水泵 200QJ", "潜水泵", G, "台", "Q=50 m³/h，H=104 m，25 kW", 7450, 84, 67, 13, 12),
    ("ZL-500", "潜水轴流泵 500", "潜水泵", G, "台", "Q=2000 m³/h，H=5 m，45 kW", 68000, 86, 70, 13, 12),
    ("KZ-1T1", "变频控制柜 一拖一", "控制系统", G, "套", "22 kW，含触摸屏", 12600, 80, 58, 13, 24),
    ("KZ-1T2", "变频控制柜 一拖二", "控制系统", G, "套", "2×22 kW，含触摸屏", 18900, 80, 58, 13, 24),
    ("KZ-1T4", "变频控制柜 一拖四", "控制系统", G, "套", "4×22 kW，含触摸屏", 36500, 80, 58, 13, 24),
    ("PLC-20", "PLC 控制站", "控制系统", G, "套", "20 点，含远程模块", 8800, 80, 55, 13, 24),
    ("YL-16", "压力变送器 1.6 MPa", "控制系统", G, "件", "4–20 mA", 460, 75, 48, 13, 12),
    ("LL-100", "电磁流量计 DN100", "控制系统", G, "台", "精度 0.5 级", 5600, 80, 60, 13, 24),
    ("YW-10", "超声波液位计", "控制系统", G, "台", "量程 10 m", 2980, 78, 52, 13, 24),
    ("SJ-01", "数据采集网关", "控制系统", G, "台", "4G，8 路", 3200, 78, 50, 13, 24),
    ("YPT-B", "智慧泵站云平台 基础版", "软件与平台", Y, "年", "10 个站点以内", 12000, 70, 15, 6, 12),
    ("YPT-P", "智慧泵站云平台 专业版", "软件与平台", Y, "年", "50 个站点以内", 36000, 70, 15, 6, 12),
    ("YPT-E", "智慧泵站云平台 企业版", "软件与平台", Y, "年", "站点不限，私有部署", 128000, 75, 20, 6, 12),
    ("NH-01", "能耗分析模块", "软件与平台", Y, "年", "", 9800, 70, 10, 6, 12),
    ("APP-01", "移动巡检", "软件与平台", Y, "年", "每 10 个账号", 3600, 70, 10, 6, 12),
    ("JK-01", "数据接口开发", "软件与平台", S, "项", "对接一个第三方系统", 18000, 80, 50, 6, None),
    ("AZ-01", "安装与调试", "工程服务", S, "人天", "", 1800, 85, 55, 6, None),
    ("SJ-02", "泵房改造设计", "工程服务", S, "项", "含现场勘测与图纸", 26000, 80, 50, 6, None),
    ("GC-01", "管道改造", "工程服务", S, "米", "DN100 以内，含材料", 320, 85, 68, 9, None),
    ("CC-01", "旧设备拆除", "工程服务", S, "项", "", 4800, 80, 60, 9, None),
    ("PX-01", "操作培训", "工程服务", S, "人天", "现场", 2400, 80, 40, 6, None),
    ("WB-01", "年度维保 标准", "维保服务", Y, "年", "每年两次巡检", 6800, 80, 45, 6, 12),
    ("WB-02", "年度维保 全包", "维保服务", Y, "年", "每季巡检，含备件", 19800, 82, 58, 6, 12),
    ("YB-24", "延长保修 24 个月", "维保服务", S, "项", "", 9600, 80, 35, 6, 24),
    ("JX-01", "应急抢修", "维保服务", S, "项", "4 小时到场", 3200, 85, 60, 6, None),
    ("MF-01", "机械密封", "备件耗材", G, "件", "碳化硅，LX 系列", 380, 75, 42, 13, 6),
    ("ZC-01", "轴承组件", "备件耗材", G, "套", "SKF", 520, 78, 50, 13, 6),
    ("YL-01", "叶轮 304", "备件耗材", G, "件", "不锈钢", 860, 78, 50, 13, 6),
    ("LX-01", "滤芯", "备件耗材", G, "件", "", 95, 70, 40, 13, None),
    ("TC-01", "二次供水改造套装", "水泵设备", B, "套", "两泵一柜，含安装", 58000, 88, 66, 13, 24),
    ("TC-02", "智慧泵站启动包", "软件与平台", B, "套", "", None, None, None, 6, 12),
)  # fmt: skip
BUNDLES = {
    "TC-01": (("LX-3280", 2), ("KZ-1T2", 1), ("YL-16", 2), ("AZ-01", 6)),
    "TC-02": (("YPT-B", 1), ("SJ-01", 2), ("AZ-01", 2), ("PX-01", 1)),
}


@demo_step(20, "products")
def make_catalogue(world: World) -> None:
    """Everything that the company sells, and for how much to whom."""
    owner = world.sellers[0]
    actor = Actor(owner, "demo")
    categories: dict[str, ProductCategory] = {}
    for place, (name, above) in enumerate(CATEGORIES, 1):
        made, _new = ProductCategory.objects.get_or_create(
            name=name, parent=categories.get(above), defaults={"position": place * 10}
        )
        categories[name] = made
    units = {name: Unit.objects.get_or_create(name=name, defaults={"whole": whole})[0] for name, whole in UNITS}
    products = {row[0]: _product(row, categories, units, owner) for row in PRODUCTS}
    records.save_many(list(products.values()), actor=actor)
    parts = [
        BundleItem(bundle=products[code], product=products[part], quantity=Decimal(count), owner=owner)
        for code, own in BUNDLES.items()
        for part, count in own
    ]
    records.save_many(parts, actor=actor)
    _books(products, owner, actor)
    _policies(categories)
    world.left["products"] = list(products.values())


def _product(row: tuple, categories: dict, units: dict, owner: object) -> Product:
    code, name, category, kind, unit, spec, price, floor, cost, rate, months = row
    return Product(
        code=code, name=name, category=categories[category], kind=kind, unit=units[unit], spec=spec, owner=owner,
        list_price=price and Decimal(price), tax_rate=Decimal(rate), months=months,
        floor_price=price and Decimal(price) * floor / 100, cost=price and Decimal(price) * cost / 100,
    )  # fmt: skip


def _books(products: dict[str, Product], owner: object, actor: Actor) -> None:
    """The standard prices with bands, those for VIP customers less eight percent, and an export book in dollars."""
    year = date.today().year  # noqa: DTZ011 - a demo begins with the year it is made in
    standard = PriceBook(name="标准价格表", owner=owner, priority=10)
    records.save(standard, actor=actor)
    vip = PriceBook(name="VIP 客户价格表", parent=standard, discount=Decimal(8), level="vip", priority=20, owner=owner)
    dollars = PriceBook(
        name="出口价格表（美元）", currency="USD", tax_included=False, priority=5, owner=owner, level="c",
        valid_from=date(year, 1, 1), valid_to=date(year + 1, 12, 31),
    )  # fmt: skip
    records.save_many([vip, dollars], actor=actor)
    rows = []
    for code in ("LX-3280", "LX-3240", "LX-1650", "WX-80160", "WX-100200", "QW-8030", "QW-5015"):
        product = products[code]
        for count, percent in ((1, 100), (5, 96), (20, 91)):
            price = product.list_price * percent / 100
            rows.append(Price(book=standard, product=product, price=price, min_quantity=Decimal(count), owner=owner))
        usd = (product.list_price / Decimal("7.8")).quantize(Decimal(1))
        rows.append(Price(book=dollars, product=product, price=usd, owner=owner))
    records.save_many(rows, actor=actor)


def _policies(categories: dict[str, ProductCategory]) -> None:
    """Everybody up to five percent, managers up to fifteen, on software more."""
    DiscountPolicy.objects.create(max_discount=Decimal(5))
    DiscountPolicy.objects.create(category=categories["软件与平台"], max_discount=Decimal(10))
    for role in Role.objects.filter(code__in=("manager", "sales_manager", "lead")):
        DiscountPolicy.objects.create(role=role, max_discount=Decimal(15), min_margin=Decimal(10))
        DiscountPolicy.objects.create(role=role, category=categories["软件与平台"], max_discount=Decimal(25))
