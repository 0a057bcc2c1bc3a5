"""Competitors, deal teams and reviews of the demo company."""

from __future__ import annotations

from decimal import Decimal
from itertools import cycle

from crm.demo.steps import World, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.deals.models import Competitor, DealCompetitor, DealMember, DealReview
from sales.models import Opportunity

COMPETITORS = (
    ("华峰自动化", "lower", "价格低, 交货快", "售后网点少, 定制能力弱", "强调全生命周期成本与本地服务响应"),
    ("博达机电", "alike", "老客户多, 关系深", "产品更新慢", "安排技术交流, 展示新一代控制系统"),
    ("Nordwind Systems", "higher", "品牌强, 性能稳定", "价格高, 交期长", "提供试用机与分期付款"),
)
REVIEWS = {
    "won": ("relation", "客户高层多次参与, 方案贴合现场", "报价审批用了一周", "大项目提前走报价审批"),
    "lost": ("price", "技术评分第一", "价格高出约一成, 没有早了解预算", "在方案阶段就核实预算与对手报价"),
}


@demo_step(45, "deal teams, competitors and reviews")
def make_deals(world: World) -> None:
    """Every third large open sale has a competitor and a team; some of the closed ones are reviewed."""
    if Competitor.objects.exists():
        return
    boss = User.objects.filter(username="manager").first()
    found = [_competitor(boss, *row) for row in COMPETITORS]
    for number, sale in enumerate(_sales("open")[:24]):
        actor = Actor(sale.owner, "demo")
        named = DealCompetitor(
            opportunity=sale, competitor=found[number % len(found)], threat=("medium", "high", "low")[number % 3]
        )
        records.save(named, actor=actor)
        others = [user for user in world.sellers if user != sale.owner]
        if number % 2 == 0 and others:
            member = DealMember(opportunity=sale, user=others[number % len(others)], role="presales", share=Decimal(20))
            records.save(member, actor=actor)
    turns = cycle(found)
    for state in ("won", "lost"):
        for sale in _sales(state)[:6]:
            _review(sale, state, next(turns))


def _competitor(owner: User | None, name: str, price: str, strong: str, weak: str, answer: str) -> Competitor:
    values = {"price_level": price, "strengths": strong, "weaknesses": weak, "answer": answer}
    competitor = Competitor(name=name, owner=owner, **values)
    records.save(competitor, actor=Actor(owner, "demo"))
    return competitor


def _sales(state: str) -> list[Opportunity]:
    rows = Opportunity.objects.alive().filter(state=state, owner__isnull=False, amount__isnull=False)
    return list(rows.select_related("owner").order_by("-amount", "pk")[:40])


def _review(sale: Opportunity, state: str, competitor: Competitor) -> None:
    actor = Actor(sale.owner, "demo")
    named = DealCompetitor(opportunity=sale, competitor=competitor, got_it=state == "lost")
    records.save(named, actor=actor)
    factor, well, wrong, lesson = REVIEWS[state]
    review = DealReview(opportunity=sale, factor=factor, went_well=well, went_wrong=wrong, lesson=lesson)
    records.save(review, actor=actor)
