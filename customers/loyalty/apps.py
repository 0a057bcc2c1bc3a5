from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "customers.loyalty"
    label = "loyalty"
    verbose_name = _("Points and membership")

    def ready(self) -> None:
        from customers.loyalty import fields  # noqa: F401 - registers itself
