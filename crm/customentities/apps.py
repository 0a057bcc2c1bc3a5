from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomEntitiesConfig(AppConfig):
    name = "crm.customentities"
    verbose_name = _("Entities of your own")

    def ready(self) -> None:
        from celery.signals import task_prerun

        from crm.access.snapshot import registry_watchers
        from crm.customentities import registering

        registry_watchers.append(registering.seen)
        task_prerun.connect(registering.look_again, weak=False)
