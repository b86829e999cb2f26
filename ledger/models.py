# ruff: noqa: DJ008 - rows are shown as the values that selectors make of them, never as themselves
"""Rows of the ledger. Django knows their shape; they are written only by `ledger/sql/`, and guarded by the database.

What is signed is kept as bytes (`note`, `seal`, `nonce`, `leaf`); every other column can be made again from them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class Inbox(models.Model):
    """A signed entry that somebody handed in. The app inserts; only the sequencer says what became of it."""

    class State(models.TextChoices):
        PENDING = "pending"
        POSTED = "posted"
        REFUSED = "refused"

    entry_id = models.BinaryField()
    note = models.BinaryField()
    received_at = models.DateTimeField()
    submitted_by = models.TextField()
    idempotency_key = models.TextField(null=True)
    kind = models.TextField()
    # The legs as [[owner, holder, element, state, lot, milligrams as text], ...]: what later callers must reckon with.
    legs = models.JSONField()
    state = models.TextField(db_default=State.PENDING)
    code = models.TextField(null=True)
    message = models.TextField(null=True)
    entry_index = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="ledger_inbox_pending", condition=Q(state="pending")),
            models.Index(fields=["entry_id"], name="ledger_inbox_entry_id"),
        ]
        constraints = [
            # A refused entry may be handed in again when the reason is gone.
            models.UniqueConstraint(fields=["entry_id"], condition=~Q(state="refused"), name="ledger_inbox_entry_once"),
            models.UniqueConstraint(
                fields=["submitted_by", "idempotency_key"],
                condition=~Q(state="refused"),
                name="ledger_inbox_idempotency_key_once",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", entry_index=None, code=None)
                | Q(state="posted", entry_index__isnull=False, code=None)
                | Q(state="refused", entry_index=None, code__isnull=False, message__isnull=False),
                name="ledger_inbox_state_is_explained",
            ),
        ]


class Entry(models.Model):
    """A posted entry: leaf number `index` of the tree."""

    index = models.BigIntegerField(primary_key=True)
    entry_id = models.BinaryField(unique=True)
    kind = models.TextField()
    occurred = models.DateField()
    recorded = models.DateTimeField()
    note = models.BinaryField()
    seal = models.BinaryField()
    nonce = models.BinaryField()
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField()
    contract = models.TextField(null=True)
    reference = models.TextField(null=True)
    corrects = models.BinaryField(null=True)
    public = models.BooleanField()
    readers = ArrayField(models.TextField())
    # Who handed it in; nobody signs this, it is the operator's own record.
    submitted_by = models.TextField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["readers"], name="ledger_entry_readers"),
            models.Index(
                fields=["contract", "index"], name="ledger_entry_contract", condition=Q(contract__isnull=False)
            ),
            models.Index(fields=["corrects"], name="ledger_entry_corrects", condition=Q(corrects__isnull=False)),
            models.Index(fields=["kind", "index"], name="ledger_entry_kind"),
        ]
        constraints = [models.CheckConstraint(condition=Q(index__gte=0), name="ledger_entry_index_counts_from_zero")]


class Account(models.Model):
    """Owner × holder × element × state × lot."""

    owner = models.TextField()
    holder = models.TextField()
    element = models.TextField()
    state = models.TextField()
    lot = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "holder", "element", "state", "lot"], name="ledger_account_once")
        ]
        indexes = [
            models.Index(fields=["holder"], name="ledger_account_holder"),
            models.Index(fields=["element"], name="ledger_account_element"),
        ]


class Leg(models.Model):
    """What one entry did to one account.

    `occurred_max` is the latest day among the account's legs so far. It never falls, so the legs known at any tree
    size and dated up to any day are one prefix of the account's chain, whose last leg carries the sum, and the late
    legs (occurred < occurred_max) between its end and that of what was known, which `Late` sums up.
    """

    pk = models.CompositePrimaryKey("entry_id", "leg_no")
    # The database does not look these two up for every leg again: rows come from `ledger_post` alone, and nothing that
    # they point to can ever be deleted.
    entry = models.ForeignKey(
        Entry,
        on_delete=models.RESTRICT,
        db_column="entry_index",
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    leg_no = models.SmallIntegerField()
    account = models.ForeignKey(
        Account, on_delete=models.RESTRICT, db_index=False, db_constraint=False, related_name="+"
    )
    mass_mg = models.BigIntegerField()
    occurred = models.DateField()
    occurred_max = models.DateField()
    account_seq = models.BigIntegerField()
    balance_after_mg = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "entry"], include=["balance_after_mg"], name="ledger_leg_by_index"),
            models.Index(fields=["account", "occurred_max", "entry"], name="ledger_leg_by_day"),
            models.Index(
                fields=["account", "account_seq"],
                include=["occurred", "mass_mg"],
                condition=Q(occurred__lt=F("occurred_max")),
                name="ledger_leg_late",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(occurred__lte=F("occurred_max")), name="ledger_leg_day_is_counted")
        ]


class Late(models.Model):
    """The sum of the late legs of one block of an account's chain up to and with a day. A projection: see late.sql."""

    pk = models.CompositePrimaryKey("account_id", "level", "number", "occurred")
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, db_index=False, related_name="+")
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    occurred = models.DateField()
    mass_mg = models.BigIntegerField()


class Balance(models.Model):
    """The end of each account's chain. A projection: the sequencer's alone, and made again by replay."""

    account = models.OneToOneField(Account, on_delete=models.RESTRICT, primary_key=True, related_name="+")
    seq = models.BigIntegerField()
    last_entry_id = models.BinaryField()
    mass_mg = models.BigIntegerField()
    occurred_max = models.DateField()
    # The most days by which a leg came late: how far past a day a look-up must search for legs that belong before it.
    late_days = models.IntegerField()
    # False only for a source, from which mass enters the ledger.
    bounded = models.BooleanField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mass_mg__gte=0) | Q(bounded=False), name="ledger_balance_not_below_zero")
        ]


class Checkpoint(models.Model):
    """A signed tree head. `frontier` holds the right edge of the tree, from which it grows."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.BinaryField()
    frontier = models.BinaryField()
    created_at = models.DateTimeField()


class Cosignature(models.Model):
    """A witness's line under a checkpoint, verified before it was kept: `signature` begins with the time."""

    pk = models.CompositePrimaryKey("checkpoint_id", "key_name", "key_id")
    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.RESTRICT, db_column="size", db_index=False, related_name="+"
    )
    key_name = models.TextField()
    key_id = models.BinaryField()
    vkey = models.TextField()
    signature = models.BinaryField()
    cosigned_at = models.DateTimeField()


class Tile(models.Model):
    """A full tile of 256 hashes, and the root over them, which is a hash of the level above."""

    pk = models.CompositePrimaryKey("level", "number")
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()


class Key(models.Model):
    """A key registered by a public entry, or the registry's root; valid for the leaves from `valid_from_index`."""

    vkey = models.TextField(primary_key=True)
    name = models.TextField()
    party = models.TextField()
    purpose = models.TextField()
    custody = models.TextField()
    valid_from_index = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["party"], name="ledger_key_party")]


class KeyRevocation(models.Model):
    """The end of a key, by a public entry: it signs no leaf from `revoked_at_index` on.

    What it signed from `compromised_since_index` on is disputed.
    """

    key = models.OneToOneField(Key, on_delete=models.RESTRICT, primary_key=True, db_column="vkey", related_name="+")
    revoked_at_index = models.BigIntegerField()
    compromised_since_index = models.BigIntegerField(null=True)


class Pledge(models.Model):
    """What a pledge put on an account, and what of it is left. A projection, as are the three tables below."""

    pk = models.CompositePrimaryKey("entry_id", "account_id")
    entry = models.ForeignKey(
        Entry, on_delete=models.RESTRICT, db_column="entry_index", db_index=False, related_name="+"
    )
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, related_name="+")
    pledgee = models.TextField()
    pledged_mg = models.BigIntegerField()
    left_mg = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(left_mg__gte=0, left_mg__lte=F("pledged_mg")), name="ledger_pledge_left_is_a_part"
            )
        ]
        indexes = [models.Index(fields=["entry"], condition=Q(left_mg__gt=0), name="ledger_pledge_open")]


class Shipment(models.Model):
    """What a shipment put into transit on an account, and what of it is still on its way."""

    pk = models.CompositePrimaryKey("entry_id", "account_id")
    entry = models.ForeignKey(
        Entry, on_delete=models.RESTRICT, db_column="entry_index", db_index=False, related_name="+"
    )
    account = models.ForeignKey(Account, on_delete=models.RESTRICT, db_index=False, related_name="+")
    receiver = models.TextField(null=True)
    expected_by = models.DateField(null=True)
    shipped_mg = models.BigIntegerField()
    left_mg = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(left_mg__gte=0, left_mg__lte=F("shipped_mg")), name="ledger_shipment_left_is_a_part"
            )
        ]
        indexes = [models.Index(fields=["account"], condition=Q(left_mg__gt=0), name="ledger_shipment_open")]


class Period(models.Model):
    """The day up to which two parties have closed the accounts of which one is owner and the other holder."""

    pk = models.CompositePrimaryKey("party", "other")
    party = models.TextField()
    other = models.TextField()
    closed_until = models.DateField()
    entry = models.ForeignKey(
        Entry, on_delete=models.RESTRICT, db_column="entry_index", db_index=False, related_name="+"
    )


class Dispute(models.Model):
    """An entry that a party's compromised key signed; in doubt until the party reaffirms it, if it does."""

    pk = models.CompositePrimaryKey("entry_id", "party")
    entry = models.ForeignKey(
        Entry, on_delete=models.RESTRICT, db_column="entry_index", db_index=False, related_name="+"
    )
    party = models.TextField()
    reaffirmed_index = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["reaffirmed_index"],
                condition=Q(reaffirmed_index__isnull=False),
                name="ledger_dispute_reaffirmed",
            )
        ]


class Manifest(models.Model):
    """A list of serials, kept once by its digest."""

    sha256 = models.BinaryField(primary_key=True)
    serials = models.IntegerField()
    root = models.BinaryField()
    content = models.BinaryField()


class EntryManifest(models.Model):
    """The manifest of an entry, handed in by one of its readers: who only knows a digest is not given the list."""

    entry = models.OneToOneField(
        Entry, on_delete=models.RESTRICT, primary_key=True, db_column="entry_index", related_name="+"
    )
    manifest = models.ForeignKey(Manifest, on_delete=models.RESTRICT, db_column="manifest_sha256", related_name="+")


class Disclosure(models.Model):
    """A disclosure (RFC 9901) of a fact that an entry hides, kept for one of the entry's readers."""

    pk = models.CompositePrimaryKey("entry_id", "reader", "digest")
    entry_id = models.BinaryField()
    reader = models.TextField()
    digest = models.TextField()
    disclosure = models.TextField()
    given_by = models.TextField()
    kept_at = models.DateTimeField()


class Audited(models.Model):
    """A checkpoint up to which an auditor says that it has audited the ledger: its next export begins there."""

    pk = models.CompositePrimaryKey("auditor", "size")
    auditor = models.TextField()
    size = models.BigIntegerField()
    checkpoint = models.BinaryField()
    kept_at = models.DateTimeField()
