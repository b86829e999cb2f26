"""Every address of the platform: the API under /api/, the rest is the web UI."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("lode.api.urls")),
    path("", include("lode.web.urls")),
]
