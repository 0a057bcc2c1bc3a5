from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboundConfig(AppConfig):
    name = "crm.inbound"
    verbose_name = _("Data from other programs")

    def ready(self) -> None:
        from crm.inbound import privacy  # noqa: F401 - it registers itself
