"""How often one may ask: by organisation, for writes apart, and by address for whoever shows no token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from lode.api.authentication import caller_of

if TYPE_CHECKING:  # REST framework reads this module while it makes that class
    from rest_framework.views import APIView


class OrganisationThrottle(SimpleRateThrottle):
    """All requests of an organisation."""

    scope = "organisation"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:  # noqa: ARG002
        """Count by organisation, whichever token is used."""
        caller = caller_of(request)
        return self.cache_format % {"scope": self.scope, "ident": caller.pk} if caller else None


class WriteThrottle(OrganisationThrottle):
    """Writes of an organisation."""

    scope = "write"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Count writes only."""
        return None if request.method in SAFE_METHODS else super().get_cache_key(request, view)


class StrangerThrottle(SimpleRateThrottle):
    """Requests without a token, by the address that they come from."""

    scope = "stranger"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:  # noqa: ARG002
        """Count by address."""
        if caller_of(request) is not None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
