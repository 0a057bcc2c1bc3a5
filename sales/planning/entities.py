"""Targets and adjustments of forecasts, as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from sales.planning.models import ForecastAdjustment, Target


@register
class TargetEntity(Entity):
    model = Target
    area = "sales"
    icon = "target"
    columns = ("month", "metric", "unit", "owner", "amount", "note", "updated_at")
    filters = ("metric", "month", "unit", "owner", "department", "amount", "created_at", "updated_at")
    sortable = {"month": "month", "created_at": "created_at"}
    subtitle = ("month", "amount")
    pills = ("metric",)
    quick = ("metric", "month", "unit", "owner", "amount")
    sections = {_("Target"): ("metric", "month", "unit", "owner", "amount", "note")}
    inline = ("amount", "note")
    views = (
        View("year", _("This year"), {"all": [{"field": "month", "op": "this_year"}]}, "month"),
        View("month", _("This month"), {"all": [{"field": "month", "op": "this_month"}]}),
    )
    synonyms = {
        "metric": ("kpi", "指标", "目标类型"),
        "month": ("period", "月份", "年月"),
        "unit": ("department", "team", "部门", "分公司"),
        "owner": ("person", "sales rep", "人员", "销售"),
        "amount": ("target", "quota", "目标", "目标值"),
    }


@register
class ForecastAdjustmentEntity(Entity):
    model = ForecastAdjustment
    area = "sales"
    slug = "forecast-adjustments"
    icon = "adjustments"
    nav = False
    columns = ("starts_on", "span", "unit", "owner", "amount", "note", "updated_by", "updated_at")
    filters = ("starts_on", "span", "unit", "owner", "department", "amount", "updated_at")
    sortable = {"created_at": "created_at"}
    subtitle = ("starts_on", "amount")
    quick = ("span", "starts_on", "unit", "owner", "amount", "note")
    sections = {_("Adjustment"): ("span", "starts_on", "unit", "owner", "amount", "note")}
    inline = ("amount", "note")
