from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "lode.jobs"
    verbose_name = "Jobs"
