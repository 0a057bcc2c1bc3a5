from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboundConfig(AppConfig):
    name = "crm.inbound"
    verbose_name = _("Data from other programs")
