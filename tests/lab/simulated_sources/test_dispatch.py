"""The dispatch database has the rows of the extract."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from lab.simulated_sources.dispatch import load_dispatch
from lab.synthetic import make
from tests.lab.synthetic.readers import PERIOD, Oblast


def count(dsn: str, where: str = "true") -> int:
    with contextlib.closing(psycopg2.connect(dsn)) as con, con.cursor() as cursor:
        cursor.execute(f"select count(*) from dispatch.calls where {where}")
        return int(cursor.fetchone()[0])


def test_a_month_is_replaced_and_others_are_unchanged(dsn: str, build: Callable[..., Oblast], oblast: Oblast) -> None:
    rows = oblast.summary.total("ambulance")
    assert load_dispatch(dsn, oblast.extracts, PERIOD) == rows == count(dsn)
    assert count(dsn, "patient_iin is null") > 0
    assert load_dispatch(dsn, oblast.extracts, PERIOD) == rows == count(dsn)
    later = build(period="2026-11")
    more = load_dispatch(dsn, later.extracts, "2026-11")
    assert count(dsn) == rows + more
    # the number of a test row must not leave the range of the month
    assert count(dsn, "call_id / 10000000 not in (202610, 202611)") == 0


def test_an_absent_extract_changes_nothing(dsn: str, tmp_path: Path, oblast: Oblast) -> None:
    load_dispatch(dsn, oblast.extracts, PERIOD)
    before = count(dsn)
    with pytest.raises(FileNotFoundError):
        load_dispatch(dsn, tmp_path, PERIOD)
    assert count(dsn) == before


def test_a_broken_extract_changes_nothing(dsn: str, tmp_path: Path, oblast: Oblast) -> None:
    load_dispatch(dsn, oblast.extracts, PERIOD)
    before = count(dsn)
    make(tmp_path, PERIOD, 500)
    file = tmp_path / PERIOD / "ambulance" / f"ambulance_{PERIOD}.csv"
    file.write_bytes(file.read_bytes() + b"half,a\n")
    with pytest.raises(psycopg2.DataError):
        load_dispatch(dsn, tmp_path, PERIOD)
    assert count(dsn) == before
