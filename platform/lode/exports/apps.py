from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "lode.exports"
    verbose_name = "Exports"
