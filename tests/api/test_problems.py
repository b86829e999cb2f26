"""Every error is a problem document, whatever was sent; and what is committed says what is offered."""

import json
from pathlib import Path
from unittest import mock

import pytest
import yaml
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from lode.api.problems import STATUS_BY_CODE, TYPE
from lode.reconciliation.core.errors import Code
from tests.api import world

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


@pytest.fixture
def api(shared_api: world.Api) -> world.Api:
    """Nothing here is allowed to change anything, so all tests look at one copy of the world."""
    cache.clear()
    return shared_api


def check(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document.keys() >= MEMBERS
    assert (document["status"], document["code"], document["type"]) == (status, code, TYPE + code)
    assert document["detail"].endswith((".", "…`.", "。"))
    assert document["instance"].startswith("/api/")
    return document


class TestStatuses:
    @pytest.mark.parametrize(
        "path", ["/api/v1/nothing", "/api/", "/api/v2/parties", "/api/v1/parties/", "/api/v1/entries/-1"]
    )
    def test_nothing_there(self, api, path):
        for role in ("meridian", None):
            check(api.get(path, role), 404, "not-found")
        check(Client().post(path), 404, "not-found")

    def test_methods(self, api):
        for method in ("put", "patch", "delete", "options", "trace"):
            response = getattr(Client(), method)("/api/v1/entries", headers=api.auth("meridian"))
            check(response, 405, "method-not-allowed")
            assert response["Allow"]
        check(api.post("parties"), 405, "method-not-allowed")

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;v=2", "x" * 9000])
    def test_forms(self, api, accept):
        response = api.get("parties", Accept=accept)
        assert response.status_code in {200, 406}
        if accept.startswith(("text/html", "application/xml")):
            check(response, 406, "not-acceptable")

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    )
    def test_content_types(self, api, kind):
        check(api.post("entries", b"x", content_type=kind), 415, "unsupported-media-type")

    def test_too_large(self, api):
        check(api.post("entries", b'{"note":"' + b"x" * 300_000 + b'"}'), 413, "too-large")
        path = "reconciliation/statements?our_party=meridian&start=2024-01-01&end=2024-02-01"
        data = b"x" * (5 * 1024 * 1024 + 1)
        check(api.post(path, data, "voltaic", content_type="text/csv"), 413, "too-large")

    def test_our_fault(self, api, caplog):
        with mock.patch("lode.api.views.parties.list_parties", side_effect=RuntimeError("secret detail")):
            document = check(api.get("parties"), 500, "internal-error")
        assert "secret" not in json.dumps(document)
        assert document["reference"] in document["detail"]
        assert document["reference"] in caplog.text


class TestHostileBodies:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"null",
            b"[]",
            b'"text"',
            b'{"note": 1.5}',
            b'{"note": 1e3}',
            b'{"note": NaN}',
            b'{"note": "a", "note": "b"}',
            b'{"note": "\\ud800"}',
            b'{"note": "a"',
            b'{"note": "a",}',
            b"\xff\xfe{}",
            b'{"note": "\xff"}',
            b'\xef\xbb\xbf{"note": "a"}',
            b"[" * 100_000,
            b'{"a":' * 5_000,
            b'{"note": 123456789012345678901234567890}',
        ],
    )
    def test_json(self, api, data):
        response = api.post("entries", data)
        assert response.status_code == 400, response.content
        assert response["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/note"),
            ({"note": None}, "/note"),
            ({"note": ""}, "/note"),
            ({"note": ["x"]}, "/note"),
            ({"note": {"a": "b"}}, "/note"),
            ({"note": "a\u0000b"}, "/note"),
            ({"note": "x", "mass_mg": "5"}, "/mass_mg"),
            ({"note": "x", "a/b~c": "5"}, "/a~1b~0c"),
            ({"note": "x" * 80_001}, "/note"),
        ],
    )
    def test_members(self, api, body, pointer):
        document = check(api.post("entries", body), 400, "invalid")
        assert pointer in {error["pointer"] for error in document["errors"]}

    @pytest.mark.parametrize(
        "path",
        [
            "accounts?limit=0",
            "accounts?limit=201",
            "accounts?limit=many",
            "accounts?as_of=31.01.2024",
            "accounts?as_of=2024-02-30",
            "accounts?known_at=-1",
            "accounts?known_at=1.5",
            "accounts?known_at=99999999999999999999999",
            "accounts?group=owner,owner",
            "accounts?group=password",
            "accounts?owner=MERIDIAN",
            "accounts?owner=x'%20OR%201=1--",
            "accounts?element=Unobtainium",
            "accounts?state=lost",
            "accounts?colour=blue",
            "accounts?owner=a&owner=b",
            "accounts/statement",
            "entries?kind=%00",
            "entries?occurred_from=yesterday",
            "entries/1/proof?size=0",
            "checkpoint?size=1",
            "parties?x=1",
            "statements?start=x",
            "reconciliation/periods?state=half",
            "consistency?old_size=1",
        ],
    )
    def test_queries(self, api, path):
        document = check(api.get(path), 400, "invalid")
        assert document["errors"]

    @pytest.mark.parametrize(
        "cursor", ["x", "é", "====", "ZW50cmllczox" * 30, "cGVyaW9kczox", "YWNjb3VudHM6MQ", "ZW50cmllczotMQ"]
    )
    @pytest.mark.parametrize("path", ["entries", "accounts", "contracts", "statements"])
    def test_cursors(self, api, path, cursor):
        response = api.get(f"{path}?cursor={cursor}")
        assert response.status_code == 400
        assert response.json()["code"] in {"bad-cursor", "invalid", "contracts.bad-cursor", "settlement.bad-cursor"}

    @pytest.mark.parametrize(
        "path",
        [
            "entries/by-id/xyz",
            "entries/by-id/" + "0" * 64,
            "entries/99999999999999999999999999",
            "checkpoints/99999999999999999999999999",
            "submissions/%00",
            "contracts/%00",
            "contracts/..%2f..%2fetc",
            "statements/" + "x" * 500,
            "parties/%F0%9F%92%A9",
            "parties/%00",
            "reconciliation/periods/99999999999999999999999999",
        ],
    )
    def test_names_of_nothing(self, api, path):
        response = api.get(path)
        assert response.status_code == 404, response.content
        assert response["Content-Type"] == "application/problem+json"


class TestDocument:
    def test_the_committed_document_is_current(self, tmp_path: Path):
        made = tmp_path / "openapi.yaml"
        call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
        committed = settings.BASE_DIR / "docs" / "openapi.yaml"
        assert made.read_text() == committed.read_text(), "run: python manage.py spectacular --file docs/openapi.yaml"

    def test_the_served_document_is_the_same(self, api):
        served = api.get("openapi", None, Accept="application/vnd.oai.openapi")
        assert served.status_code == 200
        assert yaml.safe_load(served.content) == yaml.safe_load(
            (settings.BASE_DIR / "docs" / "openapi.yaml").read_text()
        )

    def test_every_answer_fits_its_shape(self, api):
        import jsonschema

        document = yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())
        number = api.get("reconciliation/periods").json()["items"][0]["number"]
        lease = world.indexes("lease-out")[0]
        for template, path in {
            "/parties": "parties",
            "/keys": "keys",
            "/accounts": "accounts",
            "/entries": "entries",
            "/entries/{index}": f"entries/{lease}",
            "/entries/{index}/proof": f"entries/{lease}/proof",
            "/checkpoint": "checkpoint",
            "/contracts": "contracts",
            "/contracts/{ref}": f"contracts/{api.ref}",
            "/contracts/{ref}/versions": f"contracts/{api.ref}/versions",
            "/statements": "statements",
            "/statements/{ref}": f"statements/{api.statement}",
            "/reconciliation/periods": "reconciliation/periods",
            "/reconciliation/periods/{number}": f"reconciliation/periods/{number}",
        }.items():
            answer = document["paths"][f"/api/v1{template}"]["get"]["responses"]["200"]["content"]["application/json"]
            schema = {**answer["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(api.get(path).json())

    def test_every_code_of_ours_has_its_place_in_the_docs(self):
        page = (settings.BASE_DIR / "docs" / "api.md").read_text()
        for code in (*(f"`{code.value}`" for code in Code), *(f"{code}`" for code in STATUS_BY_CODE)):
            assert code in page, code
