"""Theme and language by a plain form: `POST /preferences/` with `theme` or `language`, and `next`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from lode.web.context import HTML_LANGUAGES, THEME_COOKIE, THEMES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ONE_YEAR_SECONDS = 365 * 24 * 3600


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme and language in cookies and go back. Unknown values change nothing."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    theme, language = request.POST.get("theme"), request.POST.get("language")
    chosen = {THEME_COOKIE: theme if theme in THEMES else None}
    chosen[settings.LANGUAGE_COOKIE_NAME] = language if language in HTML_LANGUAGES else None
    for name, value in chosen.items():
        if value:
            # The script reads and writes the theme too, so these two are not HttpOnly; they hold no secret.
            response.set_cookie(
                name, value, max_age=ONE_YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=False
            )
    return response
