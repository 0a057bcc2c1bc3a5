from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LevelsConfig(AppConfig):
    name = "customers.levels"
    label = "levels"
    verbose_name = _("Levels and life cycle")

    def ready(self) -> None:
        from customers.levels import fields  # noqa: F401 - registers itself
