"""A token is needed everywhere; the auditor's reads and does nothing else. What is seen, the selectors decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from lode.api.authentication import caller_of

if TYPE_CHECKING:  # REST framework reads this module while it makes that class
    from rest_framework.views import APIView


class TokenPermission(BasePermission):
    """Refuse whoever has no token, and an auditor who wants to write."""

    message = "An auditor's token reads everything and changes nothing. Use a token of a party."
    code = "read-only"

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - REST framework passes it
        """Say whether the request may go on."""
        caller = caller_of(request)
        return caller is not None and (request.method in SAFE_METHODS or not caller.actor.sees_all)
