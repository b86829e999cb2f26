from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "lode.settlement"
    verbose_name = "Settlement"
