from django.apps import AppConfig


class MarketConfig(AppConfig):
    name = "lode.market"
    verbose_name = "Market"
