from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivitiesConfig(AppConfig):
    name = "crm.activities"
    verbose_name = _("Activities")

    def ready(self) -> None:
        from crm.activities import handlers, starring  # noqa: F401 - what follows when a record is removed for good; stars
