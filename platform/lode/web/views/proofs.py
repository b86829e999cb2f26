"""Proofs to take away: the opening of a notice of conservation, and the balance of one account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import re_path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account
from ledger.selectors.conservation import ConservationNotice, conservation_notices
from ledger.services.conservation import open_conservation
from ledger.services.prove_balance import prove_balance
from lode.parties.actor import Actor
from lode.web.requests import as_actor
from lode.web.tables import attachment
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Column, Row, Table

SHOWN = 12
JSON = "application/json"


def conservation_table(actor: Actor | None) -> Table | None:
    """Return the latest notices of conservation, with what opens them to the reader; None where there are none."""
    notices = conservation_notices()[::-1][:SHOWN]
    if not notices:
        return None
    columns = [Column(_("Entry")), Column(_("Balances at size"), numeric=True), Column(_("Totals, all accounts"))]
    if actor is not None:
        columns.append(Column(_("Your proof")))
    return Table(
        caption=_("Totals that were committed to"),
        columns=tuple(columns),
        rows=[_row(notice, signed_in=actor is not None) for notice in notices],
        caption_hidden=True,
    )


def _row(notice: ConservationNotice, *, signed_in: bool) -> Row:
    totals = format_html_join(
        " · ", "{}", ((mass_html(item.bounded.mass_mg, unit="kg", basis=item.element),) for item in notice.commitments)
    )
    cells = [
        Cell(str(notice.index), href=reverse("entry", args=[notice.index])),
        Cell(f"{notice.tree_size:,}"),
        Cell(totals),
    ]
    if signed_in:
        name = f"conservation-{notice.index}.json"
        cells.append(Cell(name, href=reverse("conservation-file", args=[notice.index])))
    return Row(tuple(cells))


@require_GET
@as_actor
def conservation_file(request: HttpRequest, actor: Actor, index: str) -> HttpResponse:  # noqa: ARG001
    """Answer what opens a notice to the reader, byte for byte as in its export."""
    data = open_conservation(index=int(index), party=actor.reads_as)
    return attachment(f"conservation-{index}.json", data, JSON)


@require_GET
@as_actor
def balance_file(request: HttpRequest, actor: Actor, /, **parts: str) -> HttpResponse:  # noqa: ARG001
    """Answer the proof of what stands in one account under the newest tree head."""
    account = Account(**parts)
    return attachment(f"balance-{'-'.join(account)}.json", prove_balance(account=account, party=actor.reads_as), JSON)


_PARTS = (
    r"(?P<owner>[a-z0-9-]{1,40})/(?P<holder>[a-z0-9-]{1,40})/(?P<element>[A-Z][a-z]?(?:-[a-z]{1,12})?)"
    r"/(?P<state>[a-z]{1,12})/(?P<lot>[a-z0-9-]{1,40})"
)
urlpatterns = [
    re_path(r"^ledger/conservation-(?P<index>[0-9]{1,18})\.json$", conservation_file, name="conservation-file"),
    re_path(rf"^accounts/{_PARTS}/proof\.json$", balance_file, name="balance-proof"),
]
