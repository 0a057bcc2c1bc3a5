"""The program's routes and the floor page: only ``manage.py bench`` serves these."""

from django.urls import path

from crm import urls
from crm.demo.bench import floor

urlpatterns = [path("bench/floor/", floor), *urls.urlpatterns]
