"""Addresses of the API: `/api/v1/…`, without a slash at the end."""

from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter
from django.urls.converters import StringConverter

from lode.api.views import (
    accounts,
    bulk,
    contracts,
    decisions,
    keys,
    ledger,
    nothing,
    parties,
    proofs,
    receipt,
    reconciliation,
)

app_name = "api"


class NameConverter(StringConverter):
    """What references, identifiers and digests are made of; anything else names nothing."""

    regex = r"[A-Za-z0-9._-]{1,160}"


register_converter(NameConverter, "name")

_period = "reconciliation/periods/<int:number>"
v1: list[URLPattern | URLResolver] = [
    path("openapi", nothing.Document.as_view(), name="openapi"),
    path("parties", parties.Parties.as_view(), name="parties"),
    path("parties/<name:party>", parties.PartyDetail.as_view(), name="party"),
    path("keys", parties.Keys.as_view(), name="keys"),
    path("key-changes", keys.KeyChanges.as_view(), name="key-changes"),
    path("key-changes/<name:challenge>", keys.KeyChange.as_view(), name="key-change"),
    path("accounts", accounts.Accounts.as_view(), name="accounts"),
    path("accounts/balance", accounts.AccountBalance.as_view(), name="account-balance"),
    path("accounts/statement", accounts.AccountStatement.as_view(), name="account-statement"),
    path("accounts/history", accounts.AccountHistory.as_view(), name="account-history"),
    path("accounts/learned", accounts.Learned.as_view(), name="accounts-learned"),
    path("accounts/learned/lines", accounts.LearnedLines.as_view(), name="accounts-learned-lines"),
    path("accounts/proof", proofs.BalanceProof.as_view(), name="balance-proof"),
    path("entries", ledger.Entries.as_view(), name="entries"),
    path("entries/bulk", bulk.BulkEntries.as_view(), name="bulk"),
    path("entries/<int:index>", ledger.EntryDetail.as_view(), name="entry"),
    path("entries/<int:index>/receipt", receipt.Receipt.as_view(), name="receipt"),
    path("entries/<int:index>/proof", ledger.Proof.as_view(), name="proof"),
    path("entries/<int:index>/manifest", bulk.EntryManifest.as_view(), name="manifest"),
    path("entries/<int:index>/disclosures", proofs.Disclosures.as_view(), name="disclosures"),
    path("entries/by-id/<name:entry_id>", ledger.EntryById.as_view(), name="entry-by-id"),
    path("submissions/<name:entry_id>", ledger.SubmissionDetail.as_view(), name="submission"),
    path("checkpoint", ledger.Checkpoint.as_view(), name="checkpoint"),
    path("checkpoints/<int:size>", ledger.CheckpointAt.as_view(), name="checkpoint-at"),
    path("conservation", proofs.Conservation.as_view(), name="conservation"),
    path("conservation/<int:index>/proof", proofs.ConservationProof.as_view(), name="conservation-proof"),
    path("consistency", ledger.Consistency.as_view(), name="consistency"),
    path("contracts", contracts.Contracts.as_view(), name="contracts"),
    path("contracts/<name:ref>", contracts.ContractDetailView.as_view(), name="contract"),
    path("contracts/<name:ref>/versions", contracts.Versions.as_view(), name="versions"),
    path("contracts/<name:ref>/versions/<int:number>", contracts.VersionDetail.as_view(), name="version"),
    path("statements", contracts.Statements.as_view(), name="statements"),
    path("statements/<name:ref>", contracts.StatementDetailView.as_view(), name="statement"),
    path("reconciliation/statements", reconciliation.PartnerStatements.as_view(), name="partner-statements"),
    path("reconciliation/periods", reconciliation.Periods.as_view(), name="periods"),
    path(_period, reconciliation.PeriodDetail.as_view(), name="period"),
    path(f"{_period}/accept-exact", decisions.ExactMatches.as_view(), name="accept-exact"),
    path(f"{_period}/matches", decisions.Matches.as_view(), name="matches"),
    path(f"{_period}/matches/<int:match>/undo", decisions.MatchUndo.as_view(), name="match-undo"),
    path(f"{_period}/splits", decisions.Splits.as_view(), name="splits"),
    path(f"{_period}/splits/<int:split>/undo", decisions.SplitUndo.as_view(), name="split-undo"),
    path(f"{_period}/messages", decisions.Messages.as_view(), name="messages"),
    path(f"{_period}/adjustments", decisions.Adjustments.as_view(), name="adjustments"),
    path(
        f"{_period}/adjustments/<int:adjustment>/withdraw",
        decisions.AdjustmentWithdrawal.as_view(),
        name="adjustment-withdraw",
    ),
    path(f"{_period}/statement/withdraw", reconciliation.StatementWithdrawal.as_view(), name="statement-withdraw"),
    path(f"{_period}/signatures", reconciliation.Signatures.as_view(), name="signatures"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(v1)),
    re_path(r"", nothing.Nothing.as_view()),
]
