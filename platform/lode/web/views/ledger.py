"""The ledger: the list of entries, one entry with all that proves it, and its files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account
from ledger.core.errors import LedgerError
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size, proof_of
from ledger.selectors.disclosed import disclosed_facts
from ledger.selectors.entries import entry_detail, list_entries, stream_entries
from ledger.selectors.manifests import manifest_file, manifest_of
from ledger.selectors.values import EntryDetail, EntryProof, EntrySummary, PostedLeg
from lode.exports.core.ledger_tables import ENTRIES, entry_rows
from lode.exports.downloads import streamed
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.formats import utc_time
from lode.web.ledger_words import KINDS, account_path, kind_rule, kind_word, postings_line, state_word
from lode.web.requests import as_actor
from lode.web.tables import attachment
from lode.web.templatetags.ui import mass as mass_html
from lode.web.templatetags.ui import status
from lode.web.ties import disputes_of, links_of
from lode.web.ui import Cell, Chip, Column, Row, Table
from lode.web.verify_texts import config_of

PAGE = 50
FILTERS = ("q", "kind", "contract", "element", "account", "entries", "from", "to", "known_at")

# As in docs/ledger-format.md: the nonce stands in the proof, note and seal are files.
COMMITMENT = (
    "{ printf 'lode/commit/v1\\n'; sed -n 's/^extra //p' %(n)s.tlog-proof | base64 -d | head -c 32; "
    "cat %(n)s.note %(n)s.seal; } | sha256sum"
)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - a bigint


def _numbers(text: str) -> list[int]:
    return [number for part in text.split(",") if (number := _number(part.strip())) is not None]


def _account(text: str) -> Account | None:
    parts = text.strip("/").split("/")
    return Account(*parts) if len(parts) == len(Account._fields) else None


def _asked(request: HttpRequest) -> dict[str, str]:
    # A character that cannot be printed is in no reference, and PostgreSQL refuses one of them.
    given = {name: "".join(filter(str.isprintable, request.GET.get(name, ""))).strip() for name in FILTERS}
    return {name: text for name, text in given.items() if text}


def _filters(actor: Actor, asked: dict[str, str], before: int | None = None) -> dict[str, Any]:
    known_at = _number(asked.get("known_at", ""))
    ends = [end for end in (before, known_at) if end is not None]
    return {
        "party": actor.reads_as,
        "kind": asked.get("kind"),
        "contract": asked.get("contract"),
        "element": asked.get("element"),
        "account": _account(asked["account"]) if "account" in asked else None,
        "occurred_from": _day(asked.get("from", "")),
        "occurred_to": _day(asked.get("to", "")),
        "search": asked.get("q"),
        "indexes": _numbers(asked["entries"]) if "entries" in asked else None,
        "before_index": min(ends) if ends else None,
    }


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """List entries, the newest first; a search that means one entry goes straight to it."""
    asked = _asked(request)
    number = _number(asked.get("q", ""))
    if number is not None and _readable(actor, number):
        return redirect("entry", index=number)
    found = list_entries(**_filters(actor, asked, _number(request.GET.get("before", ""))), limit=PAGE + 1)
    if "q" in asked and number is None and len(asked) == 1 and len(found) == 1:
        return redirect("entry", index=found[0].index)
    context = {
        "table": _table(found, asked),
        "asked": asked,
        "kinds": [(kind, str(word)) for kind, word in KINDS.items()],
        "elements": sorted({row.element for row in balances(party=actor.reads_as, group_by=("state",))}),
        "size": ledger_size(),
        "search": asked.get("q", ""),
        "nothing": not found,
    }
    return render(request, "web/ledger/index.html", context)


def _readable(actor: Actor, number: int) -> bool:
    try:
        entry_detail(index=number, party=actor.reads_as)
    except LedgerError:
        return False
    return True


def _names_of(entries: tuple[EntrySummary, ...]) -> dict[str, str]:
    parties = {name for entry in entries for leg in entry.legs for name in (leg.account.owner, leg.account.holder)}
    parties |= {signature.party for entry in entries for signature in entry.signatures if signature.party}
    return {**party_names(parties, get_language() or "en"), "registry": _("Registry")}


def _table(found: tuple[EntrySummary, ...], asked: dict[str, str]) -> Table:
    rows = found[:PAGE]
    names = _names_of(rows)
    query = urlencode(asked)
    further = urlencode({**asked, "before": rows[-1].index}) if len(found) > PAGE else ""
    return Table(
        caption=_("Entries, newest first"),
        columns=(
            Column(_("No.")), Column(_("Occurred")), Column(_("Recorded at, UTC")), Column(_("Kind")),
            Column(_("Postings")), Column(_("Contract")), Column(_("Signed by")),
        ),
        rows=[_row(entry, names) for entry in rows],
        chips=_chips(asked),
        csv_href=f"/ledger.csv?{query}",
        json_href=f"/ledger.json?{query}",
        empty=_("No entry that you may see fits these filters."),
        next_href=f"?{further}" if further else "",
    )  # fmt: skip


def _row(entry: EntrySummary, names: dict[str, str]) -> Row:
    signed = ", ".join(names.get(line.party, line.party) if line.party else line.key_name for line in entry.signatures)
    return Row(
        (
            Cell(str(entry.index), href=reverse("entry", args=[entry.index])),
            Cell(entry.occurred.isoformat(), css="nowrap"),
            Cell(utc_time(entry.recorded, seconds=False).removesuffix(" UTC"), css="nowrap"),
            Cell(_kind(entry), css="nowrap"),
            Cell(_what(entry, names)),
            Cell(entry.contract or "", href=f"/contracts/{entry.contract}/" if entry.contract else "", css="nowrap"),
            Cell(signed),
        )
    )


def _kind(entry: EntrySummary) -> str:
    word = kind_word(entry.kind)
    return format_html("{} {}", word, status("disputed")) if entry.disputed_by else word


def _what(entry: EntrySummary, names: dict[str, str]) -> SafeString:
    said = postings_line(entry.legs, names)
    if entry.reference:
        return format_html('<span class="ref">{}</span> {}', entry.reference, said)
    return format_html("{}", said or "—")


def _chips(asked: dict[str, str]) -> list[Chip]:
    words = {
        "q": _("Search"), "kind": _("Kind"), "contract": _("Contract"), "element": _("Element"),
        "account": _("Account"), "from": pgettext("period", "From"), "to": pgettext("period", "To"),
        "known_at": _("Known at size"), "entries": _("Entries"),
    }  # fmt: skip
    chips = []
    for name, value in asked.items():
        rest = urlencode({key: text for key, text in asked.items() if key != name})
        shown = kind_word(value) if name == "kind" else value
        chips.append(Chip(f"{words[name]}: {shown}", f"?{rest}", current=True))
    return chips


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponseBase:
    """Answer the same entries with the same filters as CSV or JSON: a row for each posting."""
    return streamed("ledger", form, ENTRIES, entry_rows(stream_entries(**_filters(actor, _asked(request)))))


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, index: str) -> HttpResponse:
    """Show one entry: what it moved, who signed it, and what proves it."""
    found = entry_detail(index=int(index), party=actor.reads_as)
    facts = disclosed_facts(index=int(index), party=actor.reads_as)
    names = _names_of((found.summary,))
    proof = proof_of(index=int(index), party=actor.reads_as) if found.checkpoint_size is not None else None
    context = {
        "entry": found.summary,
        "detail": found,
        "body": found.body,
        "kind": kind_word(found.summary.kind),
        "rule": kind_rule(found.summary.kind),
        "links": links_of(found, actor.reads_as),
        "disputes": disputes_of(found, names),
        "postings": _postings(found, names),
        "signers": [
            {"line": line, "name": names.get(line.party or "", line.party)} for line in found.summary.signatures
        ],
        "readers": [party_names(found.readers, get_language() or "en")[reader] for reader in found.readers],
        "details": _details(found, facts.details),
        "hides": facts.hidden,
        "settlement": (found.summary.reference or "").startswith("ST-"),
        "documents": sorted(found.body.get("documents", {}).items()),
        "note": found.note.decode(),
        "seal": found.seal.decode(),
        "leaf_hash": found.leaf_hash.hex(),
        "proof": proof,
        "path": _path(proof) if proof else [],
        "root": proof.root.hex() if proof else "",
        "checkpoint": proof.checkpoint.decode() if proof else "",
        "command": "tar xf bundle.tar\nlode-verify bundle",
        "commitment_command": COMMITMENT % {"n": index},
        "verify_config": config_of(actor),
        "files": ("note", "seal", "leaf", "tlog-proof"),
        "manifest": manifest_of(index=int(index), party=actor.reads_as) if found.summary.kind == "embody" else None,
    }
    return render(request, "web/ledger/detail.html", context)


def _details(found: EntryDetail, shown: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return name and text of each detail, and whether the entry hides it and the reader was shown it."""
    signed = found.body.get("details", {})
    return [(name, _plain_text(value), name not in signed) for name, value in sorted(shown.items())]


def _plain_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _postings(found: EntryDetail, names: dict[str, str]) -> Table | None:
    if not found.summary.legs:
        return None
    return Table(
        caption=_("Postings, in kilograms of the contained element"),
        columns=(
            Column(_("Owner")), Column(_("Holder")), Column(_("Element")), Column(_("State")), Column(_("Lot")),
            Column(_("Before, kg"), numeric=True), Column(_("Posting, kg"), numeric=True),
            Column(_("After, kg"), numeric=True),
        ),
        rows=[_posting(leg, names) for leg in found.summary.legs],
        caption_hidden=True,
    )  # fmt: skip


def _posting(leg: PostedLeg, names: dict[str, str]) -> Row:
    account = leg.account
    return Row(
        (
            Cell(names[account.owner]),
            Cell(names[account.holder]),
            Cell(account.element),
            Cell(state_word(account.state)),
            Cell(account.lot, href=account_path(account)),
            Cell(mass_html(leg.balance_before_mg, unit="kg", bare=True)),
            Cell(mass_html(leg.mass_mg, unit="kg", signed=True, bare=True)),
            Cell(mass_html(leg.balance_after_mg, unit="kg", bare=True)),
        )
    )


def _path(proof: EntryProof) -> list[dict[str, Any]]:
    """Say on which side each hash of the audit path stands, from the leaf up (RFC 9162 section 2.1.3.2)."""
    steps = []
    place, last = proof.index, proof.size - 1
    for sibling in proof.hashes:
        left = bool(place & 1) or place == last
        steps.append({"hash": sibling.hex(), "side": _("left") if left else _("right")})
        if left:
            while place and not place & 1:
                place >>= 1
                last >>= 1
        place >>= 1
        last >>= 1
    return steps


@require_GET
@as_actor
def file(request: HttpRequest, actor: Actor, index: str, name: str) -> HttpResponse:  # noqa: ARG001
    """Answer one of the files that an export holds of this entry, byte for byte."""
    found = entry_detail(index=int(index), party=actor.reads_as)
    data = {"note": found.note, "seal": found.seal, "leaf": found.leaf}.get(name)
    if data is None:
        if found.checkpoint_size is None:
            raise Http404(_("Entry %(index)s is not under a signed tree head yet: wait a moment.") % {"index": index})
        data = proof_of(index=int(index), party=actor.reads_as).text
    return attachment(f"{index}.{name}", data, "text/plain; charset=utf-8")


@require_GET
@as_actor
def manifest(request: HttpRequest, actor: Actor, index: str) -> HttpResponse:  # noqa: ARG001
    """Answer the list of serials of an entry, byte for byte as its digest says."""
    data = manifest_file(index=int(index), party=actor.reads_as)
    return attachment(f"{index}.manifest", data, "text/plain; charset=utf-8")


urlpatterns = [
    path("ledger/", index, name="ledger"),
    re_path(r"^ledger\.(?P<form>csv|json)$", table, name="ledger-table"),
    re_path(r"^ledger/(?P<index>[0-9]{1,18})/$", detail, name="entry"),
    re_path(r"^ledger/(?P<index>[0-9]{1,18})\.(?P<name>note|seal|leaf|tlog-proof)$", file, name="entry-file"),
    re_path(r"^ledger/(?P<index>[0-9]{1,18})\.manifest$", manifest, name="entry-manifest"),
]
