from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "lode.parties"
    verbose_name = "Parties"
