from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    name = "sales.partners"
    label = "partners"
    verbose_name = _("Partners")

    def ready(self) -> None:
        from crm.home.pages import nav_page
        from sales.partners.views import may_rank

        nav_page("partners", _("Partner ranking"), "partners:ranking", icon="podium", allowed=may_rank)
