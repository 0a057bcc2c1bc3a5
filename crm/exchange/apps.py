from django.apps import AppConfig
from django.urls import path
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "crm.exchange"
    verbose_name = _("Import and export")

    def ready(self) -> None:
        from crm.entities import urls
        from crm.exchange.export_view import ExportView

        # The lists' own address "…/export/", brought by the room that can write files.
        urls.urlpatterns.append(path(f"{urls.HOME}export/", ExportView.as_view(), name="export"))
