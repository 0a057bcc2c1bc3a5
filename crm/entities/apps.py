from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EntitiesConfig(AppConfig):
    name = "crm.entities"
    verbose_name = _("Entities")

    def ready(self) -> None:
        autodiscover_modules("kinds", "entities", "effects", "panels", "handlers")
        from crm.customfields.logic import section_finders
        from crm.customfields.values import read_links_with
        from crm.entities import checks, files, tagging  # noqa: F401
        from crm.entities.arranged import declared_section
        from crm.entities.seen import SeenLink

        read_links_with(SeenLink)
        section_finders.append(declared_section)
