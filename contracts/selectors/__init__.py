"""Reads of contracts: frozen values, never rows. `party` is the organisation that reads; None is the auditor."""

from contracts.core.compute import kind_of
from contracts.selectors.agreement import demo_terms, kinds, problems_of
from contracts.selectors.changed_clauses import ChangedClause, changed_clauses
from contracts.selectors.check_version import check_version
from contracts.selectors.contract_detail import ContractDetail, Obligation, contract_detail
from contracts.selectors.contract_facts import contract_facts
from contracts.selectors.example_facts import Scenario
from contracts.selectors.list_contracts import list_contracts
from contracts.selectors.preview import Preview, preview
from contracts.selectors.settlement_inputs import contract_versions_for_settlement, contracts_to_settle, facts_for
from contracts.selectors.values import (
    ContractPage,
    ContractRow,
    DraftView,
    FactView,
    SettlementInputs,
    SettlementVersion,
    SignatureView,
    TurnView,
    VersionView,
)

__all__ = [
    "ChangedClause",
    "ContractDetail",
    "ContractPage",
    "ContractRow",
    "DraftView",
    "FactView",
    "Obligation",
    "Preview",
    "Scenario",
    "SettlementInputs",
    "SettlementVersion",
    "SignatureView",
    "TurnView",
    "VersionView",
    "changed_clauses",
    "check_version",
    "contract_detail",
    "contract_facts",
    "contract_versions_for_settlement",
    "contracts_to_settle",
    "demo_terms",
    "facts_for",
    "kind_of",
    "kinds",
    "list_contracts",
    "preview",
    "problems_of",
]
