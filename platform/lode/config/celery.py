"""The Celery application: jobs are nudges, rows are the truth."""

from __future__ import annotations

import os

from celery import Celery

from lode.jobs.beat import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode.config.settings")

app = Celery("lode")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks(["lode.jobs"])
app.autodiscover_tasks(["lode.jobs"], related_name="ping")
