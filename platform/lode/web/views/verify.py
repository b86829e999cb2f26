"""Verify: the page that checks the ledger in the reader's browser, and the bytes that it checks."""

from __future__ import annotations

import base64
import io
import tarfile
import tempfile
from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.audit import POLICY, REGISTRY_KEY
from ledger.core.audit_tree import CHECKPOINT
from ledger.core.errors import LedgerError
from ledger.core.tiles import TILE_WIDTH, parse_path
from ledger.selectors.checkpoints import latest_checkpoint, list_checkpoints
from ledger.selectors.opened import opened_entries
from ledger.selectors.trust import trust_root
from ledger.services.export_ledger import export_ledger
from ledger.services.publish_files import public_folder
from lode.parties.actor import Actor
from lode.parties.selectors import actor_of
from lode.web.formats import utc_time
from lode.web.requests import as_actor, now
from lode.web.templatetags.ui import hash_tag
from lode.web.ui import Cell, Column, Row, Table
from lode.web.verify_texts import config_of
from lode.web.views.proofs import conservation_table

PAGE = 256
HEADS = 10
BUNDLE = "bundle"
IMMUTABLE = "public, max-age=31536000, immutable"


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show the page: it needs no sign-in, and with one it checks the reader's own entries too."""
    actor = _actor(request)
    root = trust_root()
    context = {
        "config": config_of(actor),
        "signed_in": actor is not None,
        "heads": _heads(),
        "conservation": conservation_table(actor),
        "root": root,
        "command": "tar xf bundle.tar\nlode-verify bundle",
        "own_command": (
            f"lode-verify --log-vkey '{root.log_vkey}' \\\n    --registry-vkey '{root.registry_vkey}' bundle"
        ),
        "facts": _facts(),
    }
    return render(request, "web/verify/index.html", context)


def _actor(request: HttpRequest) -> Actor | None:
    if not request.user.is_authenticated:
        return None
    actor = actor_of(request.user)
    return actor if actor.organisation or actor.sees_all else None


def _facts() -> list[tuple[str, str]]:
    return [
        ("book", _("Book")),
        ("head", _("Tree head: size and root")),
        ("tiles", _("Tiles proven")),
        ("leaves", _("Leaves hashed")),
        ("opened", _("Entries opened")),
        ("signatures", _("Signatures checked")),
        ("keys", _("Keys")),
        ("accounts", _("Accounts followed")),
        ("held", _("Tree head kept in this browser")),
        ("time", _("Time")),
    ]


def _heads() -> Table:
    rows = [
        Row(
            (
                Cell(f"{head.size:,}"),
                Cell(hash_tag(head.root.hex())),
                Cell(utc_time(head.created_at)),
                Cell(head.origin),
                Cell(", ".join(head.cosigned_by) or _("no witness yet")),
            )
        )
        for head in list_checkpoints(limit=HEADS)
    ]
    return Table(
        caption=_("The latest signed tree heads"),
        columns=(
            Column(_("Entries"), numeric=True), Column(_("Root")), Column(_("Signed at")), Column(_("Signed by")),
            Column(_("Cosigned by")),
        ),
        rows=rows,
        caption_hidden=True,
    )  # fmt: skip


@require_GET
def log_file(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001
    """Answer a published file of the log, byte for byte, to anybody: checkpoint, tiles, the trust root as stated."""
    if name in (POLICY, REGISTRY_KEY):
        root = trust_root()
        data = root.policy if name == POLICY else f"{root.registry_vkey}\n".encode()
        return _public(data, "text/plain; charset=utf-8", "no-cache")
    if name == CHECKPOINT:
        return _public(_read(name), "text/plain; charset=utf-8", "no-cache")
    try:
        tile = parse_path(name)  # one spelling a tile, so no path leads out of the folder
    except LedgerError as error:
        raise Http404(error.sentence) from error
    return _public(_read(name), "application/octet-stream", IMMUTABLE if tile.width == TILE_WIDTH else "no-cache")


def _read(name: str) -> bytes:
    file = public_folder() / name
    if not file.is_file():
        raise Http404(_("The log has published no %(name)s.") % {"name": name})
    return file.read_bytes()


def _public(data: bytes, content_type: str, cache: str) -> HttpResponse:
    # Whoever monitors the log reads it from other sites as well: nothing here is secret, and no cookie is looked at.
    headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    return HttpResponse(data, content_type=content_type, headers=headers)


@require_GET
@as_actor
def entries(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer a page of the entries that the reader may open, from `first` on, and where the next page begins."""
    text = request.GET.get("first", "0")
    first = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0  # noqa: PLR2004 - a bigint
    size = latest_checkpoint().size
    found = opened_entries(party=actor.reads_as, first=first, size=size, limit=PAGE)
    answer = {
        "size": size,
        "entries": [
            {"index": one.index, "note": _text(one.note), "seal": _text(one.seal), "nonce": _text(one.nonce)}
            for one in found
        ],
        "next": found[-1].index + 1 if len(found) == PAGE else None,
    }
    return JsonResponse(answer)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@require_GET
@as_actor
def bundle(request: HttpRequest, actor: Actor) -> HttpResponseBase:  # noqa: ARG001
    """Answer the reader's export of the ledger as one tar file, the same bytes for the same ledger."""
    packed = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with tempfile.TemporaryDirectory() as folder:
        export_ledger(directory=Path(folder) / BUNDLE, party=actor.reads_as, now=now())
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for file in sorted(Path(folder, BUNDLE).rglob("*")):
                if file.is_file():
                    data = file.read_bytes()
                    member = tarfile.TarInfo(file.relative_to(folder).as_posix())
                    member.size, member.mode = len(data), 0o644
                    tar.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return FileResponse(packed, as_attachment=True, filename="bundle.tar", content_type="application/x-tar")


urlpatterns = [
    path("verify/", index, name="verify"),
    re_path(r"^ledger/log/(?P<name>[A-Za-z0-9./]{1,200})$", log_file, name="log-file"),
    path("ledger/entries.json", entries, name="ledger-entries"),
    path("ledger/bundle.tar", bundle, name="ledger-bundle"),
]
