from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "crm.demo"
    verbose_name = _("Demo")

    def ready(self) -> None:
        autodiscover_modules("demo")
