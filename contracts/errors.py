"""What can go wrong with the keeping of contracts: a closed set of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum

from contracts.core.errors import ContractsError


class ContractCode(StrEnum):
    """Stable codes; never renamed."""

    UNKNOWN_CONTRACT = "unknown-contract"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_PARTY = "unknown-party"
    UNKNOWN_FACT = "unknown-fact"
    NOT_ALLOWED = "not-allowed"
    NOT_YOUR_TURN = "not-your-turn"
    WRONG_STATE = "wrong-state"
    STALE_REVISION = "stale-revision"
    INVALID_FACT = "invalid-fact"
    BAD_DATE = "bad-date"
    REASON_MISSING = "reason-missing"
    TEXT_CHANGED = "text-changed"
    NOTHING_CHANGED = "nothing-changed"
    SUPERSEDED_ALREADY = "superseded-already"
    KEY_REUSED = "idempotency-key-reused"
    BAD_CURSOR = "bad-cursor"


class ContractError(ContractsError):
    """Says what is wrong, where, why, and what to do. Nothing was changed when it is raised."""

    code: ContractCode

    def __init__(self, code: ContractCode, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code

    @property
    def sentence(self) -> str:
        """What to tell people."""
        return self.message


class UnknownContractError(ContractError):
    """No such contract, or the asker is no party to it: both get the same sentence, so that neither learns more."""

    def __init__(self, ref: str) -> None:
        super().__init__(ContractCode.UNKNOWN_CONTRACT, f"There is no contract {ref} among yours: check the reference.")
