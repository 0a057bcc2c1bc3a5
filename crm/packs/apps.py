from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class PacksConfig(AppConfig):
    name = "crm.packs"
    verbose_name = _("Industry packs")

    def ready(self) -> None:
        autodiscover_modules("packparts")
        from crm.packs import library  # noqa: F401 - the packs declare themselves
