from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from analytics import fields, money, rfm_views  # noqa: F401 - registers itself
        from analytics.sales import may
        from crm.home.pages import nav_page

        nav_page("analytics", _("Sales dashboard"), "analytics:sales", icon="chart-bar", allowed=may)
        nav_page("analytics", _("Wins and losses"), "analytics:winloss", icon="swords", allowed=may)
        nav_page("analytics", _("Contracts and money"), "analytics:money", icon="coins", allowed=money.may)
        nav_page("analytics", _("Customer value"), "analytics:rfm", icon="chart-dots", allowed=rfm_views.may)
