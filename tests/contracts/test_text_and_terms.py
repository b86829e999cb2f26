"""Terms and text never disagree, and every change of a term changes what is signed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connections

from contracts import services
from contracts.core.compute import kind_of
from contracts.core.schema import FieldType, check_terms, parse
from contracts.errors import ContractCode, ContractError
from contracts.selectors import changed_clauses, check_version, contract_detail, demo_terms
from contracts.selectors.agreement import rendered, version_fields
from tests.contracts.world import (
    KINDS,
    LESSEE,
    LESSOR,
    active,
    at,
    day,
    make_organisations,
    open_ledger_with_keys,
    sign,
)

PARTIES = ("meridian", "voltaic")


def fields_of(kind, terms):
    return version_fields(
        ref="ML-2023-001",
        kind=kind,
        number=1,
        parties=PARTIES,
        terms=terms,
        effective_from=date(2023, 2, 1),
        supersedes=None,
    )


def changed(field, terms):  # noqa: PLR0911 - one way a type
    """Another value of a term, of the same type."""
    value = terms.get(field.name)
    if field.type is FieldType.ENUM:
        return next(choice.value for choice in field.choices if choice.value != value)
    if field.type is FieldType.BOOL:
        return not value
    if field.type is FieldType.DATE:
        return (date.fromisoformat(value) + timedelta(days=1)).isoformat()
    if field.type in (FieldType.TEXT, FieldType.REF):
        return f"{value or ''} changed".strip()
    if field.type is FieldType.TABLE:
        return [value[0]] if value and len(value) > 1 else None
    if field.type is FieldType.BLOCK:
        return None
    number = Decimal(value or 0)
    return str(number - 1 if field.maximum is not None and number + 1 > field.maximum else number + 1)


def alone(kind, field):
    """The example terms with another value of this term, None where no other fits the rest of them."""
    terms = {**demo_terms(kind), field.name: changed(field, demo_terms(kind))}
    good = terms[field.name] is not None and check_terms(kind_of(kind).schema, terms)[0] is not None
    return terms if good else None


TERMS = [(code, field) for code in KINDS for field in kind_of(code).schema.fields if alone(code, field)]


def test_few_terms_cannot_change_alone():
    """Whose other values ask for other terms to change with them, and tables and blocks that have one row or none."""
    stuck = [(code, f.name) for code in KINDS for f in kind_of(code).schema.fields if (code, f) not in TERMS]
    assert stuck == [
        ("material-lease", "title_retained"),
        ("material-lease", "rate_type"),
        ("material-lease", "fee_price_basis"),
        ("performance-warranty", "assets"),
        ("performance-warranty", "limits"),
        ("offtake", "penalties"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "field"), TERMS, ids=lambda value: getattr(value, "name", value))
def test_every_term_is_part_of_what_is_signed(kind, field):
    make_organisations()
    before, after = demo_terms(kind), alone(kind, field)
    old, new = fields_of(kind, before), fields_of(kind, after)
    assert old.terms_sha256 != new.terms_sha256
    assert old.digest != new.digest
    schema = kind_of(kind).schema
    then, now = (rendered(kind=kind, terms=parse(schema, terms), parties=PARTIES) for terms in (before, after))
    changed_ids = {a.id for a in then if a not in now} | {b.id for b in now if b not in then}
    bound = {clause.id for clause in (*then, *now) if field.name in {path.split(".")[0] for path in clause.terms}}
    assert bool(changed_ids) == (old.text_sha256 != new.text_sha256)
    # A sentence changes with a term that it is bound to, and with no other.
    assert changed_ids <= bound
    if bound:
        assert changed_ids


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_language_changes_both_texts_alike(kind):
    make_organisations()
    clauses = rendered(kind=kind, terms=parse(kind_of(kind).schema, demo_terms(kind)), parties=PARTIES)
    assert len(clauses) >= 10
    for clause in clauses:
        assert clause.body_en.strip()
        assert any("\u4e00" <= character <= "\u9fff" for character in clause.body_zh)
        assert "{" not in clause.body_en + clause.body_zh
    whole = "\n".join(clause.body_en for clause in clauses)
    assert "Meridian Materials plc" in whole
    assert "Voltaic Cells Ltd" in whole


@pytest.mark.django_db
def test_the_parties_and_the_days_are_part_of_what_is_signed():
    make_organisations()
    terms = demo_terms("offtake")
    one = fields_of("offtake", terms)
    other = version_fields(
        ref="ML-2023-001",
        kind="offtake",
        number=1,
        parties=("voltaic", "meridian"),
        terms=terms,
        effective_from=date(2023, 2, 1),
        supersedes=None,
    )
    later = version_fields(
        ref="ML-2023-001",
        kind="offtake",
        number=1,
        parties=PARTIES,
        terms=terms,
        effective_from=date(2023, 2, 2),
        supersedes=None,
    )
    assert len({one.digest, other.digest, later.digest}) == 3
    assert one.text_sha256 != other.text_sha256


class TestOnALedger:
    @pytest.fixture(autouse=True)
    def ledger(self, own_database):
        open_ledger_with_keys()

    def tamper(self, statement):
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE contracts_contractversion DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE contracts_signature DISABLE TRIGGER USER")
            cursor.execute(statement)

    def test_a_signed_version_holds(self):
        ref = active()
        assert check_version(ref=ref, number=1, party="voltaic") == ()
        with pytest.raises(ContractError) as error:
            check_version(ref=ref, number=1, party="stranger")
        assert error.value.code is ContractCode.UNKNOWN_CONTRACT

    def test_a_sentence_that_was_changed_without_its_term_is_named(self):
        ref = active()
        self.tamper("UPDATE contracts_contractversion SET text = replace(text, '4.0', '9.0')")
        faults = check_version(ref=ref, number=1, party=None)
        assert any("text" in fault and "recorded hash" in fault for fault in faults)
        assert any(fault.startswith("Clause ") and "template" in fault for fault in faults)

    def test_a_term_that_was_changed_without_its_sentence_is_named(self):
        ref = active()
        self.tamper(
            'UPDATE contracts_contractversion SET terms = replace(terms, \'"rate_pct":"4.0"\', \'"rate_pct":"9.0"\')'
        )
        faults = check_version(ref=ref, number=1, party=None)
        assert any("terms" in fault and "recorded hash" in fault for fault in faults)
        assert any("digest" in fault for fault in faults)
        assert any(fault.startswith("Clause ") for fault in faults)

    def test_a_digest_that_was_swapped_breaks_the_signatures(self):
        ref = active()
        self.tamper(f"UPDATE contracts_contractversion SET digest = '{'0' * 64}'")
        faults = check_version(ref=ref, number=1, party=None)
        assert sum(fault.startswith("The signature of") for fault in faults) == 2

    def test_what_changed_is_told_clause_by_clause(self):
        ref = active()
        services.amend(actor=LESSEE, ref=ref, changes={"min_fee": "750.00"}, effective_from=day(150), now=at(100))
        services.propose(actor=LESSEE, ref=ref, now=at(100))
        services.agree(actor=LESSOR, ref=ref, number=2, now=at(101))
        sign(LESSOR, ref, 102)
        found = changed_clauses(ref=ref, party="voltaic", a=1, b=2)
        assert [clause.terms for clause in found] == [("min_fee",)]
        assert "750" in found[0].after.body_en
        assert "750" in found[0].after.body_zh
        assert not found[0].out_of_step
        assert changed_clauses(ref=ref, party="voltaic", a=1, b=1) == ()
        with pytest.raises(ContractError) as error:
            changed_clauses(ref=ref, party="voltaic", a=1, b=9)
        assert error.value.code is ContractCode.UNKNOWN_VERSION
        current = contract_detail(ref=ref, party="voltaic", as_of=day(110))
        assert current.in_force == 1
