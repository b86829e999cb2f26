"""The composition root. Importing it makes Celery's application the current one, so that `shared_task` finds it."""

from lode.config.celery import app as celery_app

__all__ = ["celery_app"]
