"""Every level of places is measured from the rows: parts and rest add up to the whole, and chance has its interval."""

import math
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from scipy import stats

from auyl import ledger, pipeline
from auyl.settings import Settings
from auyl.snapshot import catalogue as catalogues
from auyl.store import paths
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.snapshot.conftest import PERIOD, know_territory
from tests.snapshot.queries import query

PARTS = {"okrug": "settlement", "district": "okrug", "oblast": "district"}
OBLAST = "190000000"
Values = dict[tuple[str, str, str], Any]


@pytest.fixture(scope="module")
def installation(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)
    result = pipeline.run(made, PERIOD, oblast, say=lambda _: None)
    assert result.status == "published", result
    return made


@pytest.fixture(scope="module")
def values(installation: Settings) -> Values:
    """Published values by level, code and indicator."""
    rows = query(installation, "select * from serving.snapshot_value")
    return {(row.level, row.kato, row.indicator_id): row for row in rows}


@pytest.fixture(scope="module")
def within(installation: Settings) -> dict[str, str]:
    """The place that each settlement, okrug and district is a part of."""
    rows = query(installation, "select kato, level, okrug_kato, district_kato from serving.territory")
    parent = {"settlement": "okrug_kato", "okrug": "district_kato"}
    return {
        row.kato: OBLAST if row.level == "district" else getattr(row, parent[row.level])
        for row in rows
        if row.level in ("settlement", "okrug", "district")
    }


def core(installation: Settings, table: str) -> str:
    revision = ledger.current_revision(installation, PERIOD)
    assert revision is not None
    return f"'{Lake(installation.lake).address(paths.core_file(PERIOD, revision.inputs_digest, table))}'"


def test_the_parts_of_a_place_and_its_rest_are_the_whole(
    installation: Settings, values: Values, within: dict[str, str]
) -> None:
    parts: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for (level, kato, indicator), row in values.items():
        if level in PARTS.values():
            parts[level, within[kato], indicator] += row.numerator or 0
    totals = [i for i in catalogues.load(installation.include).indicators if i.per is None and i.value.is_additive]
    compared = 0
    for indicator in totals:
        for whole, part in PARTS.items():
            if part == "settlement" and indicator.grain != "settlement":
                continue
            for kato in {kato for level, kato, _ in values if level == whole}:
                row, rest = values[whole, kato, indicator.id], values[f"{whole}_rest", kato, indicator.id]
                if row.numerator is not None:
                    assert parts[part, kato, indicator.id] + rest.numerator == row.numerator, (whole, kato, indicator)
                    compared += row.numerator > 0
    assert len(totals) == 15 and compared > 700


def test_towns_are_the_rest_of_their_district(installation: Settings, values: Values) -> None:
    rows = duckdb.sql(
        f"select district_kato, count(*) from {core(installation, 'person')} where is_alive and district_kato "
        "is not null and (okrug_kato is null or okrug_kato not in (select unnest($okrugs))) group by 1",
        params={"okrugs": [kato for level, kato, _ in values if level == "okrug"]},
    ).fetchall()
    assert sum(number for _, number in rows) > 500
    for kato, number in rows:
        assert values["district_rest", kato, "population.residents"].value == number


@pytest.mark.parametrize(
    ("level", "column"),
    [
        ("settlement", "settlement_kato"),
        ("okrug", "okrug_kato"),
        ("district", "district_kato"),
        ("oblast", "'190000000'"),
    ],
)
def test_medians_and_persons_of_every_level_are_those_of_its_rows(
    installation: Settings, values: Values, level: str, column: str
) -> None:
    medians = duckdb.sql(
        f"select {column}, median(arrival_min) from {core(installation, 'ambulance_call')} where arrival_min is not "
        f"null and {column} is not null group by 1"
    ).fetchall()
    persons = duckdb.sql(
        f"select {column}, count(distinct person_key) from {core(installation, 'assistance')} where kind = 'АСП' "
        f"and amount_kzt > 0 and {column} is not null group by 1"
    ).fetchall()
    for indicator, rows in (("ambulance.arrival_median", medians), ("social.asp_recipients", persons)):
        shown = {kato: row for (at, kato, name), row in values.items() if at == level and name == indicator}
        assert bool(shown) == (level != "settlement" or indicator == "ambulance.arrival_median")
        compared = [(shown[kato].value, number) for kato, number in rows if kato in shown]
        assert len(compared) >= min(len(shown), 10)
        assert all(abs(float(value) - number) <= 0.0501 for value, number in compared)


def test_what_may_be_counted_in_several_places_has_no_rest(values: Values) -> None:
    rest = {indicator for level, _, indicator in values if level.endswith("_rest")}
    assert "population.residents" in rest
    assert not rest & {"social.asp_recipients", "social.asp_average", "ambulance.arrival_median"}


def test_a_quotient_of_reports_is_that_of_the_okrugs_that_reported(values: Values, within: dict[str, str]) -> None:
    spent, residents = defaultdict(Decimal), defaultdict(Decimal)  # type: ignore[var-annotated]
    for (level, kato, indicator), row in values.items():
        if level == "okrug" and indicator == "budget.spending_per_resident" and row.value is not None:
            spent[within[kato]] += row.numerator
            residents[within[kato]] += row.denominator
    assert len(spent) > 5
    for kato in spent:
        row = values["district", kato, "budget.spending_per_resident"]
        assert (row.numerator, row.denominator) == (spent[kato], residents[kato])
        # Towns make no such report.
        assert residents[kato] <= values["district", kato, "population.residents"].value
    assert any(residents[kato] < values["district", kato, "population.residents"].value for kato in residents)


def poisson(events: int) -> tuple[float, float]:
    """Exact below ten, Byar's approximation from ten on."""
    if events < 10:
        low = stats.chi2.ppf(0.025, 2 * events) / 2 if events else 0
        return low, stats.chi2.ppf(0.975, 2 * events + 2) / 2
    z = stats.norm.ppf(0.975)
    more = events + 1
    return (
        events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3,
        more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3,
    )


def test_a_number_with_chance_in_it_has_the_interval_of_the_textbooks(installation: Settings, values: Values) -> None:
    known = {i.id: i for i in catalogues.load(installation.include).indicators}
    compared: dict[str, int] = defaultdict(int)
    for (_, _, name), row in values.items():
        indicator = known[name]
        if indicator.kind not in ("proportion", "rate"):
            assert (row.lower is None) == (indicator.kind != "median" or row.lower is None), name
            continue
        if row.value is None:
            assert row.lower is row.upper is None
            continue
        events, whole = int(row.numerator), int(row.denominator)
        if indicator.kind == "proportion":
            limits = stats.binomtest(events, whole).proportion_ci(method="wilson")
            low, high = limits.low, limits.high
        else:
            low, high = (limit / whole for limit in poisson(events))
        half = 0.5 * 10**-indicator.decimals + 2e-3
        assert abs(float(row.lower) - indicator.scale * low) <= half, row
        assert abs(float(row.upper) - indicator.scale * high) <= half, row
        assert row.lower <= row.value <= row.upper
        compared[indicator.kind] += 1
    assert compared["proportion"] > 500 and compared["rate"] > 200


def test_the_interval_of_a_median_is_counted_off_among_its_values(installation: Settings, values: Values) -> None:
    rows = duckdb.sql(
        f"select okrug_kato, list_sort(list(arrival_min)) from {core(installation, 'ambulance_call')} "
        "where arrival_min is not null and okrug_kato is not null group by 1"
    ).fetchall()
    with_interval = 0
    for kato, ordered in rows:
        row = values.get(("okrug", kato, "ambulance.arrival_median"))
        if row is None:
            continue
        n = len(ordered)
        if n < 6:
            assert row.lower is row.upper is None
            continue
        reach = stats.norm.ppf(0.975) * math.sqrt(n)
        low, high = max(1, round((n - reach) / 2)), min(n, round(1 + (n + reach) / 2))
        assert abs(float(row.lower) - ordered[low - 1]) <= 0.0501
        assert abs(float(row.upper) - ordered[high - 1]) <= 0.0501
        with_interval += 1
    assert with_interval > 5
