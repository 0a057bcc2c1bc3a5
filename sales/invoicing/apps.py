from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    name = "sales.invoicing"
    label = "invoicing"
    verbose_name = _("Invoicing")

    def ready(self) -> None:
        from crm.home.pages import nav_page
        from sales.invoicing.views import may

        nav_page("sales", _("Issue from a file"), "invoicing:issue_file", icon="file-import", allowed=may)
