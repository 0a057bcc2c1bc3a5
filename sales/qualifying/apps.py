from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QualifyingConfig(AppConfig):
    name = "sales.qualifying"
    label = "qualifying"
    verbose_name = _("Qualification")

    def ready(self) -> None:
        from sales.qualifying import fields, privacy  # noqa: F401 - they register themselves
