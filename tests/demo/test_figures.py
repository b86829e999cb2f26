"""The restated figures are those that were published: compared with the source files where these lie beside us."""

import csv
from decimal import Decimal

from lode.demo import figures
from tests.shared_vectors import shared


def rows(path, **options):
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, **options)


def test_nickel_and_copper_are_the_pink_sheets():
    (source,) = shared("data/worldbank-pinksheet-metals").glob("*.csv")
    published = {(row["series"], row["month"].replace("M", "-")): Decimal(row["value_usd"]) for row in rows(source)}
    ours = [price for price in figures.monthly_prices() if price.series in {"nickel", "copper"}]
    assert len(ours) == 2 * 35
    assert all(published[(price.series, f"{price.month:%Y-%m}")] == price.value for price in ours)


def test_cobalt_is_the_survey_average_turned_from_pounds_to_tonnes():
    source = shared("data/usgs-mcs") / "MCS2026_subset_cp1252.csv"
    with source.open(encoding="cp1252", newline="") as file:
        published = {
            row["Year"]: Decimal(row["Value"])
            for row in csv.DictReader(file)
            if "London Metal Exchange (LME), cash" in row["Statistics_detail"] and row["Commodity"] == "Cobalt"
        }
    ours = {price.month.year: price.value for price in figures.monthly_prices() if price.series == "cobalt"}
    assert ours == {
        year: (published[str(year)] * 1000 / Decimal("0.45359237")).quantize(Decimal("0.01"))
        for year in (2023, 2024, 2025)
    }
    assert ours[2024] == Decimal("26102.73")


def test_mass_per_energy_is_batpacs_to_four_decimals():
    source = shared("data/ev-battery-mineral-intensity") / "mineral_intensity_kg_per_kwh.csv"
    published = {(row["chemistry"], row["Mineral"]): Decimal(row["kg_per_kwh"]) for row in rows(source)}
    ours = figures.kg_per_kwh("NMC622")
    for element, mineral in (("Ni", "Nickel"), ("Co", "Cobalt"), ("Li", "Lithium"), ("C", "Graphite")):
        assert ours[element] == published[("NMC 622", mineral)].quantize(Decimal("0.0001"))


def test_cells_are_nasas_at_every_discharge():
    for cell in ("B0005", "B0006"):
        published = [Decimal(row["capacity_ah"]) for row in rows(shared("data/nasa-pcoe-battery") / f"{cell}.csv")]
        ours = figures.cell_health(cell)
        assert len(ours) == 168
        assert [health * 2 for health in ours] == [value.quantize(Decimal("0.0001")) for value in published]


def test_retired_packs_are_pulsebats():
    for chemistry, name in (("NMC", "NMC_21Ah_W_5000.csv"), ("LFP", "LFP_35Ah_W_5000.csv")):
        published = {row["ID"]: Decimal(row["Q"]) for row in rows(shared("data/pulsebat-retired") / name)}
        ours = figures.retired_packs(chemistry)
        assert {pack.serial: pack.measured_ah for pack in ours} == {
            serial: value.quantize(Decimal("0.0001")) for serial, value in published.items()
        }


def test_every_file_of_figures_names_its_source_and_licence():
    files = sorted(figures.FOLDER.glob("*.csv"))
    assert len(files) == 5
    for path in files:
        said = figures.source_of(path.name)
        assert "Source:" in said, path
        assert "Licence:" in said, path
