from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "crm.approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from crm.approvals import gating, guard  # noqa: F401 - they register themselves
