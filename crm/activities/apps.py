from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivitiesConfig(AppConfig):
    name = "crm.activities"
    verbose_name = _("Activities")

    def ready(self) -> None:
        from crm.activities import carrying, handlers, starring  # noqa: F401 - what follows when owners change; removal; stars
