from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomFieldsConfig(AppConfig):
    name = "crm.customfields"
    verbose_name = _("Custom fields")

    def ready(self) -> None:
        from celery.signals import task_prerun

        from crm.access.snapshot import registry_watchers
        from crm.customfields import definitions, logic_guard, sorting, tagging, values  # noqa: F401 - guards register themselves
        from crm.customfields.formulas import checks, kinds, recalculating, settling, spreading  # noqa: F401 - so do these

        values.install()
        registry_watchers.append(definitions.seen)
        task_prerun.connect(definitions.look_again, weak=False)
