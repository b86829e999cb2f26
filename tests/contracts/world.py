"""Four organisations, and short ways to bring a contract to any point of its life."""

from datetime import UTC, date, datetime, timedelta

from contracts import services
from contracts.selectors import contract_detail
from lode.parties.actor import Actor
from lode.parties.services import create_hosted_key, create_organisation

START = datetime(2023, 1, 10, 9, 0, tzinfo=UTC)
LESSOR = Actor("meridian", "commercial", 1)
LESSEE = Actor("voltaic", "partner", 2)
STRANGER = Actor("stranger", "commercial", 3)
AUDITOR = Actor("veritas", "auditor", 4, sees_all=True)
FINANCE = Actor("meridian", "finance", 5)
KINDS = ("material-lease", "performance-warranty", "offtake")


def at(days: float) -> datetime:
    """A moment so many days after the story starts."""
    return START + timedelta(days=days)


def day(days: float) -> date:
    return at(days).date()


def make_organisations() -> None:
    for identifier, kind, name_en, name_zh in (
        ("meridian", "lessor", "Meridian Materials plc", "子午线材料公司"),
        ("voltaic", "cell-maker", "Voltaic Cells Ltd", "伏打电芯有限公司"),
        ("stranger", "recycler", "Stranger Recycling", "陌路回收"),
        ("veritas", "auditor", "Veritas Audit", "真实审计"),
    ):
        create_organisation(identifier=identifier, kind=kind, name_en=name_en, name_zh=name_zh, country="GB", now=START)


def open_ledger_with_keys() -> None:
    from ledger.services.open_ledger import open_ledger
    from ledger.services.sequence_pending import sequence_pending

    make_organisations()
    open_ledger(now=START)
    for organisation in ("meridian", "voltaic", "stranger"):
        create_hosted_key(organisation=organisation, label="2023a", now=START)
    sequence_pending()


def drafted(kind: str = "material-lease", **terms: object) -> str:
    return services.create_draft(actor=LESSOR, kind=kind, counterparty="voltaic", terms=terms, now=at(0))


def proposed(kind: str = "material-lease", **terms: object) -> str:
    ref = drafted(kind, **terms)
    services.propose(actor=LESSOR, ref=ref, now=at(1))
    return ref


def agreed(kind: str = "material-lease", **terms: object) -> str:
    ref = proposed(kind, **terms)
    services.agree(actor=LESSEE, ref=ref, number=1, now=at(2))
    return ref


def sign(actor: Actor, ref: str, days: float, number: int | None = None) -> services.Signed:
    """Sign the latest version, having read the text that stands now."""
    versions = contract_detail(ref=ref, party=actor.organisation, as_of=day(days)).versions
    version = versions[-1] if number is None else versions[number - 1]
    return services.sign_version(
        actor=actor, ref=ref, number=version.number, text_sha256=version.text_sha256, now=at(days)
    )


def active(kind: str = "material-lease", **terms: object) -> str:
    ref = agreed(kind, **terms)
    sign(LESSOR, ref, 3)
    sign(LESSEE, ref, 30)
    return ref


def state_of(ref: str, party: str | None = None) -> str:
    return contract_detail(ref=ref, party=party, as_of=day(0)).row.state


def turns_of(ref: str) -> tuple[str, ...]:
    return contract_detail(ref=ref, party=None, as_of=day(0)).row.turns
