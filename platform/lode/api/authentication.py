"""A token per organisation, in the `Authorization` header and nowhere else. There are no cookies here."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.services import actor_of_token

MAX_TOKEN = 200


@dataclass(frozen=True)
class Caller:
    """Whoever holds the token, as REST framework wants it."""

    actor: Actor
    is_authenticated: bool = True

    @property
    def pk(self) -> str:
        """What throttles count by: all tokens of an organisation share one budget."""
        return self.actor.organisation


def caller_of(request: Request) -> Caller | None:
    """Return who asks, None for somebody without a token."""
    user: object = request.user
    return user if isinstance(user, Caller) else None


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lode_…`. The database is asked for the token's SHA-256, never for the token."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return the caller, None without the header. Raises AuthenticationFailed for anything that is not a token."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if not scheme:
            return None
        if scheme.lower() != b"bearer":
            raise AuthenticationFailed("Send the token as `Authorization: Bearer lode_…`.", code="unknown-scheme")
        try:
            text = token.decode("ascii")
        except UnicodeDecodeError:
            text = ""
        if not text or len(text) > MAX_TOKEN or not text.isprintable() or " " in text:
            raise AuthenticationFailed("This is not a token: it starts with `lode_`.", code="unknown-token")
        try:
            return Caller(actor_of_token(text)), None
        except PartiesError as error:
            raise AuthenticationFailed(error.sentence, code="unknown-token") from error

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - REST framework passes it
        """Tell what a 401 asks for."""
        return 'Bearer realm="lode"'
