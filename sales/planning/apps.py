from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlanningConfig(AppConfig):
    name = "sales.planning"
    label = "planning"
    verbose_name = _("Targets and forecast")

    def ready(self) -> None:
        from crm.home.pages import nav_page
        from sales.planning import cash, forecast, widgets  # noqa: F401 - the widget registers itself
        from sales.planning.models import TARGET
        from sales.planning.subjects import sees

        nav_page(
            "sales", _("Attainment"), "planning:attainment", icon="target", allowed=lambda user: sees(user, TARGET)
        )
        nav_page("sales", _("Forecast"), "planning:forecast", icon="chart-bar", allowed=forecast.may)
        nav_page("sales", _("Cash outlook"), "planning:cash", icon="coins", allowed=cash.may)
