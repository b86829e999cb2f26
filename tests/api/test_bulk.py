"""Streams of entries and manifests of serials over the API: by Django's client, and against a real server."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections

from ledger.core import manifest
from ledger.core.bulk import write_note
from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.selectors.checkpoints import ledger_size
from ledger.services import append_entries
from ledger.services.append_entries import CHUNK
from ledger.services.verify_ledger import verify_ledger
from lode.parties.services import signed_note
from tests.api import world
from tests.support.sites import site

NDJSON = "application/x-ndjson"


def entry_line(number: int) -> bytes:
    return write_note(world.entry_note(nonce=f"bulk-{number}").encode())


def post(api, body: bytes, path: str = "entries/bulk", role: str = "meridian", content_type: str = NDJSON):
    return api.post(path, body, role=role, content_type=content_type)


def answers(response) -> tuple[list[dict], dict]:
    assert (response.status_code, response["Content-Type"]) == (200, NDJSON), response.getvalue()
    *lines, last = [json.loads(line) for line in response.getvalue().splitlines()]
    return lines, last["summary"]


def embody(details: dict[str, object]) -> int:
    stock = Account("meridian", "meridian", "Ni", "stock", "lot-9")
    entry = Entry(
        kind="embody",
        book=settings.LEDGER_ORIGIN,
        nonce="embody-1",
        occurred="2024-01-21",
        legs=net_legs(move(stock, stock._replace(state="product"), 5)),
        details=details,
    )
    note = signed_note(text=encode(entry), organisations=["meridian"])
    (report,) = append_entries.append_entries(notes=[note], submitted_by="meridian", clock=lambda: world.NOW)
    return report.index


class TestStreams:
    def test_each_line_is_answered(self, api):
        size = ledger_size()
        foreign = write_note(signed_by_voltaic())
        body = entry_line(1) + b'{"note": 7}\n' + b"\xff\n" + entry_line(2) + foreign + entry_line(1)
        lines, summary = answers(post(api, body))
        assert [(item["line"], item["state"], item["index"], item["code"]) for item in lines] == [
            (1, "posted", size, None),
            (2, "refused", None, "malformed"),
            (3, "refused", None, "malformed"),
            (4, "posted", size + 1, None),
            (5, "refused", None, "forbidden"),
            (6, "existed", size, "duplicate"),
        ]
        assert summary == {
            "complete": True, "lines": 6, "posted": 2, "existed": 1, "pending": 0, "refused": 3,
            "code": None, "sentence": None,
        }  # fmt: skip
        assert api.get(f"entries/{size}").json()["entry_id"] == lines[0]["entry_id"]

    def test_it_stops_where_it_is_asked_to(self, api):
        body = entry_line(1) + b"broken\n" + entry_line(2)
        lines, summary = answers(post(api, body, "entries/bulk?stop_at_first=true"))
        assert [item["state"] for item in lines] == ["posted", "refused"]
        assert (summary["complete"], summary["lines"]) == (False, 2)

    def test_other_forms_are_refused_before_anything_is_read(self, api):
        for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
            refused = post(api, entry_line(1), content_type=content_type)
            assert (refused.status_code, refused.json()["code"]) == (415, "unsupported-media-type")
        refused = post(api, entry_line(1), "entries/bulk?stop=1")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")

    def test_a_fault_of_ours_ends_the_answer_with_a_reference(self, api, monkeypatch, caplog):
        def broken(**_: object) -> Iterator[object]:
            yield from ()
            raise RuntimeError("secret of the machine")

        monkeypatch.setattr("lode.api.views.bulk.append_entries", broken)
        lines, summary = answers(post(api, entry_line(1)))
        assert (lines, summary["complete"], summary["code"]) == ([], False, "internal-error")
        assert "secret" not in str(summary)
        assert summary["sentence"].split()[-1].strip(".") in caplog.text


def signed_by_voltaic() -> bytes:
    stock = Account("voltaic", "voltaic", "Ni", "stock", "own")
    legs = net_legs(move(stock._replace(state="source"), stock, 5))
    entry = Entry("receive", settings.LEDGER_ORIGIN, "v-1", "2024-01-20", legs, reference="PO-1")
    return signed_note(text=encode(entry), organisations=["voltaic"])


class TestManifests:
    FILE = manifest.write(["PACK-1", "PACK-2"])

    def test_it_comes_back_to_readers_alone(self, api):
        answers(post(api, entry_line(1)))
        index = embody(manifest.read([self.FILE]).details)
        path = f"entries/{index}/manifest"
        assert api.get(path).status_code == 404
        assert post(api, self.FILE, path, role="voltaic", content_type="text/plain").status_code == 404
        for status, existed in ((201, False), (200, True)):
            kept = post(api, self.FILE, path, content_type="text/plain")
            assert kept.status_code == status
            assert kept.json() == {
                "sha256": manifest.read([self.FILE]).sha256,
                "serials": 2,
                "root": manifest.read([self.FILE]).root,
                "existed": existed,
            }
        for role in ("meridian", "veritas"):
            back = api.get(path, role=role)
            assert (back.status_code, back.content) == (200, self.FILE)
            assert back["Content-Type"] == "text/plain; charset=utf-8"
        assert api.get(path, role="voltaic").status_code == 404

    def test_another_one_is_refused(self, api):
        answers(post(api, entry_line(1)))
        index = embody(manifest.read([self.FILE]).details)
        for body in (manifest.write(["PACK-1"]), self.FILE[:-1], b"\xff" * 200_000):
            refused = post(api, body, f"entries/{index}/manifest", content_type="text/plain; charset=utf-8")
            assert (refused.status_code, refused.json()["code"]) == (422, "ledger.bad-manifest")
        assert api.get(f"entries/{index}/manifest").status_code == 404


@pytest.fixture
def served(api, tmp_path: Path) -> Iterator[tuple[str, str]]:
    with site(str(connections["default"].settings_dict["NAME"]), tmp_path) as address:
        yield address, api.tokens["meridian"]


def connect(address: str, token: str, body_headers: dict[str, str]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.putrequest("POST", "/api/v1/entries/bulk")
    for name, value in {"Authorization": f"Bearer {token}", "Content-Type": NDJSON, **body_headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class TestServer:
    def test_lines_are_answered_while_the_body_is_still_sent(self, served):
        size = ledger_size()
        count = 5 * CHUNK
        lines = [entry_line(number) for number in range(count + 1)]
        connection = connect(*served, {"Transfer-Encoding": "chunked"})
        connection.send(chunk(b"".join(lines[:-1])))
        # The server waits for more of the body; what it has read in full it has posted and answered.
        response = connection.getresponse()
        first = [json.loads(response.readline()) for _ in range(CHUNK)]
        assert [item["index"] for item in first] == list(range(size, size + CHUNK))
        connection.send(chunk(lines[-1]) + chunk(b""))
        rest = [json.loads(line) for line in response.read().splitlines()]
        assert [item["index"] for item in rest[:-1]] == list(range(size + CHUNK, size + count + 1))
        assert rest[-1]["summary"]["complete"]

    def test_a_body_that_breaks_off_is_posted_as_far_as_it_was_read(self, served):
        size = ledger_size()
        lines = [entry_line(number) for number in range(CHUNK + 5)]
        body = b"".join(lines)
        connection = connect(*served, {"Content-Length": str(len(body))})
        connection.send(body[:-100])
        connection.sock.shutdown(socket.SHUT_WR)
        response = connection.getresponse()
        told = [json.loads(line) for line in response.read().splitlines()]
        posted = [item["index"] for item in told if item.get("state") == "posted"]
        assert posted == list(range(size, size + len(posted)))
        assert len(posted) >= CHUNK
        assert ledger_size() == size + len(posted)
        again = connect(*served, {"Content-Length": str(len(body))})
        again.send(body)
        states = [json.loads(line).get("state") for line in again.getresponse().read().splitlines()]
        assert states[:-1] == ["existed"] * len(posted) + ["posted"] * (len(lines) - len(posted))
        assert verify_ledger(depth="quick").problems == ()

    @pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
    def test_curl_as_the_documentation_has_it(self, served, tmp_path):
        address, token = served
        size = ledger_size()
        (tmp_path / "notes.ndjson").write_bytes(b"".join(entry_line(number) for number in range(2 * CHUNK)))
        told = subprocess.run(
            [
                *("curl", "-sS", "-H", f"Authorization: Bearer {token}", "-H", f"Content-Type: {NDJSON}", "-X", "POST"),
                *("-T", str(tmp_path / "notes.ndjson"), f"{address}/api/v1/entries/bulk"),
            ],
            capture_output=True,
            check=True,
            timeout=120,
        )
        *lines, last = [json.loads(line) for line in told.stdout.splitlines()]
        assert [line["index"] for line in lines] == list(range(size, size + 2 * CHUNK))
        assert last["summary"]["posted"] == 2 * CHUNK

    def test_two_streams_of_the_same_lines_post_each_once(self, served):
        size = ledger_size()
        body = b"".join(entry_line(number) for number in range(CHUNK + 50))
        told: list[list[dict]] = []

        def send() -> None:
            connection = connect(*served, {"Content-Length": str(len(body))})
            connection.send(body)
            told.append([json.loads(line) for line in connection.getresponse().read().splitlines()])

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(lines) for lines in told] == [CHUNK + 51] * 2
        assert all(item["state"] in ("posted", "existed") for lines in told for item in lines[:-1])
        assert [item["index"] for item in told[0][:-1]] == [item["index"] for item in told[1][:-1]]
        assert ledger_size() == size + CHUNK + 50
        assert verify_ledger(depth="quick").problems == ()
