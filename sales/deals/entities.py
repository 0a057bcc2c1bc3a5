"""The declarations of competitors, deal teams and reviews."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import Entity, register, registry
from sales.deals.models import Competitor, DealCompetitor, DealMember, DealReview
from sales.models import Opportunity

SALE = "sales.opportunity"


@register
class CompetitorEntity(Entity):
    model = Competitor
    area = "sales"
    slug = "competitors"
    icon = "swords"
    columns = ("name", "price_level", "website", "strengths", "weaknesses", "owner")
    filters = ("name", "price_level", "owner", "created_at", "updated_at")
    search = {"company": ("name",)}
    subtitle = ("price_level",)
    quick = ("name", "website", "price_level")
    sections = {
        _("Competitor"): ("name", "website", "price_level", "owner"),
        _("What we know"): ("strengths", "weaknesses", "answer"),
    }
    inline = ("name", "website", "price_level")
    bulk_edit = ("price_level",)
    synonyms = {
        "name": ("competitor", "竞争对手", "竞品", "对手名称"),
        "website": ("网站", "官网"),
        "strengths": ("优势",),
        "weaknesses": ("劣势", "弱点"),
    }
    keys = ("name",)

    def figures(self, record: Competitor, user: Any) -> list[dict]:
        """In how many sales we met, and how they went, as far as the user sees these."""
        if not policy.can(user, SALE, "view") or "state" not in bind(registry[SALE], user).readable(["state"]):
            return []
        met = DealCompetitor.objects.restrict(user).filter(competitor=record, deleted_at__isnull=True)
        alive = met.filter(opportunity__deleted_at__isnull=True)
        found = alive.aggregate(
            open=Count("pk", filter=Q(opportunity__state="open")),
            won=Count("pk", filter=Q(opportunity__state="won")),
            lost=Count("pk", filter=Q(opportunity__state="lost", got_it=True)),
        )
        figures = [
            {"label": gettext("Against them now"), "value": _sales(found["open"])},
            {"label": gettext("Won against them"), "value": _sales(found["won"])},
            {"label": gettext("Lost to them"), "value": _sales(found["lost"])},
        ]
        if decided := found["won"] + found["lost"]:
            rate = f"{round(100 * found['won'] / decided)} %"
            figures.append({"label": gettext("Win rate"), "value": rate})
        return figures


def _sales(count: int) -> str:
    return ngettext("%(count)d opportunity", "%(count)d opportunities", count) % {"count": count}


@register
class DealCompetitorEntity(Entity):
    model = DealCompetitor
    area = "sales"
    slug = "dealcompetitors"
    icon = "swords"
    nav = False
    columns = ("opportunity", "competitor", "threat", "offer", "got_it")
    filters = ("opportunity", "competitor", "threat", "got_it", "opportunity__state", "created_at")
    quick = ("opportunity", "competitor", "threat", "offer", "got_it")
    sections = {_("Competitor in a sale"): ("opportunity", "competitor", "threat", "offer", "got_it")}
    inline = ("threat", "offer", "got_it")
    subtitle = ("threat",)
    shows_on = {SALE: "opportunity", "deals.competitor": "competitor"}
    synonyms = {
        "opportunity": ("deal", "商机", "商机名称"),
        "competitor": ("竞争对手", "竞品"),
        "offer": ("对手报价",),
    }


@register
class DealMemberEntity(Entity):
    model = DealMember
    area = "sales"
    slug = "dealmembers"
    icon = "users-group"
    nav = False
    columns = ("opportunity", "user", "role", "share")
    filters = ("opportunity", "user", "role", "share", "created_at")
    quick = ("opportunity", "user", "role", "share")
    sections = {_("Team member"): ("opportunity", "user", "role", "share")}
    inline = ("role", "share")
    subtitle = ("role", "share")
    shows_on = {SALE: "opportunity"}
    synonyms = {
        "opportunity": ("deal", "商机", "商机名称"),
        "user": ("member", "成员", "协作人"),
        "share": ("split", "分成", "分成比例"),
    }


@register
class DealReviewEntity(Entity):
    model = DealReview
    area = "sales"
    slug = "dealreviews"
    icon = "school"
    nav = False
    columns = ("opportunity", "factor", "went_well", "went_wrong", "lesson", "owner", "created_at")
    filters = (
        "opportunity",
        "opportunity__state",
        "opportunity__loss_reason",
        "factor",
        "owner",
        "created_at",
        "updated_at",
    )
    quick = ("opportunity", "factor", "lesson")
    sections = {
        _("Win/loss review"): ("opportunity", "factor"),
        _("What we learn"): ("went_well", "went_wrong", "lesson"),
    }
    inline = ("factor",)
    subtitle = ("opportunity__state", "opportunity__loss_reason")
    shows_on = {SALE: "opportunity"}
    synonyms = {
        "opportunity": ("deal", "商机", "商机名称"),
        "factor": ("决定因素", "关键因素"),
        "lesson": ("经验教训", "改进"),
    }

    def clean(self, form: Any) -> None:
        """Only what is closed has an outcome to learn from; opened again later, it keeps its review."""
        review = form.instance
        if not review._state.adding or not review.opportunity_id or review.opportunity.state != Opportunity.State.OPEN:
            return
        text = gettext("This opportunity is still open: review it when it is won or lost.")
        form.add_error("opportunity" if "opportunity" in getattr(form, "fields", ()) else None, ValidationError(text))
