"""Addresses of the web door: each module of views lists its own."""

from django.urls import URLPattern, URLResolver, path

from lode.web.preferences import preferences
from lode.web.views import (
    account,
    accounts,
    contracts,
    exports,
    flows,
    hand_in,
    home,
    keys,
    learned,
    ledger,
    prices,
    proofs,
    reconcile,
    settlements,
    signing_in,
    standing,
    statement,
    submit,
    verify,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("preferences/", preferences, name="preferences"),
    *home.urlpatterns,
    *contracts.urlpatterns,
    *signing_in.urlpatterns,
    *settlements.urlpatterns,
    *statement.urlpatterns,
    *prices.urlpatterns,
    *exports.urlpatterns,
    *reconcile.urlpatterns,
    *submit.urlpatterns,
    *hand_in.urlpatterns,
    *standing.urlpatterns,
    *ledger.urlpatterns,
    *accounts.urlpatterns,
    *learned.urlpatterns,
    *account.urlpatterns,
    *flows.urlpatterns,
    *keys.urlpatterns,
    *proofs.urlpatterns,
    *verify.urlpatterns,
]
