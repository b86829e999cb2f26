"""The lease of nickel between Meridian and Voltaic, a stranger and an auditor, each with a token."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.selectors.entries import list_entries
from ledger.services.conservation import publish_conservation
from lode.parties.services import create_organisation, issue_token, revoke_token, signed_note
from lode.reconciliation.services import submit_statement
from lode.settlement.services import settle_due
from tests.settlement import world as lease

NOW = dt.datetime(2024, 2, 3, 6, tzinfo=dt.UTC)
ROLES = ("meridian", "voltaic", "stranger", "veritas")
PARTIES = ("meridian", "voltaic")
STATEMENT_FILE = b"reference,date,element,mass,unit\nDN-lot-1,2024-01-01,Ni,36,t\n"


class Api:
    """What a test needs to call the API as anybody."""

    def __init__(self, ref: str, tokens: Mapping[str, str]) -> None:
        self.ref = ref
        self.tokens = tokens
        self.statement = f"ST-{ref}-2024-01-r1"

    def get(self, path: str, role: str | None = "meridian", **headers: str) -> HttpResponse:
        return Client().get(self.url(path), headers={**self.auth(role), **headers})

    def post(self, path: str, body: Any = None, role: str | None = "meridian", **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes | str) else json.dumps({} if body is None else body)
        content_type = headers.pop("content_type", "application/json")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().post(self.url(path), data=data, content_type=content_type, headers={**self.auth(role), **named})

    def url(self, path: str) -> str:
        return path if path.startswith("/") else f"/api/v1/{path}"

    def auth(self, role: str | None) -> dict[str, str]:
        if role is None:
            return {}
        return {"Authorization": f"Bearer {self.tokens.get(role, role)}"}


def build() -> tuple[str, dict[str, str]]:
    """Build the lease, settle January, let Voltaic submit its January statement; give a token to everybody."""
    ref = lease.build()
    create_organisation(identifier="veritas", kind="auditor", name_en="Veritas", name_zh="验真", country="GB", now=NOW)
    settle_due(as_of=dt.date(2024, 2, 2), now=NOW)
    submit_statement(
        our_party="meridian",
        start_date=dt.date(2024, 1, 1),
        end_date=dt.date(2024, 2, 1),
        file_name="january.csv",
        file_bytes=STATEMENT_FILE,
        actor=lease.LESSEE,
        now=NOW,
    )
    publish_conservation(now=NOW)
    tokens = {role: issue_token(organisation=role, label="test", now=NOW) for role in ROLES}
    tokens["revoked"] = issue_token(organisation="meridian", label="old", now=NOW)
    revoke_token(organisation="meridian", prefix=tokens["revoked"][:12], now=NOW)
    tokens["unknown"] = "lode_" + "A" * 43
    return ref, tokens


def indexes(kind: str) -> list[int]:
    return [entry.index for entry in list_entries(party=None, kind=kind, limit=100)]


def entry_note(mass_mg: int = 5, nonce: str = "api-1", **members: Any) -> str:
    """Meridian takes some nickel in; signed with its key."""
    stock = Account("meridian", "meridian", "Ni", "stock", "lot-9")
    entry = Entry(
        kind="receive",
        book=settings.LEDGER_ORIGIN,
        nonce=nonce,
        legs=net_legs(move(stock._replace(state="source"), stock, mass_mg)),
        **{"occurred": "2024-01-20", "reference": "PO-9", **members},
    )
    return signed_note(text=encode(entry), organisations=["meridian"]).decode()
