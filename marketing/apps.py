from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from crm.home.pages import nav_page
        from marketing import mailed, points, purchases  # noqa: F401 - register themselves
        from marketing.events import jobs  # noqa: F401 - registers itself
        from marketing.events.rights import may_bring
        from marketing.webforms import mails  # noqa: F401 - registers itself

        nav_page("marketing", _("Bring events"), "marketing:events_file", icon="file-import", allowed=may_bring)
