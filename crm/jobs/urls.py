from django.urls import path

from crm.jobs import views

app_name = "jobs"

urlpatterns = [
    path("jobs/", views.job_list, name="list"),
    path("jobs/<int:pk>/", views.job_page, name="job"),
    path("jobs/<int:pk>/progress/", views.job_progress, name="progress"),
    path("jobs/<int:pk>/cancel/", views.job_cancel, name="cancel"),
    path("jobs/<int:pk>/resume/", views.job_resume, name="resume"),
    path("jobs/<int:pk>/files/<int:file_pk>/", views.job_file, name="file"),
]
