from django.urls import path

from analytics import money_views, rfm_views, views, winloss_views

app_name = "analytics"
urlpatterns = [
    path("analytics/sales/", views.sales_dashboard, name="sales"),
    path("analytics/sales/people/", views.people, name="people"),
    path("analytics/money/", money_views.money_dashboard, name="money"),
    path("analytics/money/approvals/", money_views.approvals, name="approvals"),
    path("analytics/wins/", winloss_views.winloss, name="winloss"),
    path("analytics/wins/rows/", winloss_views.winloss_rows, name="winloss_rows"),
    path("analytics/rfm/", rfm_views.matrix, name="rfm"),
    path("analytics/rfm/setup/", rfm_views.setup, name="rfm_setup"),
    path("analytics/rfm/score/", rfm_views.score_now, name="rfm_score"),
]
