"""Keys: held by the party or hosted for it; registered with proof of possession, revoked, changed, sealed anew."""

import dataclasses
import datetime as dt
import secrets

import pytest
from django.conf import settings as django_settings

from ledger.core.entry import Entry, decode, encode
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, SignerKey, VerifierKey, encode_base64
from ledger.selectors.entries import list_entries, submission
from ledger.selectors.keys import keys
from ledger.services.sequence_pending import sequence_pending
from lode.parties import services
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey, KeyChange
from lode.parties.selectors import kept_line, key_change, signing_of, valid_keys
from tests.parties.keys_world import LUNA, NOW, TERRA, open_world, own_key, register, sign_papers


@pytest.fixture(autouse=True)
def world(own_database):
    open_world()


def code_of(call, *args, **kwargs):
    with pytest.raises((PartiesError, LedgerError)) as refused:
        call(*args, **kwargs)
    return refused.value.code


def begin(key: SignerKey, actor: Actor = TERRA, purpose: str = "entry") -> str:
    return services.begin_key_registration(actor=actor, vkey=str(key.vkey), purpose=purpose, now=NOW)


def finish(challenge: str, lines: dict[str, str], actor: Actor = TERRA, now: dt.datetime = NOW) -> str:
    return services.finish_key_change(actor=actor, challenge=challenge, lines=lines, now=now)


def agreed_text(nonce: str = "n-1") -> bytes:
    return encode(agreed(nonce))


def agreed(nonce: str = "n-1") -> Entry:
    return Entry(
        kind="statement",
        book=django_settings.LEDGER_ORIGIN,
        nonce=nonce,
        occurred="2024-02-29",
        parties=("luna", "terra"),
        documents={"balance.json": "0" * 64},
    )


class TestRegisteringAHeldKey:
    def test_it_stands_in_the_registry_as_held_and_signs_from_then_on(self):
        key = own_key()
        entry_id = register(key)
        registered = next(found for found in keys(party="terra") if found.vkey == str(key.vkey))
        assert (registered.custody, registered.purpose, registered.revoked_at_index) == ("held", "entry", None)
        assert submission(entry_id=entry_id, party=None).state == "posted"
        assert (signing_of("terra").custody, signing_of("terra").vkeys) == ("held", (str(key.vkey),))

    def test_finishing_twice_is_done_once(self):
        key = own_key()
        challenge = begin(key)
        lines = sign_papers(challenge, TERRA, key)
        assert finish(challenge, lines) == finish(challenge, {})
        sequence_pending()
        assert len([found for found in keys(party="terra") if found.vkey == str(key.vkey)]) == 1

    def test_a_challenge_signed_by_another_key_is_refused(self):
        key, stranger = own_key(), own_key(label="stranger", seed=9)
        challenge = begin(key)
        paper = key_change(challenge=challenge, actor=TERRA, book=django_settings.LEDGER_ORIGIN).papers[0]
        # The stranger's signature under the key's own name and id: only the mathematics says no.
        forged = dataclasses.replace(stranger.sign(paper.text), name=key.name, key_id=key.vkey.key_id)
        for line in (str(stranger.sign(paper.text)), str(forged), "— x y", "<script>", paper.text.decode()):
            assert code_of(finish, challenge, {paper.name: line}) is PartiesCode.BAD_SIGNATURE
        assert code_of(finish, challenge, {}) is PartiesCode.SIGNATURE_NEEDED
        assert KeyChange.objects.get().entry_id == ""

    def test_a_proof_of_possession_fits_one_challenge_only(self):
        key = own_key()
        first, second = begin(key), begin(key)
        lines = sign_papers(first, TERRA, key)
        assert code_of(finish, second, lines) is PartiesCode.BAD_SIGNATURE
        finish(first, lines)
        assert code_of(finish, second, lines) is PartiesCode.BAD_SIGNATURE
        again = sign_papers(second, TERRA, key)
        assert code_of(finish, second, again) is LedgerCode.DUPLICATE

    def test_another_organisation_cannot_finish_or_read_a_change(self):
        challenge = begin(own_key())
        lines = sign_papers(challenge, TERRA, own_key())
        assert code_of(finish, challenge, lines, LUNA) is PartiesCode.UNKNOWN_KEY_CHANGE
        read = {"challenge": challenge, "actor": LUNA, "book": django_settings.LEDGER_ORIGIN}
        assert code_of(key_change, **read) is PartiesCode.UNKNOWN_KEY_CHANGE

    @pytest.mark.parametrize(
        "name",
        [
            "luna.ledger.lode.example/entry/own",
            "terra.ledger.lode.example/recovery/own",
            "terra.ledger.lode.example/entry/",
            "terra.ledger.lode.example/entry/Own",
            "terra.ledger.lode.example/entry/<script>alert(1)</script>",
            "terra.ledger.lode.example/entry/own/2",
            "terra.ledger.lode.example.evil/entry/own",
            "terraXledger.lode.example/entry/own",
            "ledger.lode.example/demo/registry",
        ],
    )
    def test_a_name_that_is_not_the_partys_own_is_refused(self, name):
        assert code_of(begin, SignerKey(name, bytes(32))) is PartiesCode.BAD_KEY_NAME

    def test_a_log_or_registry_key_comes_in_by_no_such_door(self):
        for purpose in ("registry", "log", "witness", "ENTRY", ""):
            assert code_of(begin, own_key(purpose=purpose), TERRA, purpose) is PartiesCode.BAD_KEY_NAME

    @pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", b"\x05" * 31])
    def test_a_weak_or_broken_key_is_refused(self, point):
        import hashlib

        name = own_key().name
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + point).hexdigest()[:8]
        vkey = f"{name}+{key_id}+{encode_base64(bytes([1]) + point)}"
        refused = code_of(services.begin_key_registration, actor=TERRA, vkey=vkey, purpose="entry", now=NOW)
        assert refused is LedgerCode.BAD_KEY

    def test_a_key_of_another_party_cannot_be_registered_under_a_second_name(self):
        theirs = own_key("luna")
        register(theirs, LUNA)
        stolen = SignerKey(own_key("terra", "mine").name, theirs.seed)
        challenge = begin(stolen)
        assert code_of(finish, challenge, sign_papers(challenge, TERRA, stolen)) is LedgerCode.DUPLICATE

    @pytest.mark.parametrize("actor", [Actor("terra", "commercial", 1), Actor("terra", "auditor", 2, sees_all=True)])
    def test_only_those_who_manage_keys_do(self, actor):
        challenge = begin(own_key())
        assert code_of(begin, own_key(), actor) is PartiesCode.NOT_ALLOWED
        assert code_of(finish, challenge, {}, actor) is PartiesCode.NOT_ALLOWED
        assert code_of(services.rotate_hosted_key, actor=actor, label="x", now=NOW) is PartiesCode.NOT_ALLOWED
        vkey = keys(party="terra")[0].vkey
        revoke = {"actor": actor, "vkey": vkey, "reason": "lost", "now": NOW}
        assert code_of(services.begin_key_revocation, **revoke) is PartiesCode.NOT_ALLOWED

    def test_a_change_is_open_for_seven_days(self):
        challenge = begin(own_key())
        lines = sign_papers(challenge, TERRA, own_key())
        late = NOW + dt.timedelta(days=7, seconds=1)
        assert code_of(finish, challenge, lines, TERRA, late) is PartiesCode.KEY_CHANGE_EXPIRED
        assert finish(challenge, lines, TERRA, NOW + dt.timedelta(days=7))


class TestRevoking:
    def revoke(self, vkey: str, **more) -> str:
        challenge = services.begin_key_revocation(actor=TERRA, vkey=vkey, reason="lost", now=NOW, **more)
        entry_id = finish(challenge, {})
        sequence_pending()
        return entry_id

    def test_a_revoked_key_signs_nothing_and_lodes_key_signs_again(self):
        key = own_key()
        register(key)
        entry_id = self.revoke(str(key.vkey))
        row = next(found for found in keys(party="terra") if found.vkey == str(key.vkey))
        assert row.revoked_at_index == submission(entry_id=entry_id, party=None).index
        assert signing_of("terra").custody == "hosted"
        text = agreed_text()
        line = str(key.sign(text))
        assert code_of(services.signature_of, organisation="terra", text=text, given=line) is PartiesCode.BAD_SIGNATURE

    def test_revoking_a_hosted_key_retires_it(self):
        (hosted,) = keys(party="terra")
        self.revoke(hosted.vkey)
        assert HostedKey.objects.get(vkey=hosted.vkey).retired_at == NOW
        assert signing_of("terra").custody == "none"

    def test_another_partys_key_or_one_that_is_revoked_is_unknown(self):
        (theirs,) = keys(party="luna")
        (ours,) = keys(party="terra")
        self.revoke(ours.vkey)
        for vkey in (theirs.vkey, ours.vkey, "nonsense"):
            given = {"actor": TERRA, "vkey": vkey, "reason": "lost", "now": NOW}
            assert code_of(services.begin_key_revocation, **given) is PartiesCode.UNKNOWN_KEY


class TestSigning:
    def test_lode_signs_no_more_for_a_party_that_keeps_its_key(self):
        register(own_key())
        given = {"organisation": "terra", "text": agreed_text()}
        assert code_of(services.signature_of, **given) is PartiesCode.SIGNATURE_NEEDED

    def test_a_given_line_counts_when_it_is_by_the_partys_own_valid_key(self):
        key, text = own_key(), agreed_text()
        register(key)
        register(own_key("luna", seed=8), LUNA)
        line = services.signature_of(organisation="terra", text=text, given=str(key.sign(text)))
        assert Note(text, (line,)).verify([key.vkey]) == (key.vkey,)
        luna, other_text = own_key("luna", seed=8), agreed_text("n-2")
        for given in (luna.sign(text), key.sign(other_text), own_key(label="unregistered", seed=5).sign(text)):
            refused = code_of(services.signature_of, organisation="terra", text=text, given=str(given))
            assert refused is PartiesCode.BAD_SIGNATURE

    def test_two_parties_that_keep_their_keys_sign_one_after_the_other(self):
        ours, theirs, entry = own_key(), own_key("luna", seed=8), agreed()
        register(ours)
        register(theirs, LUNA)
        text = encode(entry)
        services.keep_signature(text=text, actor=TERRA, now=NOW, given=str(ours.sign(text)))
        post = {"entry": entry, "signers": ["luna", "terra"], "actor": LUNA, "now": NOW}
        assert code_of(services.post_entry, **post) is PartiesCode.SIGNATURE_NEEDED
        posted = services.post_entry(**post, given=str(theirs.sign(text)))
        sequence_pending()
        assert submission(entry_id=posted.entry_id, party="terra").state == "posted"
        (found,) = list_entries(party="terra", kind="statement")
        assert [(line.party, line.custody) for line in found.signatures] == [("luna", "held"), ("terra", "held")]
        assert kept_line(organisation="terra", text=text) is None

    def test_one_that_keeps_its_key_and_one_that_does_not(self):
        key, entry = own_key(), agreed()
        register(key)
        services.keep_signature(text=encode(entry), actor=LUNA, now=NOW)
        given = str(key.sign(encode(entry)))
        services.post_entry(entry=entry, signers=["luna", "terra"], actor=TERRA, now=NOW, given=given)
        sequence_pending()
        (found,) = list_entries(party="terra", kind="statement")
        assert [(line.party, line.custody) for line in found.signatures] == [("luna", "hosted"), ("terra", "held")]

    def test_a_kept_signature_of_a_key_revoked_since_does_not_count(self):
        key, text = own_key(), agreed_text()
        register(key)
        services.keep_signature(text=text, actor=TERRA, now=NOW, given=str(key.sign(text)))
        assert kept_line(organisation="terra", text=text)
        TestRevoking().revoke(str(key.vkey))
        assert kept_line(organisation="terra", text=text) is None


class TestHostedKeys:
    def test_a_new_key_takes_the_old_ones_place(self):
        (old,) = keys(party="terra")
        vkey = services.rotate_hosted_key(actor=TERRA, label="2025", now=NOW)
        sequence_pending()
        first, second = keys(party="terra")
        assert (first.vkey, second.vkey, second.custody) == (old.vkey, vkey, "hosted")
        assert (first.revoked_at_index, second.revoked_at_index) == (second.valid_from_index, None)
        line = services.signature_of(organisation="terra", text=agreed_text())
        assert line.key_id == VerifierKey.parse(vkey).key_id
        services.post_entry(entry=agreed(), signers=["luna", "terra"], actor=TERRA, now=NOW)
        sequence_pending()
        assert len(list_entries(party="terra", kind="statement")) == 1

    def test_a_label_is_used_once_and_nothing_is_half_done(self):
        before = keys(party="terra")
        with pytest.raises(Exception, match=r"registered already|duplicate"):
            services.rotate_hosted_key(actor=TERRA, label="2024", now=NOW)
        sequence_pending()
        assert keys(party="terra") == before
        assert HostedKey.objects.filter(organisation_id="terra", retired_at=None).count() == 1

    def test_resealing_goes_on_where_it_stopped_and_keys_sign_meanwhile(self, settings):
        first = settings.LODE_KEY_ENCRYPTION_KEY
        settings.LODE_KEY_ENCRYPTION_KEY, settings.LODE_KEY_ENCRYPTION_KEYS_OLD = secrets.token_hex(), [first]
        lost = HostedKey.objects.get(organisation_id="luna")
        sound = bytes(lost.sealed_seed)
        HostedKey.objects.filter(pk=lost.pk).update(sealed_seed=sound[:-1] + bytes([sound[-1] ^ 1]))
        assert code_of(services.reseal_hosted_keys) is PartiesCode.UNSEALING_FAILED
        HostedKey.objects.filter(pk=lost.pk).update(sealed_seed=sound)
        assert services.signature_of(organisation="luna", text=agreed_text())
        assert services.reseal_hosted_keys() == (1, 2)
        assert services.reseal_hosted_keys() == (0, 2)
        settings.LODE_KEY_ENCRYPTION_KEYS_OLD = []
        for name in ("terra", "luna"):
            assert services.signature_of(organisation=name, text=agreed_text())


class TestRecovery:
    """Once there is a recovery key, the operator alone can neither register nor revoke a key of the organisation."""

    @pytest.fixture(autouse=True)
    def recovery(self) -> SignerKey:
        key = own_key(purpose="recovery", seed=3)
        register(key, TERRA, "recovery")
        return key

    def test_a_new_key_is_agreed_to_by_an_entry_key_or_the_recovery_key(self, recovery):
        first, second = own_key(), own_key(label="second", seed=8)
        register(first, TERRA, "entry", recovery)  # Lode's key of Terra agrees by itself
        challenge = begin(second)
        papers = key_change(challenge=challenge, actor=TERRA, book=django_settings.LEDGER_ORIGIN).papers
        assert [paper.name for paper in papers] == ["possession", "authorisation"]
        assert str(recovery.vkey) in papers[1].vkeys
        assert str(first.vkey) in papers[1].vkeys
        lines = sign_papers(challenge, TERRA, second, first)
        assert code_of(finish, challenge, {"possession": lines["possession"]}) is PartiesCode.SIGNATURE_NEEDED
        wrong = {**lines, "authorisation": str(second.sign(papers[1].text))}
        assert code_of(finish, challenge, wrong) is PartiesCode.BAD_SIGNATURE
        entry_id = finish(challenge, lines)
        sequence_pending()
        (entry,) = list_entries(party=None, kind="key", indexes=[submission(entry_id=entry_id, party=None).index])
        assert [(line.party, line.custody) for line in entry.signatures] == [("registry", "held"), ("terra", "held")]

    def test_the_operator_alone_registers_nothing(self):
        from ledger.services.register_key import register_key

        given = {"party": "terra", "vkey": str(own_key(label="planted", seed=4).vkey), "custody": "held", "now": NOW}
        assert code_of(register_key, **given) is LedgerCode.MISSING_SIGNATURE

    def test_a_recovery_key_is_changed_by_a_recovery_key_alone(self, recovery):
        second = own_key(purpose="recovery", label="second", seed=5)
        challenge = begin(second, TERRA, "recovery")
        papers = key_change(challenge=challenge, actor=TERRA, book=django_settings.LEDGER_ORIGIN).papers
        assert papers[1].vkeys == (str(recovery.vkey),)
        finish(challenge, sign_papers(challenge, TERRA, second, recovery))
        sequence_pending()
        revoking = {"actor": TERRA, "vkey": str(recovery.vkey), "reason": "old", "now": NOW}
        challenge = services.begin_key_revocation(**revoking)
        finish(challenge, sign_papers(challenge, TERRA, second))
        sequence_pending()
        valid = [
            found.vkey for found in keys(party="terra") if found.purpose == "recovery" and not found.revoked_at_index
        ]
        assert valid == [str(second.vkey)]

    def test_a_key_that_somebody_else_had_is_revoked_with_the_leaf_since_when(self, recovery):
        key = own_key()
        register(key, TERRA, "entry", recovery)
        since = next(found.valid_from_index for found in keys(party="terra") if found.vkey == str(key.vkey))
        given = {"actor": TERRA, "vkey": str(key.vkey), "reason": "laptop stolen", "now": NOW}
        challenge = services.begin_key_revocation(**given, compromised_since_index=since)
        finish(challenge, sign_papers(challenge, TERRA, recovery))
        sequence_pending()
        row = next(found for found in keys(party="terra") if found.vkey == str(key.vkey))
        assert (row.compromised_since_index, row.revoked_at_index is None) == (since, False)

    def test_lodes_key_is_changed_with_its_own_consent(self):
        vkey = services.rotate_hosted_key(actor=TERRA, label="2025", now=NOW)
        sequence_pending()
        assert [found.vkey for found in valid_keys("terra", "entry")] == [vkey]


def test_what_a_new_key_signs_is_no_entry():
    key = own_key()
    challenge = begin(key)
    (paper,) = key_change(challenge=challenge, actor=TERRA, book=django_settings.LEDGER_ORIGIN).papers
    assert paper.text.startswith(b"lode/key-possession/v1\n")
    with pytest.raises(LedgerError):
        decode(paper.text)
