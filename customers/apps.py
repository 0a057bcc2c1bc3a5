from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from crm.home.pages import nav_page
        from customers import fields, hints, sources  # noqa: F401 - register themselves
        from customers.care.cleansing import cleaners_for

        nav_page(
            "customers", _("Data care"), "customers:cleansing", icon="wand", allowed=lambda u: bool(cleaners_for(u))
        )
