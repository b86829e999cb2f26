"""Entries, proofs and tree heads, as the token's organisation may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.core import entry as entries
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.selectors.checkpoints import (
    checkpoint_at,
    consistency_of,
    latest_checkpoint,
    latest_cosigned_checkpoint,
    proof_of,
)
from ledger.selectors.entries import entry_by_id, entry_detail, list_entries, stream_entries, submission
from ledger.selectors.values import Preview, Submission
from ledger.services.append_entry import append_entry
from ledger.services.keep_disclosures import Disclosed, check_disclosed, keep_disclosures
from ledger.services.submit_entry import dry_run
from lode.api.cursors import read_cursor, write_cursor
from lode.api.problems import ProblemError
from lode.api.renderers import CsvRenderer, JsonRenderer
from lode.api.resource import IMMUTABLE, Resource
from lode.api.schema import listed, parameters, tabular
from lode.api.shapes.fields import Query
from lode.api.shapes.ledger import (
    CheckpointQuery,
    CheckpointShape,
    ConsistencyQuery,
    ConsistencyShape,
    EntryDetailShape,
    EntryQuery,
    EntryShape,
    NewEntryQuery,
    NewEntryShape,
    PreviewShape,
    ProofQuery,
    ProofShape,
    SubmissionShape,
)
from lode.api.views.proofs import disclosed_of
from lode.exports.core.ledger_tables import ENTRIES, entry_rows
from lode.exports.downloads import streamed


class Entries(Resource):
    renderer_classes = [JsonRenderer, CsvRenderer]

    @extend_schema(
        operation_id="entries_list",
        tags=["ledger"],
        parameters=parameters(EntryQuery),
        responses=tabular(listed(EntryShape)),
    )
    def get(self, request: Request) -> Response | StreamingHttpResponse:  # noqa: ARG002
        """List the entries that the organisation may read, newest first; as CSV, a row for each posting."""
        query, as_csv = self.table_query(EntryQuery)
        limit, cursor, before = query.pop("limit"), query.pop("cursor", None), query.pop("known_at", None)
        if as_csv:
            found = stream_entries(party=self.actor.reads_as, before_index=before, **query)
            return streamed("entries", "csv", ENTRIES, entry_rows(found))
        if cursor is not None:
            before = read_cursor("entries", cursor, 1)[0]
        page = list_entries(party=self.actor.reads_as, before_index=before, limit=limit + 1, **query)
        following = write_cursor("entries", page[limit - 1].index) if len(page) > limit else None
        return self.page(list(EntryShape(page[:limit], many=True).data), following)

    @extend_schema(
        operation_id="entries_submit",
        tags=["ledger"],
        parameters=parameters(NewEntryQuery),
        request=NewEntryShape,
        responses={200: SubmissionShape, 201: SubmissionShape, 202: SubmissionShape},
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Hand in an entry that its parties have signed.

        201: it stands in the ledger. 202: it is kept and will be sequenced. 200: it was there already, or, with
        `dry_run=true`, `preview` tells what would be posted now, and nothing was kept: `state` is `checked`, or
        `refused` with the code `missing-signature` where nothing but the signatures of `preview.missing` is lacking.
        """
        check_only = self.query(NewEntryQuery)["dry_run"]
        body = self.body(NewEntryShape)
        note, disclosed = body["note"].encode(), disclosed_of(body.get("disclosures", ()))
        self._check_own(note)
        check_disclosed(note=note, disclosed=disclosed)
        if check_only:
            return Response(self._checked(dry_run(note=note, now=self.now, as_if_signed=True)))
        return self.once(lambda: self._append(note, disclosed))

    def _check_own(self, note: bytes) -> None:
        """Raise ProblemError unless the organisation is one of those who may read the entry."""
        text = Note.parse(note).text
        if self.actor.organisation not in entries.readers(entries.decode(text)):
            raise ProblemError(
                403,
                "not-a-party",
                f"{self.actor.organisation} is not a party to this entry. One of its parties hands it in.",
            )

    def _append(self, note: bytes, disclosed: Sequence[Disclosed]) -> Response:
        # The entry's id is its own key of idempotency: the same entry is posted once, whoever hands it in how often.
        try:
            existed = append_entry(note=note, submitted_by=self.actor.organisation, now=self.now).existed
        except LedgerError as error:
            if error.code is not LedgerCode.BUSY:
                raise
            existed = False  # it is kept, and will be posted
        entry_id = entries.entry_id(Note.parse(note).text).hex()
        found = submission(entry_id=entry_id, party=self.actor.organisation)
        if disclosed:
            keep_disclosures(entry_id=entry_id, disclosed=disclosed, party=self.actor.organisation, now=self.now)
        status = 200 if existed else 201 if found.state == "posted" else 202
        place = (
            reverse("api:entry", args=[found.index])
            if found.index is not None
            else reverse("api:submission", args=[found.entry_id])
        )
        data = {**SubmissionShape(found).data, "existed": existed}
        return Response(data, status=status, headers={"Location": place})

    def _checked(self, preview: Preview) -> dict[str, Any]:
        missing = ", ".join(preview.missing)
        answer = Submission(
            entry_id=preview.entry_id,
            state="refused" if missing else "checked",
            received_at=self.now,
            submitted_by=self.actor.organisation,
            code=LedgerCode.MISSING_SIGNATURE if missing else None,
            message=f"The entry needs the signature of {missing}." if missing else None,
            existed=preview.existed,
        )
        return {**SubmissionShape(answer).data, "preview": PreviewShape(preview).data}


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
        """Read the proof that an entry stands under a signed tree head, with the witnesses' lines there are by now."""
        size = self.query(ProofQuery).get("size")
        return Response(ProofShape(proof_of(index=index, party=self.actor.reads_as, size=size)).data)


class SubmissionDetail(Resource):
    @extend_schema(operation_id="submissions_read", tags=["ledger"], responses=SubmissionShape)
    def get(self, request: Request, entry_id: str) -> Response:  # noqa: ARG002
        """Read what became of an entry that was handed in."""
        self.query(Query)
        return Response(SubmissionShape(submission(entry_id=entry_id, party=self.actor.reads_as)).data)


class Checkpoint(Resource):
    @extend_schema(
        operation_id="checkpoint_read",
        tags=["ledger"],
        parameters=parameters(CheckpointQuery),
        responses=CheckpointShape,
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read the latest signed tree head, or with `cosigned=true` the latest whose witnesses meet the quorum."""
        cosigned = self.query(CheckpointQuery)["cosigned"]
        return Response(CheckpointShape(latest_cosigned_checkpoint() if cosigned else latest_checkpoint()).data)


class CheckpointAt(Resource):
    @extend_schema(operation_id="checkpoints_read", tags=["ledger"], responses=CheckpointShape)
    def get(self, request: Request, size: int) -> Response:  # noqa: ARG002
        """Read the signed tree head of exactly so many entries; lines of witnesses may still be added to it."""
        self.query(Query)
        return Response(CheckpointShape(checkpoint_at(size=size)).data)


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
