from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "lode.reconciliation"
    verbose_name = "Reconciliation"
