from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from marketing import purchases  # noqa: F401 - registers itself
        from marketing.webforms import mails  # noqa: F401 - registers itself
