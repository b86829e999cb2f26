"""Addresses of the web door: each module of views lists its own."""

from django.urls import URLPattern, URLResolver, path

from lode.web.preferences import preferences
from lode.web.views import exports, home, reconcile, settlements, signing_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("preferences/", preferences, name="preferences"),
    *home.urlpatterns,
    *signing_in.urlpatterns,
    *settlements.urlpatterns,
    *exports.urlpatterns,
    *reconcile.urlpatterns,
]
