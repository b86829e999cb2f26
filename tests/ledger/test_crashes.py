"""The process is killed at every step of the sequencer; the next run finishes, and nothing is lost or posted twice.

Each step is tried in both variants: it did not happen (killed before its commit), and it happened but nobody was told.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.core.checkpoint import Checkpoint
from ledger.core.note import Note
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import list_entries
from ledger.services.failpoints import STEPS, VARIABLE
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import sequence_pending
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import chain
from tests.ledger.world import account, append, open_world, receive
from tests.support.databases import environment

ROOT = Path(__file__).resolve().parents[2]
CALLER = """
import sys
sys.path[:0] = [{root!r}, {platform!r}]
import django
django.setup()
from tests.ledger.world import append
append(open({note!r}, "rb").read(), idempotency_key={key!r})
"""


def append_and_die(database: str, var: Path, note: bytes, failpoint: str, key: str | None = None) -> None:
    """Append in another process that is killed at the failpoint; with a `key` by way of the inbox, else at once."""
    (var / "note").write_bytes(note)
    script = CALLER.format(root=str(ROOT), platform=str(ROOT / "platform"), note=str(var / "note"), key=key)
    variables = {"DJANGO_SETTINGS_MODULE": "lode.config.settings", VARIABLE: failpoint}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment(database, var), **variables},
        cwd=ROOT,
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def published_size(var: Path) -> int:
    note = (var / "ledger" / "public" / "checkpoint").read_bytes()
    return Checkpoint.parse(Note.parse(note).text).size


@pytest.mark.parametrize(
    ("failpoint", "entries", "signed", "published"),
    [
        ("written", 4, 4, 4),  # the batch is written, its transaction is not committed
        ("staged", 5, 4, 4),  # committed; no checkpoint covers it
        ("remembered", 5, 4, 4),  # the signer has remembered the new head; the checkpoint is not committed
        ("committed", 5, 5, 4),  # the checkpoint is committed; no file is written
        ("tiles", 5, 5, 4),  # tiles are written under the old checkpoint
        ("published", 5, 5, 5),  # all is done, and the caller never heard of it
    ],
)
def test_killed_at_any_step_and_swept_up(
    own_database: str, tmp_path: Path, failpoint: str, entries: int, signed: int, published: int
) -> None:
    open_world()
    note = receive(7)
    append_and_die(own_database, tmp_path, note, failpoint, key="by way of the inbox")
    last = chain.last_checkpoint()
    assert last is not None
    assert (ledger_size(), last.size, published_size(tmp_path)) == (entries, signed, published)

    report = sequence_pending()

    assert report.posted == 5 - entries
    assert published_size(tmp_path) == ledger_size() == 5
    assert append(note).existed
    assert account_balance(account=account(), party=None) == 7
    assert [entry.kind for entry in list_entries(party=None)].count("receive") == 1
    assert verify_ledger().problems == ()


@pytest.mark.parametrize("failpoint", STEPS)
def test_killed_at_any_step_while_posting_at_once_and_handed_in_again(
    own_database: str, tmp_path: Path, failpoint: str
) -> None:
    open_world()
    note = receive(7)
    append_and_die(own_database, tmp_path, note, failpoint)
    kept = failpoint != "written"  # what was not committed was not answered, and nothing of it is left
    assert ledger_size() == 4 + kept
    assert append(note).existed is kept
    assert published_size(tmp_path) == ledger_size() == 5
    assert account_balance(account=account(), party=None) == 7
    assert verify_ledger().problems == ()


def test_publishing_again_writes_the_same(own_database: str, tmp_path: Path) -> None:
    open_world()
    append(receive(7))
    public = tmp_path / "ledger" / "public"
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    (public / "checkpoint").unlink()
    (public / "tile" / "0" / "000.p" / "5").unlink()
    assert publish_files() == 5
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before
