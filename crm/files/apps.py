from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FilesConfig(AppConfig):
    name = "crm.files"
    verbose_name = _("Files")

    def ready(self) -> None:
        from crm.files import tasks  # noqa: F401  so that a web process can call them by name
