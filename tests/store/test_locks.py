"""Nobody writes under a lock that the server has dropped."""

import pytest
from sqlalchemy import text

from auyl import ledger
from auyl.errors import LockLost
from auyl.settings import Settings
from auyl.store.locks import LAND, LOAD, PULL, lock
from auyl.store.postgres import autocommit, one_connection, transaction
from tests.extracts import PERIOD

HOLDERS = (
    "select distinct pid from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid() "
    "and database = (select oid from pg_database where datname = current_database())"
)


def holders(settings: Settings) -> set[int]:
    with autocommit(settings) as con:
        return set(con.execute(text(HOLDERS)).scalars())


def kill_holder(settings: Settings) -> None:
    with autocommit(settings) as con:
        con.execute(text(f"select pg_terminate_backend(pid, 10000) from ({HOLDERS}) as h")).all()


def test_a_lock_within_another_one_is_held_by_the_same_session(settings: Settings) -> None:
    with lock(settings, PULL, "r", PERIOD):
        outer = holders(settings)
        with lock(settings, LAND, "r", PERIOD), lock(settings, LOAD, "r", PERIOD):
            assert holders(settings) == outer
            assert len(outer) == 1
    assert holders(settings) == set()


def test_all_locks_within_one_connection_are_held_by_the_same_session(settings: Settings) -> None:
    with one_connection(settings):
        with lock(settings, LAND, "r", PERIOD):
            landing = holders(settings)
        assert holders(settings) == set()
        with lock(settings, LOAD, "r", PERIOD):
            assert holders(settings) == landing
            assert len(landing) == 1
            kill_holder(settings)
            with pytest.raises(LockLost), transaction(settings):
                pass


@pytest.mark.parametrize("kind", [PULL, LOAD])
def test_nothing_is_written_once_the_lock_is_gone(settings: Settings, kind: object) -> None:
    with pytest.raises(LockLost, match=r"expected to hold the lock auyl\.\w+\.r\."), lock(settings, kind, "r", PERIOD):  # type: ignore[arg-type]
        ledger.write_pull_note(settings, "r", PERIOD, "before")
        kill_holder(settings)
        ledger.write_pull_note(settings, "r", PERIOD, "after")
    assert ledger.pull_note(settings, "r", PERIOD) == "before"


def test_nothing_is_written_in_a_second_try_either(settings: Settings) -> None:
    with lock(settings, PULL, "r", PERIOD):
        kill_holder(settings)
        for _ in range(2):
            with pytest.raises(LockLost):
                ledger.write_pull_note(settings, "r", PERIOD, "after")
    assert ledger.pull_note(settings, "r", PERIOD) is None


def test_a_lock_that_another_session_holds_is_not_ours(settings: Settings) -> None:
    """As behind a pooler in transaction mode: the session has changed, and its lock went with the former one."""
    with pytest.raises(LockLost), lock(settings, PULL, "r", PERIOD):
        with transaction(settings) as con:
            con.execute(text("select pg_advisory_unlock_all()"))
        with transaction(settings):
            pytest.fail("a transaction began without its lock")


def test_a_question_needs_no_lock_and_what_is_written_because_of_its_answer_does(settings: Settings) -> None:
    with pytest.raises(LockLost), lock(settings, PULL, "r", PERIOD):
        with transaction(settings) as con:
            con.execute(text("select pg_advisory_unlock_all()"))
        assert ledger.pull_note(settings, "r", PERIOD) is None
        ledger.write_pull_note(settings, "r", PERIOD, "after")
    with pytest.raises(LockLost), lock(settings, PULL, "r", PERIOD):
        kill_holder(settings)
        ledger.pull_note(settings, "r", PERIOD)
    assert ledger.pull_note(settings, "r", PERIOD) is None
