from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "lode.web"
    verbose_name = "Web"
