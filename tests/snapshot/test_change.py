"""What may change from one revision to the next without a person, and how coverage counts other oblasts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb
import pytest

from auyl import ledger
from auyl.periods import LOCAL
from auyl.settings import REPOSITORY
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.change import _lost, _moved
from auyl.store import duck

CATALOGUE = catalogues.load(REPOSITORY / "include")
LIMITS = {indicator.id: theme.gate for theme in CATALOGUE.themes for indicator in theme.indicators}


def revision(period: str) -> ledger.Revision:
    now = datetime(2026, 11, 1, tzinfo=LOCAL)
    return ledger.Revision(period, 3, "E", "", "", now, True, False, None, None, None, 1, None)


def moved(
    indicator_id: str, was: float, now: float, history: Sequence[tuple[str, float]] = (),
    before: str = "2026-09", period: str = "2026-10",
) -> list[str]:  # fmt: skip
    indicator = CATALOGUE.indicator(indicator_id)
    what = "sum" if indicator.is_total else "median"
    figure = {f"{what}_before": was, f"{what}_now": now}
    rows = [{"period": month, what: value} for month, value in history]
    return _moved(indicator, LIMITS[indicator_id], figure, rows, revision(before), period)


@pytest.mark.parametrize(
    ("indicator_id", "was", "now", "is_much"),
    [
        ("livestock.cattle", 100_000, 68_000, True),  # 30% and a little chance
        ("livestock.cattle", 100_000, 72_000, False),
        ("livestock.cattle", 100_000, 0, True),
        ("livestock.cattle", 100_000, 200_000, True),
        ("livestock.brucellosis_positive", 20, 33, False),  # so few are chance
        ("livestock.brucellosis_positive", 20, 400, True),
        ("population.residents", 700_000, 620_000, True),
        ("population.children_share", 30.0, 33.1, True),
        ("population.children_share", 30.0, 32.9, False),
        ("budget.own_share", 12.0, 21.0, False),  # below the floor of ten points
        ("budget.own_share", 12.0, 48.0, True),
        ("livestock.camels", 0, 5_000, True),
        ("livestock.camels", 0, 0, False),
    ],
)
def test_a_sum_or_median_moves_by_its_themes_limit_at_most(
    indicator_id: str, was: float, now: float, is_much: bool
) -> None:
    assert bool(moved(indicator_id, was, now)) == is_much


def test_its_own_history_widens_the_limit_but_not_without_end() -> None:
    calm = [("2026-07", 1000.0), ("2026-08", 1010.0), ("2026-09", 1000.0)]
    seasonal = [("2026-07", 1000.0), ("2026-08", 500.0), ("2026-09", 900.0)]
    assert moved("social.asp_recipients", 10_000, 19_000, calm)
    assert not moved("social.asp_recipients", 10_000, 19_000, seasonal)
    wild = [("2026-08", 1.0), ("2026-09", 1000.0)]
    assert not moved("social.asp_recipients", 10_000, 24_000, wild)
    assert moved("social.asp_recipients", 10_000, 26_000, wild), "three times the limit at most"


def test_amounts_since_january_are_compared_per_month() -> None:
    assert not moved("budget.income", 12_000_000, 1_000_000, before="2026-12", period="2027-01")
    assert not moved("budget.income", 1_000_000, 2_000_000, before="2027-01", period="2027-02")
    assert moved("budget.income", 1_000_000, 1_000_000 / 3, before="2027-01", period="2027-02")
    assert moved("budget.income", 10_000_000, 2_000_000, before="2026-10", period="2026-10")
    (words,) = moved("budget.own_share", 12.0, 48.0, before="2026-12", period="2027-01")
    assert words == (
        "budget.own_share «Доля собственных доходов»: expected the median to change by at most 50% since 2026-12 "
        "revision 3, found 12.0 then and 48.0 now (+300%)"
    )


def test_places_that_lose_their_value_are_counted_out_of_all_that_are_expected() -> None:
    figure: dict[str, Any] = {"expected": 131, "had": 40, "has": 33, "lost": 7, "gained": 0}
    income = CATALOGUE.indicator("budget.income")
    (words,) = _lost(income, LIMITS[income.id], figure)
    assert words == (
        "budget.income «Доходы с начала года»: expected at most 6 of 131 okrugs to lose their value, found 7: "
        "40 had one, 33 have one now"
    )
    assert not _lost(income, LIMITS[income.id], figure | {"lost": 6})
    # The median of few calls is there in one month and not in the next.
    median = CATALOGUE.indicator("ambulance.arrival_median")
    assert not _lost(median, LIMITS[median.id], figure | {"lost": 40, "gained": 35})
    assert _lost(median, LIMITS[median.id], figure | {"lost": 40, "gained": 0})


def test_coverage_counts_the_places_of_this_oblast_only(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table area as select * from (values ('194030100', 'settlement', '194000000', "
        "'194030000'), ('194030000', 'okrug', '194000000', '194000000'), "
        "('194040000', 'okrug', '194000000', '194000000'), ('195030000', 'okrug', '195000000', '195000000'), "
        "('194000000', 'district', '194000000', '190000000'), "
        "('194000000', 'district_rest', '194000000', '194000000'), "
        "('190000000', 'oblast', null, null)) as a(kato, level, district_kato, within)"
    )
    con.execute(
        "create or replace temp table placed as select * from (values "
        "('194000000', '194030000', '194030100', 4), ('194000000', '194030000', null, 2), "
        "('194000000', '194040000', null, 2), ('194000000', null, null, 2), "
        "('194000000', null, '194010100', 5), ('394000000', '394030000', null, 1000), "
        "('394000000', null, null, 1000), (null, null, null, 10)) "
        "as p(district_kato, okrug_kato, settlement_kato, n), range(p.n)"
    )
    con.execute(
        "create or replace temp table rejected as select * from (values "
        "('r', '194000000', '194030000', null, 2), ('r', '194000000', null, null, 3), ('r', null, null, null, 5), "
        "('other', '194000000', '194030000', null, 100)) "
        "as p(registry, district_kato, okrug_kato, settlement_kato, rows)"
    )
    query = duck.sql(REPOSITORY / "include" / "sql" / "snapshot" / "coverage.sql")
    bound = duck.bind(query, table="placed", registry="'r'", oblast="'190000000'", without_rows="0")
    rows = con.execute(
        f"select level, kato, covered_pct::float, near, elsewhere from ({bound}) order by all"
    ).fetchall()
    # Of 35 rows of this oblast 15 have no place. Of the 20 of the district, 5 of them in a town, 5 have no okrug. Of
    # the 8 of the first okrug 2 are rejected. No row came of the other district.
    # Half of the rows of the first okrug are of its village.
    share = 100 * 15 / 20 * 20 / 35
    assert rows == [
        ("district", "194000000", pytest.approx(100 * 15 / 20 * 20 / 35, abs=0.051), 5, 15),
        ("oblast", "190000000", pytest.approx(100 * 25 / 35, abs=0.051), 10, 0),
        ("okrug", "194030000", pytest.approx(6 / 8 * share, abs=0.051), 7, 15),
        ("okrug", "194040000", pytest.approx(share, abs=0.051), 5, 15),
        ("okrug", "195030000", 0, 0, 15),
        ("settlement", "194030100", pytest.approx(4 / 8 * share, abs=0.051), 9, 15),
    ]
