"""The only writers of contracts, their signatures and their facts."""

from contracts.services.amend import amend
from contracts.services.create_draft import create_draft
from contracts.services.end_contract import activate_due, end_contract
from contracts.services.hold_knowledge import hold_knowledge
from contracts.services.negotiate import agree, counter, decline, propose
from contracts.services.record_facts import NewFact, Recorded, record_fact, record_facts
from contracts.services.save_draft import save_draft
from contracts.services.sign_version import Given, Signed, sign_version

__all__ = [
    "Given",
    "NewFact",
    "Recorded",
    "Signed",
    "activate_due",
    "agree",
    "amend",
    "counter",
    "create_draft",
    "decline",
    "end_contract",
    "hold_knowledge",
    "propose",
    "record_fact",
    "record_facts",
    "save_draft",
    "sign_version",
]
