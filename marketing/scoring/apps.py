from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoringConfig(AppConfig):
    name = "marketing.scoring"
    label = "scoring"
    verbose_name = _("Scores")

    def ready(self) -> None:
        from marketing.scoring import fields  # noqa: F401 - registers itself
