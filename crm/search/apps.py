from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "crm.search"
    verbose_name = _("Search")

    def ready(self) -> None:
        from crm.entities.query import set_searcher
        from crm.search import privacy  # noqa: F401  it registers itself
        from crm.search.index import rebuild_after_migration  # its module brings the on_write hook
        from crm.search.services import matching_ids

        set_searcher(matching_ids)
        post_migrate.connect(rebuild_after_migration, sender=self)
