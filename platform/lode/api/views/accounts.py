"""Balances, accounts over time, and what was learned of a day, as the token's organisation may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors.accounts import account_history, account_lines, account_statement, learned, learned_lines
from ledger.selectors.balances import account_balance, balances, stream_balances
from ledger.selectors.checkpoints import known_size
from ledger.selectors.values import AccountStatement as Statement
from ledger.selectors.values import LinePlace, Order, StatementLine
from lode.api.cursors import bad_cursor, read_cursor, write_cursor
from lode.api.renderers import CsvRenderer, JsonRenderer
from lode.api.resource import Resource
from lode.api.schema import listed, parameters, tabular
from lode.api.shapes.accounts import (
    AXES,
    AccountBalanceQuery,
    AccountBalanceShape,
    AccountLineShape,
    AccountStatementShape,
    BalanceQuery,
    BalanceShape,
    HistoryQuery,
    LearnedLineQuery,
    LearnedLineShape,
    LearnedQuery,
    LearnedRowShape,
    StatementQuery,
)
from lode.exports.core import ledger_tables as tables
from lode.exports.downloads import streamed

Answer = Response | StreamingHttpResponse
_AT = {"known_at": serializers.IntegerField()}
_LINES = listed(AccountLineShape, **AccountStatementShape().get_fields())


class Table(Resource):
    """A list that is also given whole, as CSV. Its pages are all read at the tree size of the first."""

    renderer_classes = [JsonRenderer, CsvRenderer]

    def pinned(self, kind: str, query: dict[str, Any], count: int) -> tuple[int, tuple[int, ...] | None]:
        """Take `cursor` and `known_at` out of the query; return the tree size, and where the page before ended.

        Raises ProblemError `bad-cursor`, LedgerError `bad-field` for a size that is not reached yet.
        """
        known_at, cursor = query.pop("known_at", None), query.pop("cursor", None)
        if cursor is None:
            return known_size(known_at=known_at), None
        size, *place = read_cursor(kind, cursor, count + 1)
        return known_size(known_at=size if known_at is None else known_at), tuple(place)


class Accounts(Table):
    @extend_schema(
        operation_id="accounts_list",
        tags=["ledger"],
        parameters=parameters(BalanceQuery),
        responses=tabular(listed(BalanceShape, as_of=serializers.DateField(allow_null=True), **_AT)),
    )
    def get(self, request: Request) -> Answer:  # noqa: ARG002
        """List balances by element and the axes kept, as of a day, as known at a tree size.

        All pages of a list are read at the tree size of the first one. Zero balances are left out.
        """
        query, as_csv = self.table_query(BalanceQuery)
        limit, axes, as_of = query.pop("limit"), query.pop("group", AXES), query.get("as_of")
        size, place = self.pinned("accounts", query, 1)
        asked = {"party": self.actor.reads_as, "known_at": size, "group_by": axes, **query}
        if as_csv:
            rows = tables.position_rows(stream_balances(**asked), as_of, size)
            return streamed("accounts", "csv", tables.POSITIONS, rows)
        (first,) = place or (0,)
        page = balances(**asked, offset=first, limit=limit + 1)
        following = write_cursor("accounts", size, first + limit) if len(page) > limit else None
        items = list(BalanceShape(page[:limit], many=True).data)
        return self.page(items, following, as_of=_iso(as_of), known_at=size)


class AccountBalance(Resource):
    @extend_schema(
        operation_id="accounts_balance",
        tags=["ledger"],
        parameters=parameters(AccountBalanceQuery),
        responses=AccountBalanceShape,
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read what stands in one account, as of a day, as known at a tree size; 0 for one never used or not yours."""
        query = self.query(AccountBalanceQuery)
        size = known_size(known_at=query.get("known_at"))
        asked = {"account": query["account"], "as_of": query.get("as_of"), "known_at": size}
        mass_mg = account_balance(party=self.actor.reads_as, **asked)
        return Response(AccountBalanceShape({**asked, "mass_mg": mass_mg}).data)


class AccountStatement(Table):
    @extend_schema(
        operation_id="accounts_statement",
        tags=["ledger"],
        parameters=parameters(StatementQuery),
        responses=tabular(_LINES),
    )
    def get(self, request: Request) -> Answer:  # noqa: ARG002
        """Read one account between two days, both included, by day: opening + lines = closing, on whatever page."""
        query, as_csv = self.table_query(StatementQuery)
        limit = query.pop("limit")
        size, place = self.pinned("statement", query, 2)
        found = account_statement(party=self.actor.reads_as, known_at=size, **query)
        return self.lines("statement", found, place, limit, as_csv=as_csv)

    def lines(self, kind: str, found: Statement, place: tuple[int, ...] | None, limit: int, *, as_csv: bool) -> Answer:
        """Answer an account's lines: a page of them, or all as CSV."""
        if as_csv:
            name = f"{kind}-{'-'.join(found.account)}"
            return streamed(name, "csv", tables.LINES, tables.line_rows(found, account_lines(found)))
        after = None if place is None else LinePlace(_day(place[0]), place[1])
        page = list(account_lines(found, after=after, limit=limit + 1))
        following = _after(kind, found.known_at, page[limit - 1]) if len(page) > limit else None
        head: Mapping[str, Any] = AccountStatementShape(found).data
        return self.page(list(AccountLineShape(page[:limit], many=True).data), following, **head)


class AccountHistory(AccountStatement):
    @extend_schema(
        operation_id="accounts_history",
        tags=["ledger"],
        parameters=parameters(HistoryQuery),
        responses=tabular(_LINES),
    )
    def get(self, request: Request) -> Answer:  # noqa: ARG002
        """Read the whole of an account: as it was recorded, with the sealed balances, or by the days in the world."""
        query, as_csv = self.table_query(HistoryQuery)
        limit, order = query.pop("limit"), Order(query.pop("order"))
        size, place = self.pinned(f"history-{order}", query, 2)
        found = account_history(party=self.actor.reads_as, order=order, known_at=size, **query)
        return self.lines(f"history-{order}", found, place, limit, as_csv=as_csv)


class Learned(Table):
    @extend_schema(
        operation_id="accounts_learned",
        tags=["ledger"],
        parameters=parameters(LearnedQuery),
        responses=tabular(
            listed(LearnedRowShape, as_of=serializers.DateField(), since=serializers.IntegerField(), **_AT)
        ),
    )
    def get(self, request: Request) -> Answer:  # noqa: ARG002
        """Compare the balances of one day as known at two tree sizes: what came to be known since."""
        query, as_csv = self.table_query(LearnedQuery)
        limit, axes = query.pop("limit"), query.pop("group", AXES)
        size, place = self.pinned("learned", query, 1)
        asked = {"party": self.actor.reads_as, "known_at": size, "group_by": axes, **query}
        when = (query["as_of"], query["since"], size)
        if as_csv:
            return streamed("learned", "csv", tables.LEARNED, tables.learned_rows(learned(**asked), *when))
        (first,) = place or (0,)
        page = list(learned(**asked, offset=first, limit=limit + 1))
        following = write_cursor("learned", size, first + limit) if len(page) > limit else None
        items = list(LearnedRowShape(page[:limit], many=True).data)
        return self.page(items, following, as_of=_iso(when[0]), since=when[1], known_at=size)


class LearnedLines(Table):
    @extend_schema(
        operation_id="accounts_learned_lines",
        tags=["ledger"],
        parameters=parameters(LearnedLineQuery),
        responses=tabular(
            listed(LearnedLineShape, as_of=serializers.DateField(), since=serializers.IntegerField(), **_AT)
        ),
    )
    def get(self, request: Request) -> Answer:  # noqa: ARG002
        """List the postings that were recorded between two tree sizes and occurred by a day: the back-dated ones."""
        query, as_csv = self.table_query(LearnedLineQuery)
        limit = query.pop("limit")
        size, place = self.pinned("learned-lines", query, 2)
        asked = {"party": self.actor.reads_as, "known_at": size, **query}
        when = (query["as_of"], query["since"], size)
        if as_csv:
            rows = tables.learned_line_rows(learned_lines(**asked), *when)
            return streamed("learned-lines", "csv", tables.LEARNED_LINES, rows)
        index, leg_no = place or (-1, -1)
        page = list(learned_lines(**asked, after=(index, leg_no), limit=limit + 1))
        last = page[limit - 1] if len(page) > limit else None
        following = write_cursor("learned-lines", size, last.index, last.leg_no) if last else None
        items = list(LearnedLineShape(page[:limit], many=True).data)
        return self.page(items, following, as_of=_iso(when[0]), since=when[1], known_at=size)


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _after(kind: str, size: int, line: StatementLine) -> str:
    return write_cursor(kind, size, line.occurred.toordinal(), line.index)


def _day(ordinal: int) -> dt.date:
    try:
        return dt.date.fromordinal(ordinal)
    except (ValueError, OverflowError):
        raise bad_cursor() from None
