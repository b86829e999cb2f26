"""Sign in, sign out. Guessing is slowed down: after too many wrong passwords the same name waits.

Failures are counted in Django's cache for each name at each address, and for each address alone. The default cache is
one of each server process, so with several processes a guesser gets the limit from each; a shared cache (`CACHES`)
makes it one limit for all. A right password does not count, and signs in unless the name waits at that address: nobody
can lock somebody else out from elsewhere.
"""

from __future__ import annotations

import hashlib

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAME_FAILURES, ADDRESS_FAILURES = 8, 60
WAIT_SECONDS = 15 * 60


class SignInForm(AuthenticationForm):
    """The stock form, with errors that say what to do."""

    error_messages = {
        "invalid_login": gettext_lazy(
            "This name and password do not belong together. Mind capitals, and ask your organisation's administrator "
            "for a new password if you have none."
        ),
        "inactive": gettext_lazy("This account is closed: ask your organisation's administrator."),
    }


def _keys(request: HttpRequest) -> dict[str, int]:
    """Return the counters of an attempt, each with its limit; names are hashed, as a key takes no odd characters."""
    address = request.META.get("REMOTE_ADDR", "")
    name = request.POST.get("username", "").strip().lower()
    digest = hashlib.sha256(f"{address}\n{name}".encode()).hexdigest()
    return {f"sign-in:{digest}": NAME_FAILURES, f"sign-in:{address}": ADDRESS_FAILURES}


def _count_failure(request: HttpRequest) -> None:
    for key in _keys(request):
        cache.add(key, 0, WAIT_SECONDS)
        try:
            cache.incr(key)
        except ValueError:  # It ran out between the two calls.
            cache.set(key, 1, WAIT_SECONDS)


class SignIn(LoginView):
    """The sign-in page. Too many failures are answered 429 without looking at the password."""

    template_name = "web/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        """Look at the password, unless the name has to wait."""
        if any(int(cache.get(key, 0)) >= limit for key, limit in _keys(request).items()):
            sentence = _("Too many wrong passwords for this name from this address. Wait 15 minutes, then try again.")
            context = self.get_context_data(form=SignInForm(request), wait=sentence, page_errors=True)
            response = self.render_to_response(context, status=429)
            response["Retry-After"] = str(WAIT_SECONDS)
            return response
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and forget the failures of the name at this address."""
        cache.delete(next(iter(_keys(self.request))))
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count the failure and say what to do."""
        if form.data.get("username") and form.data.get("password"):
            _count_failure(self.request)
        return self.render_to_response(self.get_context_data(form=form, page_errors=True), status=422)


urlpatterns = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
]
