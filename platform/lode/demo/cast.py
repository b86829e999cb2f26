"""The parties of the demo world. Every firm and person is invented; the figures that they trade on are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lode.parties import services

LESSOR, CELL_MAKER, OPERATOR = "borealis", "kunwu", "meridian"
RECYCLER, REFINER, AUDITOR = "ringcycle", "taihe", "argus"
PASSWORD = "demo-of-lode"  # noqa: S105 - printed by the demo, for a server that listens on this machine only


@dataclass(frozen=True)
class Firm:
    """An invented organisation: no firm of this name is meant."""

    identifier: str
    kind: str
    name_en: str
    name_zh: str
    country: str


FIRMS = (
    Firm(LESSOR, "lessor", "Borealis Minerals", "北辰矿物", "CH"),
    Firm(CELL_MAKER, "cell-maker", "Kunwu Cell Works", "昆吾电芯", "CN"),
    Firm(OPERATOR, "operator", "Meridian Fleet", "子午线车队", "NL"),
    Firm(RECYCLER, "recycler", "Ringcycle Recovery", "循环再生", "DE"),
    Firm(REFINER, "refiner", "Taihe Refining", "太和精炼", "CN"),
    Firm(AUDITOR, "auditor", "Argus Assurance", "百目鉴证", "GB"),
)


@dataclass(frozen=True)
class LogIn:
    """Somebody to sign in as, and what to look at first."""

    username: str
    organisation: str
    role: str
    language: str
    first_look: str


LOG_INS = (
    LogIn("lessor", LESSOR, "commercial", "en", "draft and sign contracts"),
    LogIn("recycler", RECYCLER, "partner", "en", "reconcile a month"),
    LogIn("finance", LESSOR, "finance", "en", "approve and export settlements"),
    LogIn("auditor", AUDITOR, "auditor", "en", "verify the ledger"),
    LogIn("cellmaker", CELL_MAKER, "commercial", "zh-hans", "counter and sign contracts"),
    LogIn("operator", OPERATOR, "partner", "en", "look after a fleet under warranty"),
    LogIn("refiner", REFINER, "partner", "zh-hans", "buy black mass"),
    LogIn("cellfinance", CELL_MAKER, "finance", "zh-hans", "check settlements received"),
    LogIn("recyclerfinance", RECYCLER, "finance", "en", "approve and export settlements"),
)


def enter_cast(*, now: datetime) -> None:
    """Create the firms, the people and one hosted entry key a firm, registered on the ledger."""
    for firm in FIRMS:
        services.create_organisation(
            identifier=firm.identifier,
            kind=firm.kind,
            name_en=firm.name_en,
            name_zh=firm.name_zh,
            country=firm.country,
            now=now,
        )
        services.create_hosted_key(organisation=firm.identifier, label=str(now.year), now=now)
    for person in LOG_INS:
        services.create_person(
            username=person.username,
            password=PASSWORD,
            organisation=person.organisation,
            role=person.role,
            language=person.language,
            manages_keys=person.role in {"commercial", "partner"},
        )
