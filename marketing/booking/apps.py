from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    name = "marketing.booking"
    label = "booking"
    verbose_name = _("Booking pages")

    def ready(self) -> None:
        from marketing.booking import inviting, linking  # noqa: F401 - register themselves
