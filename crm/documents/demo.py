"""Folders and documents of the demo company: what sellers hand out, what the department works with, one link that is out."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.base import ContentFile
from django.template.loader import render_to_string

from crm.demo.steps import World, demo_step
from crm.documents.keeping import add_version, create_document
from crm.documents.library import Folder
from crm.documents.models import Letterhead
from crm.documents.printing import print_html
from crm.documents.sharing import make_share, note_view
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User

# Folder, who sees it, what lies in it: title, text.
SHELVES = (
    (
        "产品资料",
        "all",
        (
            ("立式多级离心泵 产品手册", "流量 2–120 m³/h，扬程至 280 m；过流部件 304/316L 不锈钢。|电机能效 IE4，防护等级 IP55。|标准交货期 30 天，质保 24 个月。"),
            ("变频恒压供水 方案介绍", "一拖四变频控制，夜间小流量休眠，较工频运行节电 25%–40%。|触摸屏显示压力、流量与累计电量，可接入物联网平台。"),
        ),
    ),
    (
        "投标与资质",
        "all",
        (
            ("质量管理体系说明", "本公司按 GB/T 19001 建立质量管理体系，证书每年监督审核。|出厂前逐台进行水压与性能试验，试验记录随货。"),
            ("典型业绩一览", "城市二次供水改造、化工循环水、数据中心冷却等项目。|每个项目均可安排现场参观。"),
        ),
    ),
    ("部门工作模板", "department", (("客户拜访提纲", "一、现有设备与能耗；二、停机损失；三、决策流程与预算；四、下一步与时间。"),)),
)  # fmt: skip


@demo_step(96, "letterhead")
def make_letterhead(world: World) -> None:
    """Who the demo company is, on its quotes, contracts and delivery notes."""
    if Letterhead.objects.exists():
        return
    Letterhead.objects.create(
        name="远澜流体设备（苏州）有限公司", english_name="Yuanlan Fluid Equipment (Suzhou) Co., Ltd.",
        address="江苏省苏州市工业园区星湖街 218 号", phone="0512-8800 0000", email="sales@demo.invalid", website="demo.invalid",
        tax_id="91320594MA1DEMO00X", bank="招商银行苏州工业园区支行", bank_account="5129 0000 1234 888",
    )  # fmt: skip


@demo_step(130, "documents and a shared link")
def fill_shelves(world: World) -> None:
    """By the manager; one document has a second version and a link that was opened."""
    keeper = User.objects.filter(username="manager").first() or User.objects.filter(is_active=True).first()
    if keeper is None or Folder.objects.exists():
        return
    actor, made = Actor(keeper, "demo"), []
    for name, seen_by, contents in SHELVES:
        folder = Folder(owner=keeper, name=name, seen_by=seen_by)
        records.save(folder, actor=actor)
        made += [create_document(_paper(*content), actor=actor, folder=folder) for content in contents]
    first, text = made[0], SHELVES[0][2][0][1]
    add_version(
        first, _paper(first.title, text + "|2026 版：新增 316L 双相钢选项。"), actor=actor, note="新增双相钢选项"
    )
    share, _link = make_share(
        first, actor=actor, label="宁波远山机械 王工", expires_at=world.now + timedelta(days=30), most_views=50
    )
    for agent in ("Mozilla/5.0 MicroMessenger/8.0", "Mozilla/5.0 Chrome/126 Safari/537.36"):
        note_view(share, agent)


def _paper(title: str, text: str) -> ContentFile:
    page = render_to_string("documents/demo_paper.html", {"title": title, "lines": text.split("|")})
    return ContentFile(print_html(page), name=f"{title}.pdf")
