"""Speak to a Lode elsewhere by its API, with a token. No Django.

No redirect is followed, and nothing but HTTPS leaves this machine, so that the token goes nowhere else.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lode.engine.places import EngineError

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What the API answered: its status, and the JSON of its body."""

    status: int
    body: dict[str, Any]

    @property
    def sentence(self) -> str:
        """What a problem says, with its code."""
        return f"{self.body.get('detail', 'no reason was given')} [{self.body.get('code', self.status)}]"


class Api:
    """The API at an address, as the organisation that the token belongs to."""

    def __init__(self, url: str, token_file: Path) -> None:
        """Raise EngineError for an address that is none, or over which a token would travel readable."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EngineError(f"{url} is no address of a Lode: write it as https://lode.example.")
        if parts.scheme == "http" and not _this_machine(parts.hostname):
            raise EngineError(f"{url} is not HTTPS: a token is not sent where others read it on the way.")
        self.parts = parts
        self.token = token_file.read_text(encoding="ascii").strip()

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Send JSON to `/api/v1/<path>`. Raises EngineError where nothing answers, or not in JSON."""
        kind = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.parts.hostname or "", self.parts.port, timeout=_TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(
                "POST", f"{self.parts.path.rstrip('/')}/api/v1/{path}", json.dumps(body).encode(), headers
            )
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineError(f"{self.parts.netloc} does not answer as a Lode does: {error}") from error
        finally:
            connection.close()
        return Answer(answer.status, said if isinstance(said, dict) else {})


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
