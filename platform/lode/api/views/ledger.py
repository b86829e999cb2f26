"""Accounts, entries, proofs and tree heads, as the token's organisation may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.core import entry as entries
from ledger.core.entry import Account
from ledger.core.note import Note
from ledger.selectors.balances import account_statement, balances
from ledger.selectors.checkpoints import checkpoint_at, consistency_of, latest_checkpoint, ledger_size, proof_of
from ledger.selectors.entries import entry_by_id, entry_detail, list_entries, submission
from ledger.services.submit_entry import dry_run, submit_entry
from lode.api.cursors import read_cursor, write_cursor
from lode.api.idempotency import idempotency_key
from lode.api.problems import ProblemError
from lode.api.resource import IMMUTABLE, Resource
from lode.api.schema import listed, parameters
from lode.api.shapes.fields import Query
from lode.api.shapes.ledger import (
    AXES,
    AccountQuery,
    AccountStatementShape,
    BalanceQuery,
    BalanceShape,
    CheckpointShape,
    ConsistencyQuery,
    ConsistencyShape,
    EntryDetailShape,
    EntryQuery,
    EntryShape,
    NewEntryQuery,
    NewEntryShape,
    ProofQuery,
    ProofShape,
    SubmissionShape,
)


class Accounts(Resource):
    @extend_schema(
        operation_id="accounts_list",
        tags=["ledger"],
        parameters=parameters(BalanceQuery),
        responses=listed(
            BalanceShape,
            as_of=serializers.DateField(allow_null=True),
            known_at=serializers.IntegerField(),
        ),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List balances by element and the axes kept, as of a day, as known at a tree size.

        All pages of a list are read at the tree size of the first one. Zero balances are left out.
        """
        query = dict(self.query(BalanceQuery))
        limit, cursor = query.pop("limit"), query.pop("cursor", None)
        size = query.pop("known_at", None)
        axes = query.pop("group", AXES)
        first = 0
        if cursor is not None:
            pinned, first = read_cursor("accounts", cursor, 2)
            size = pinned if size is None else size
        size = ledger_size() if size is None else size
        rows = balances(party=self.actor.reads_as, known_at=size, group_by=axes, **query)
        last = first + limit
        following = write_cursor("accounts", size, last) if last < len(rows) else None
        items = list(BalanceShape(rows[first:last], many=True).data)
        as_of = query.get("as_of")
        return self.page(items, following, as_of=as_of.isoformat() if as_of else None, known_at=size)


class AccountStatement(Resource):
    @extend_schema(
        operation_id="accounts_statement",
        tags=["ledger"],
        parameters=parameters(AccountQuery),
        responses=AccountStatementShape,
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read one account's movements between two days, both included: opening + lines = closing."""
        query = dict(self.query(AccountQuery))
        account = Account(*(query.pop(name) for name in Account._fields))
        found = account_statement(account=account, party=self.actor.reads_as, **query)
        return Response(AccountStatementShape(found).data)


class Entries(Resource):
    @extend_schema(
        operation_id="entries_list",
        tags=["ledger"],
        parameters=parameters(EntryQuery),
        responses=listed(EntryShape),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the entries that the organisation may read, newest first."""
        query = dict(self.query(EntryQuery))
        limit, cursor = query.pop("limit"), query.pop("cursor", None)
        before = read_cursor("entries", cursor, 1)[0] if cursor is not None else None
        found = list_entries(party=self.actor.reads_as, before_index=before, limit=limit + 1, **query)
        following = write_cursor("entries", found[limit - 1].index) if len(found) > limit else None
        return self.page(list(EntryShape(found[:limit], many=True).data), following)

    @extend_schema(
        operation_id="entries_submit",
        tags=["ledger"],
        parameters=parameters(NewEntryQuery),
        request=NewEntryShape,
        responses={200: SubmissionShape, 201: SubmissionShape, 202: SubmissionShape},
    )
    def post(self, request: Request) -> Response:
        """Hand in an entry that its parties have signed.

        201: it stands in the ledger. 202: it is kept and will be sequenced. 200: it was there already, or, with
        `dry_run=true`, it could be posted now and nothing was kept.
        """
        check_only = self.query(NewEntryQuery)["dry_run"]
        note = self.body(NewEntryShape)["note"].encode()
        entry_id = self._own_entry(note)
        if check_only:
            dry_run(note=note, now=self.now)
            return Response(self._checked(entry_id))
        return self.once(lambda: self._submit(note, request))

    def _own_entry(self, note: bytes) -> str:
        """Return the entry's id. Raises ProblemError unless the organisation is one of those who may read it."""
        text = Note.parse(note).text
        if self.actor.organisation not in entries.readers(entries.decode(text)):
            raise ProblemError(
                403,
                "not-a-party",
                f"{self.actor.organisation} is not a party to this entry. One of its parties hands it in.",
            )
        return entries.entry_id(text).hex()

    def _submit(self, note: bytes, request: Request) -> Response:
        with transaction.atomic():
            answer = submit_entry(
                note=note,
                submitted_by=self.actor.organisation,
                now=self.now,
                idempotency_key=idempotency_key(request),
            )
        # The commit has run the sequencer, or has woken another one.
        found = submission(entry_id=answer.entry_id, party=self.actor.organisation)
        if found.state == "refused":
            raise ProblemError(422, f"ledger.{found.code}", f"{found.message} Nothing was posted.")
        status = 200 if answer.existed else 201 if found.state == "posted" else 202
        place = (
            reverse("api:entry", args=[found.index])
            if found.index is not None
            else reverse("api:submission", args=[found.entry_id])
        )
        data = {**SubmissionShape(found).data, "existed": answer.existed}
        return Response(data, status=status, headers={"Location": place})

    def _checked(self, entry_id: str) -> dict[str, Any]:
        received = self.now.isoformat().replace("+00:00", "Z")
        return {
            "entry_id": entry_id,
            "state": "checked",
            "received_at_utc": received,
            "submitted_by": self.actor.organisation,
            "index": None,
            "code": None,
            "message": None,
            "existed": False,
        }


class EntryDetail(Resource):
    @extend_schema(operation_id="entries_read", tags=["ledger"], responses=EntryDetailShape)
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read one entry: its note, seal and leaf byte for byte, and its legs with the balances around them."""
        self.query(Query)
        return Response(EntryDetailShape(entry_detail(index=index, party=self.actor.reads_as)).data)


class EntryById(Resource):
    @extend_schema(operation_id="entries_read_by_id", tags=["ledger"], responses=EntryDetailShape)
    def get(self, request: Request, entry_id: str) -> Response:  # noqa: ARG002
        """Read one entry by the SHA-256 of its signed text."""
        self.query(Query)
        return Response(EntryDetailShape(entry_by_id(entry_id=entry_id, party=self.actor.reads_as)).data)


class Proof(Resource):
    @extend_schema(
        operation_id="entries_proof", tags=["ledger"], parameters=parameters(ProofQuery), responses=ProofShape
    )
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read the proof that an entry stands under a signed tree head; with `size` the answer never changes."""
        size = self.query(ProofQuery).get("size")
        found = proof_of(index=index, party=self.actor.reads_as, size=size)
        headers = {"Cache-Control": IMMUTABLE} if size is not None else None
        return Response(ProofShape(found).data, headers=headers)


class SubmissionDetail(Resource):
    @extend_schema(operation_id="submissions_read", tags=["ledger"], responses=SubmissionShape)
    def get(self, request: Request, entry_id: str) -> Response:  # noqa: ARG002
        """Read what became of an entry that was handed in."""
        self.query(Query)
        return Response(SubmissionShape(submission(entry_id=entry_id, party=self.actor.reads_as)).data)


class Checkpoint(Resource):
    @extend_schema(operation_id="checkpoint_read", tags=["ledger"], responses=CheckpointShape)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read the latest signed tree head."""
        self.query(Query)
        return Response(CheckpointShape(latest_checkpoint()).data)


class CheckpointAt(Resource):
    @extend_schema(operation_id="checkpoints_read", tags=["ledger"], responses=CheckpointShape)
    def get(self, request: Request, size: int) -> Response:  # noqa: ARG002
        """Read the signed tree head of exactly so many entries."""
        self.query(Query)
        return Response(CheckpointShape(checkpoint_at(size=size)).data, headers={"Cache-Control": IMMUTABLE})


class Consistency(Resource):
    @extend_schema(
        operation_id="checkpoints_consistency",
        tags=["ledger"],
        parameters=parameters(ConsistencyQuery),
        responses=ConsistencyShape,
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read the proof that a later tree head extends an earlier one."""
        query = self.query(ConsistencyQuery)
        hashes: Sequence[bytes] = consistency_of(**query)
        data = ConsistencyShape({**query, "hashes": hashes}).data
        return Response(data, headers={"Cache-Control": IMMUTABLE})
