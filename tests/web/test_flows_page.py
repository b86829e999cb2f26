"""The lease loop: stages that close to the milligram or say by how much they do not."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.entry import Account
from ledger.selectors.balances import closing
from ledger.selectors.movements import flow_legs
from lode.parties.models import Person
from lode.web.charts import Band, ChartCode, ChartError, Node, sankey
from lode.web.flow_stages import Link, LoopSums, Move, Stage, loop_sums, recovered_lots, stage_of
from lode.web.views import flows
from tests.support.demo_world import World

KINDS = {
    "lessor": "lessor", "maker": "cell-maker", "fleet": "operator", "recycler": "recycler", "refiner": "refiner",
}  # fmt: skip


def at(holder: str, state: str, lot: str = "a", owner: str = "lessor") -> Account:
    return Account(owner, holder, "Ni", state, lot)


def balances_after(*moves: Move) -> dict[Account, int]:
    found: dict[Account, int] = {}
    for move in moves:
        found[move.source] = found.get(move.source, 0) - move.mass_mg
        found[move.target] = found.get(move.target, 0) + move.mass_mg
    return {account: mass_mg for account, mass_mg in found.items() if mass_mg}


def sums(*moves: Move, opening: Mapping[Account, int] | None = None, **options: object) -> LoopSums:
    start = dict(opening or {})
    end = balances_after(*moves)
    closing_mg = {account: start.get(account, 0) + end.get(account, 0) for account in {*start, *end}}
    options.setdefault("closing", closing_mg)
    return loop_sums(
        moves, opening=start, kinds=KINDS, recovered=recovered_lots(moves), **options,  # type: ignore[arg-type]
    )  # fmt: skip


def links(found: LoopSums) -> dict[tuple[Stage, Stage], int]:
    return {(link.source, link.target): link.mass_mg for link in found.links}


RECEIVED = Move(0, "receive", at("lessor", "source"), at("lessor", "stock"), 1000)
LEASED = Move(1, "lease-out", at("lessor", "stock"), at("maker", "stock"), 900)
BUILT = Move(2, "embody", at("maker", "stock"), at("maker", "product", "p"), 880)
DELIVERED = Move(3, "arrive", at("maker", "product", "p"), at("fleet", "product", "p"), 870)
COLLECTED = Move(4, "collect", at("fleet", "product", "p"), at("recycler", "scrap", "e"), 500)
SHREDDED = Move(5, "process", at("recycler", "scrap", "e"), at("recycler", "process", "l"), 480)
DUST = Move(5, "process", at("recycler", "scrap", "e"), at("recycler", "loss", "l"), 20)
MADE = Move(6, "recover", at("recycler", "process", "l"), at("recycler", "stock", "r"), 470)
MISSING = Move(6, "recover", at("recycler", "process", "l"), at("recycler", "unaccounted", "l"), 10)
GIVEN_BACK = Move(7, "return", at("recycler", "stock", "r"), at("lessor", "stock", "r"), 470)
AGAIN = Move(8, "re-supply", at("lessor", "stock", "r"), at("maker", "stock", "r"), 400)
WHOLE = (RECEIVED, LEASED, BUILT, DELIVERED, COLLECTED, SHREDDED, DUST, MADE, MISSING, GIVEN_BACK, AGAIN)


class TestStages:
    def test_the_loop_closes_and_comes_back(self) -> None:
        found = sums(*WHOLE)
        assert links(found) == {
            (Stage.SUPPLY, Stage.POOL): 1000,
            (Stage.POOL, Stage.MAKERS): 900,
            (Stage.MAKERS, Stage.FLEET): 870,
            (Stage.FLEET, Stage.SCRAP): 500,
            (Stage.SCRAP, Stage.PROCESS): 480,
            (Stage.SCRAP, Stage.LOSS): 20,
            (Stage.PROCESS, Stage.RECOVERED): 470,
            (Stage.PROCESS, Stage.UNEXPLAINED): 10,
            (Stage.RECOVERED, Stage.MAKERS): 400,
        }
        assert [link for link in found.links if link.backwards] == [
            Link(Stage.RECOVERED, Stage.MAKERS, 400, ("re-supply",), (8,))
        ]
        kept = {stage.stage: stage.closing_mg for stage in found.stages}
        assert kept[Stage.POOL] == 100
        assert kept[Stage.MAKERS] == 430
        assert kept[Stage.RECOVERED] == 70
        assert found.off_mg == 0

    def test_a_milligram_that_a_balance_lacks_is_seen_where_it_lacks(self) -> None:
        wrong = {**balances_after(*WHOLE), at("fleet", "product", "p"): 369}
        found = sums(*WHOLE, closing=wrong)
        assert found.off_mg == 1
        assert {stage.stage: stage.difference_mg for stage in found.stages if stage.difference_mg} == {Stage.FLEET: 1}

    def test_a_source_that_gave_more_than_its_balance_says_is_seen(self) -> None:
        found = sums(RECEIVED, closing={at("lessor", "source"): -999, at("lessor", "stock"): 1000})
        assert {stage.stage: stage.difference_mg for stage in found.stages if stage.difference_mg} == {Stage.SUPPLY: -1}

    def test_what_a_recycler_brings_in_is_its_own_feed(self) -> None:
        fed = Move(0, "receive", at("recycler", "source", "b"), at("recycler", "scrap", "b"), 300)
        found = sums(*WHOLE, fed)
        assert links(found)[Stage.FEED, Stage.SCRAP] == 300
        assert links(found)[Stage.SUPPLY, Stage.POOL] == 1000
        assert found.off_mg == 0

    def test_what_was_taken_back_is_netted(self) -> None:
        wrong = Move(9, "collect", at("fleet", "product", "p"), at("recycler", "scrap", "typo"), 27)
        back = Move(10, "reversal", wrong.target, wrong.source, 27)
        found = sums(*WHOLE, wrong, back)
        assert links(found)[Stage.FLEET, Stage.SCRAP] == 500
        assert (Stage.SCRAP, Stage.FLEET) not in links(found)
        assert found.off_mg == 0

    def test_a_reversal_of_what_lies_before_the_period_runs_back(self) -> None:
        back = Move(10, "reversal", at("recycler", "scrap", "typo"), at("fleet", "product", "p"), 27)
        found = sums(back, opening={at("recycler", "scrap", "typo"): 27})
        assert links(found) == {(Stage.SCRAP, Stage.FLEET): 27}
        assert found.off_mg == 0

    def test_unexplained_that_is_written_off_is_lost(self) -> None:
        gone = Move(11, "loss", at("recycler", "unaccounted", "l"), at("recycler", "loss", "l"), 10)
        assert links(sums(*WHOLE, gone))[Stage.UNEXPLAINED, Stage.LOSS] == 10

    def test_other_owners_stay_outside(self) -> None:
        sold = Move(12, "title", at("lessor", "stock"), at("lessor", "stock", owner="other"), 60)
        found = sums(RECEIVED, sold, owner="lessor")
        assert links(found) == {(Stage.SUPPLY, Stage.POOL): 1000, (Stage.POOL, Stage.OUTSIDE_OUT): 60}
        assert found.off_mg == 0
        assert links(sums(RECEIVED, sold, owner="other")) == {(Stage.OUTSIDE_IN, Stage.POOL): 60}

    def test_a_party_counts_of_others_what_its_entries_say(self) -> None:
        own = {at("fleet", "product", "p"): 370}
        found = sums(DELIVERED, COLLECTED, closing=own, reads_as="fleet")
        assert found.off_mg == 0
        short = sums(DELIVERED, COLLECTED, closing={at("fleet", "product", "p"): 365}, reads_as="fleet")
        assert short.off_mg == 5

    def test_recovered_stock_stays_recovered_wherever_it_lies(self) -> None:
        recovered = recovered_lots(WHOLE)
        assert recovered == {("lessor", "Ni", "r")}
        for holder in ("recycler", "lessor", "refiner"):
            assert stage_of(at(holder, "stock", "r"), KINDS, recovered) is Stage.RECOVERED
        assert stage_of(at("lessor", "stock", "a"), KINDS, recovered) is Stage.POOL
        assert stage_of(at("maker", "stock", "r"), KINDS, recovered) is Stage.MAKERS

    @given(st.data())
    def test_any_moves_close(self, data: st.DataObject) -> None:
        accounts = [
            at(holder, state, lot)
            for holder in KINDS
            for state in (
                "stock",
                "transit",
                "process",
                "product",
                "scrap",
                "source",
                "loss",
                "unaccounted",
                "exported",
            )
            for lot in ("a", "r")
        ]
        ends = st.tuples(st.sampled_from(accounts), st.sampled_from(accounts)).filter(lambda pair: pair[0] != pair[1])
        kinds = st.sampled_from(["process", "recover", "re-supply", "reversal", "adjustment", "loss"])
        moves = [
            Move(number, kind, *pair, mass_mg)
            for number, (kind, pair, mass_mg) in enumerate(
                data.draw(st.lists(st.tuples(kinds, ends, st.integers(1, 10**15)), max_size=12))
            )
        ]
        start = data.draw(st.dictionaries(st.sampled_from(accounts), st.integers(0, 10**15), max_size=5))
        found = sums(*moves, opening=start)
        assert all(stage.difference_mg == 0 for stage in found.stages)
        assert all(link.mass_mg > 0 for link in found.links)


class TestThePage:
    @pytest.fixture
    def auditor(self, demo_pages: World) -> Client:
        return self.client("auditor")

    def client(self, username: str) -> Client:
        client = Client()
        client.force_login(Person.objects.get(username=username))
        client.cookies["django_language"] = "en"
        return client

    @pytest.mark.parametrize("element", ["Ni", "Co", "Li"])
    def test_says_what_the_ledger_says(self, auditor: Client, element: str) -> None:
        text = auditor.get(f"/flows.csv?element={element}").content.decode()
        told = {(row["from_stage"], row["to_stage"]): int(row["mass_mg"]) for row in csv.DictReader(io.StringIO(text))}
        supplied = sum(mass for (source, _to), mass in told.items() if source in ("supply", "feed"))
        received = sum(band.mass_mg for band in flow_legs(party=None, element=element) if band.source.state == "source")
        assert supplied == received
        outside = next(one for one in closing() if one.element == element).outside
        lost = sum(mass for (_from, target), mass in told.items() if target == "loss")
        assert lost == outside.get("loss", 0)
        missing = sum(mass for (_from, target), mass in told.items() if target == "unexplained")
        written_off = sum(mass for (source, _to), mass in told.items() if source == "unexplained")
        assert missing - written_off == outside.get("unaccounted", 0)

    @pytest.mark.parametrize(
        "query", ["", "element=Ni&owner=borealis", "element=Co&from=2024-10-01&to=2025-03-31", "element=Ni&known_at=60"]
    )
    @pytest.mark.parametrize("username", ["auditor", "lessor", "cellmaker", "operator", "recycler", "refiner"])
    def test_closes_for_everybody_and_every_period(self, demo_pages: World, username: str, query: str) -> None:
        page = self.client(username).get(f"/flows/?{query}")
        assert page.status_code == 200
        assert page.context["off_mg"] == 0
        if page.context["stages"].rows:
            assert "balanced" in page.content.decode()

    def test_a_band_leads_to_its_entries(self, auditor: Client) -> None:
        page = auditor.get("/flows/?element=Ni")
        href = next(row for row in page.context["links"].rows if row.cells[2].content == "Re-supply").cells[3].href
        assert href.startswith("/ledger/?element=Ni&entries=")
        listed = auditor.get(href).context["table"].rows
        assert [row.cells[3].content for row in listed] == ["Re-supply"]

    def test_what_does_not_close_is_drawn_in_red_and_said(
        self, auditor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        true = flows._balances

        def short(actor: object, asked: flows.Asked, as_of: object) -> dict[Account, int]:
            found = true(actor, asked, as_of)  # type: ignore[arg-type]
            account = next(one for one in found if one.holder == "meridian" and one.state == "product")
            return {**found, account: found[account] - 2_000_000}

        monkeypatch.setattr(flows, "_balances", short)
        page = auditor.get("/flows/?element=Ni")
        assert page.context["off_mg"] == 2_000_000
        text = page.content.decode()
        assert "off by" in text
        assert "at Fleet, in use" in text
        assert '<data value="2000000"' in text
        assert 'href="#stage-fleet"' in text
        assert "flow f-bad" in text
        assert "balanced" not in text

    def test_nothing_to_draw_says_so(self, auditor: Client) -> None:
        page = auditor.get("/flows/?element=Ni&from=2019-01-01&to=2019-02-01")
        assert page.context["chart"] is None
        assert "Nothing that you may see moved in this period." in page.content.decode()

    def test_a_stranger_signs_in_first(self, demo_pages: World) -> None:
        for path in ("/flows/", "/flows.csv", "/flows.json"):
            assert Client().get(path)["Location"].startswith("/sign-in/")


def test_the_chart_itself_refuses_what_does_not_close() -> None:
    nodes = [Node("a", "A", 0), Node("b", "B", 1, opening_mg=0, kept_mg=9)]
    with pytest.raises(ChartError) as refused:
        sankey(nodes, [Band("a", "b", 10)], title="x", basis="Ni")
    assert (refused.value.code, refused.value.difference) == (ChartCode.DOES_NOT_CLOSE, 1)
