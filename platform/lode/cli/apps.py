from django.apps import AppConfig


class CliConfig(AppConfig):
    name = "lode.cli"
    verbose_name = "Command line"
