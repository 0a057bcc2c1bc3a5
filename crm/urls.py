from django.contrib import admin
from django.urls import include, path

from crm import health

handler500 = "crm.faults.broken"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("crm.users.urls")),
    path("", include("crm.files.urls")),
    path("", include("crm.jobs.urls")),
    path("", include("crm.ownership.urls")),
    path("", include("crm.matching.urls")),
    path("", include("crm.matching.steward_urls")),
    path("", include("crm.exchange.urls")),
    path("", include("crm.search.urls")),
    path("", include("crm.activities.urls")),
    path("", include("crm.documents.urls")),
    path("", include("crm.workflows.urls")),
    path("", include("crm.approvals.urls")),
    path("", include("crm.messaging.urls")),
    path("", include("crm.privacy.urls")),
    path("", include("crm.inbound.urls")),
    path("", include("crm.api.urls")),
    path("", include("crm.notifications.urls")),
    path("", include("crm.home.urls")),
    path("", include("customers.urls")),
    path("", include("customers.loyalty.urls")),
    path("portal/partner/", include("sales.partners.portal.urls")),
    path("", include("sales.partners.urls")),
    path("", include("sales.catalogue.urls")),
    path("", include("sales.quotes.urls")),
    path("", include("sales.orders.urls")),
    path("", include("sales.receivables.urls")),
    path("", include("sales.invoicing.urls")),
    path("", include("sales.sequences.urls")),
    path("", include("sales.qualifying.urls")),
    path("", include("sales.planning.urls")),
    path("", include("marketing.urls")),
    path("", include("marketing.segments.urls")),
    path("", include("marketing.booking.urls")),
    path("", include("analytics.urls")),
    path("", include("crm.entities.urls")),
]
