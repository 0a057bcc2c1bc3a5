"""The CRM: its foundation and its project. Celery's application is loaded with it, so that tasks find it."""

from crm.celery import app as celery_app

__all__ = ["celery_app"]
