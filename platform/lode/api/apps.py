from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "lode.api"
    verbose_name = "API"
