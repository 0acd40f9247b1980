"""Internet coverage: every settlement has a measured speed or says that it has no line."""

import duckdb
import pytest

from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "internet"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_spoiled_names_and_codes_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    columns = {"КАТО": "kato", "Населенный пункт": "settlement_name", "Сельский округ": "okrug_name"}
    for row in taken_dirty.stage.values():
        row["kato"] = row["kato"].removesuffix(".0")
    corrected(taken_dirty, taken_clean, columns, "kato")


def test_every_settlement_is_told_of_with_numbers_as_the_file_has_them(taken_clean: Taken) -> None:
    rows = taken_clean.oblast.rows("internet")
    assert {row["kato"] for row in taken_clean.stage.values()} == {row["КАТО"] for row in rows.values()}
    assert len({row["kato"] for row in taken_clean.stage.values()}) == 373
    for at, staged in taken_clean.stage.items():
        assert float(staged["download_mbit_s"]) == float(rows[at]["Скорость приема, Мбит/с"] or "")
        assert (staged["technology"] == "none") == (staged["download_mbit_s"] == 0)
        assert staged["quarter"] == "2026-Q4"
    technologies = {row["technology"] for row in taken_clean.stage.values()}
    assert technologies >= {"fibre", "4g", "3g", "dsl", "none"}


@pytest.mark.parametrize(
    ("text", "quarter"),
    [
        ("IV квартал 2026", "2026-Q4"),
        ("ІІ квартал 2026 года", "2026-Q2"),
        ("3 кв. 2026 г.", "2026-Q3"),
        ("2026 жылғы 1-тоқсан", "2026-Q1"),
        ("V квартал 2026", None),
        ("5 кв. 2026", None),
        ("IV квартал", None),
        ("2026", None),
        (None, None),
    ],
)
def test_a_quarter_is_read_in_the_forms_that_offices_write(
    con: duckdb.DuckDBPyConnection, text: str | None, quarter: str | None
) -> None:
    assert con.execute("select parse_quarter(?::varchar)", [text]).fetchall() == [(quarter,)]


def test_a_month_lies_in_its_quarter(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("select quarter_of_month(m) from (values ('2026-01'), ('2026-03'), ('2026-10')) as t (m)")
    assert [quarter for (quarter,) in found.fetchall()] == ["2026-Q1", "2026-Q1", "2026-Q4"]
