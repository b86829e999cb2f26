"""Every address of the platform: the API under /api/, the rest is the web UI."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("lode.api.urls")),
    path("", include("lode.web.urls")),
]

handler400 = "lode.web.error_pages.bad_request"
handler403 = "lode.web.error_pages.permission_denied"
handler404 = "lode.web.error_pages.not_found"
handler500 = "lode.web.error_pages.server_error"
