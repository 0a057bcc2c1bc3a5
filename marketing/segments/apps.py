from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "marketing.segments"
    label = "segments"
    verbose_name = _("Segments")

    def ready(self) -> None:
        from marketing.segments import fields  # noqa: F401 - registers itself
