from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class HomeConfig(AppConfig):
    name = "crm.home"
    verbose_name = _("Home")

    def ready(self) -> None:
        from crm.activities.volume import may_look
        from crm.home.my_day import has_tasks
        from crm.home.pages import nav_page
        from crm.matching.pairs import is_steward

        nav_page("activities", _("Calendar"), "activities:calendar", icon="calendar", allowed=has_tasks)
        nav_page("analytics", _("Calls and visits"), "activities:volume", icon="report-analytics", allowed=may_look)
        nav_page("activities", _("Mail"), "messaging:mail", icon="mail", allowed=lambda user: True)
        nav_page(
            "activities",
            _("Approvals"),
            "approvals:inbox",
            icon="rubber-stamp",
            allowed=lambda user: True,
            count="approvals:count",
        )
        nav_page("customers", _("Duplicates"), "duplicates:pairs", icon="copy", allowed=is_steward)
        from crm.home import my_day, recycling, starred, volume, waiting  # noqa: F401 - their widgets

        autodiscover_modules("widgets")
