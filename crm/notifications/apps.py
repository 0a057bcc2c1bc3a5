from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "crm.notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from crm.notifications import effects, handlers, sending, tasks  # noqa: F401 - they register themselves

        autodiscover_modules("notices")
        from crm.notifications.services import notify
        from crm.records.telling import set_teller

        set_teller(notify)
