"""Connections to the database that all work of a process shares do not see one another's tables."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from auyl.settings import Settings, from_environment
from auyl.store import duck


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(from_environment(), home=tmp_path, threads=2)


def test_cursors_share_macros_and_nothing_else(settings: Settings) -> None:
    one, other = duck.cursor(settings), duck.cursor(settings)
    one.execute("create temp table t as select 1 as x")
    one.execute("create temp macro twice(x) as 2 * x")
    one.execute("set variable v = 7")
    assert one.execute("select twice(x), getvariable('v'), clean_text(' a  b ') from t").fetchall() == [(2, 7, "a b")]
    assert other.execute("select getvariable('v'), clean_text(' a  b ')").fetchall() == [(None, "a b")]
    for missing in ("from t", "select twice(1)"):
        with pytest.raises(duckdb.CatalogException):
            other.execute(missing)
    one.close()
    assert other.execute("select current_setting('timezone'), clean_code('7.0')").fetchall() == [("UTC", "7")]
    with pytest.raises(duckdb.CatalogException):
        duck.cursor(settings).execute("from t")


def test_a_fork_opens_its_own_database(settings: Settings) -> None:
    with duck.cursor(settings) as con:
        con.execute("select count(*) from range(1000000)")
        # The threads of the parent's database are not in the child: a query there would wait for them for ever.
        fork = multiprocessing.get_context("fork")
        answers = fork.SimpleQueue()
        child = fork.Process(target=_count, args=(settings, answers))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert answers.get() == 4_999_950_000
        assert con.execute("select count(*) from range(10)").fetchall() == [(10,)]


def _count(settings: Settings, answers: "multiprocessing.queues.SimpleQueue") -> None:
    with duck.cursor(settings) as con:
        ((total,),) = con.execute("select sum(range) from range(100000)").fetchall()
    answers.put(int(total))
