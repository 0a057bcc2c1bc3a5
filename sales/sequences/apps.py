from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SequencesConfig(AppConfig):
    name = "sales.sequences"
    label = "sequences"
    verbose_name = _("Sequences")

    def ready(self) -> None:
        from sales.sequences import privacy  # noqa: F401 - it registers itself
