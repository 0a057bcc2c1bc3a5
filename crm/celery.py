"""The Celery application. The database is the truth; Redis only wakes the workers."""

import logging.config
import os

import structlog
from celery import Celery, Task
from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def configure_logging(**kwargs: object) -> None:
    """Celery's lines go through Django's LOGGING, too."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def bind_task(task_id: str, task: Task, **kwargs: object) -> None:
    """Every line of a task carries its id and name."""
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@task_postrun.connect
def unbind_task(**kwargs: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")
