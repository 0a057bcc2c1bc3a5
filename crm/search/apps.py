from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "crm.search"
    verbose_name = _("Search")

    def ready(self) -> None:
        from crm.entities.query import set_searcher
        from crm.search import index  # noqa: F401 - its on_write hook
        from crm.search.services import matching_ids

        set_searcher(matching_ids)
