"""No error that leaves a task quotes a row: neither its own text nor that of any of its causes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from lxml import etree
from pydantic import TypeAdapter
from sqlalchemy import text

from auyl.errors import AuylError, ExtractRefused, Failure, SourceUnavailable, content_hidden, shape
from auyl.settings import REPOSITORY, Settings
from auyl.store.postgres import driver_connection, engine

IIN, NAME, LATIN, PHONE = "800101300123", "Омарова", "Omarova Aigul", "+7 701 123 45 67"
CELLS = (IIN, NAME, LATIN, PHONE, "701 123")


def _duplicate_key(settings: Settings) -> None:
    row = "insert into vault.person (person_key, iin) values (gen_random_uuid(), :iin)"
    with engine(settings.dsn).begin() as con:
        con.execute(text("create unique index if not exists only_here on vault.person (iin)"))
        con.execute(text(row), {"iin": IIN})
        con.execute(text(row), {"iin": IIN})


def _failing_row(settings: Settings) -> None:
    with driver_connection(settings) as con, con.cursor() as cursor:
        cursor.execute(
            "create temp table t (iin text not null, name text check (length(name) < 3), place int not null)"
        )
        cursor.execute("insert into t values (%s, %s, 1)", (IIN, NAME))


def _wrong_value(settings: Settings) -> None:
    with engine(settings.dsn).connect() as con:
        con.execute(text("select cast(:name as integer)"), {"name": LATIN})


def _of_duckdb(query: str) -> Callable[[Settings], Any]:
    return lambda _: duckdb.execute(query).fetchall()


QUOTING: dict[str, Callable[[Settings], Any]] = {
    "unique key of PostgreSQL": _duplicate_key,
    "check of PostgreSQL": _failing_row,
    "value of PostgreSQL": _wrong_value,
    "cast of DuckDB": _of_duckdb(f"select '{NAME} {IIN}'::integer"),
    "date of DuckDB": _of_duckdb(f"select '{LATIN}'::date"),
    "error of DuckDB": _of_duckdb(f"select error('{NAME} {PHONE}')"),
    "column of DuckDB": _of_duckdb(f'select "{NAME}" from range(3)'),
    "list of Python": lambda _: ["АСП"].index(NAME),
    "key of Python": lambda _: {}[NAME],
    "number of Python": lambda _: int(LATIN),
    "date of Python": lambda _: date.fromisoformat(IIN[:6] + NAME),
    "frame of pandas": lambda _: pandas.Series([NAME]).astype(float),
    "number of pandas": lambda _: pandas.to_numeric(pandas.Series([LATIN])),
    "model of pydantic": lambda _: TypeAdapter(dict[str, int]).validate_python({NAME: LATIN}),
    "document of lxml": lambda _: etree.fromstring(f"<a>{NAME}</{LATIN.replace(' ', '')}>"),
    "file of the machine": lambda _: Path(f"/nowhere/{IIN} справка.xml").read_bytes(),
}


def logged(error: BaseException) -> str:
    """What Airflow writes into the log of a task: every error of the chain, and the lines of code, not of this file."""
    whole = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    assert error.__cause__ is None and error.__suppress_context__
    return "\n".join(line for line in whole.splitlines() if not line.startswith("    "))


@pytest.mark.parametrize("kind", QUOTING)
def test_an_error_of_a_library_is_logged_without_what_it_quotes(settings: Settings, kind: str) -> None:
    with pytest.raises(Exception) as plain:
        QUOTING[kind](settings)
    assert any(cell in str(plain.value) for cell in (*CELLS, "Omarova")), "it quotes nothing: no test"
    with pytest.raises(Failure) as hidden, content_hidden():
        QUOTING[kind](settings)
    shown = logged(hidden.value)
    assert [cell for cell in (*CELLS, "Omarova", "Aigul") if cell in shown] == []
    assert type(plain.value).__name__ in shown


def test_our_own_words_stay_and_lose_their_causes() -> None:
    refused = ExtractRefused("taxes", f"{IIN} справка.xml", "one record", f"two of {IIN}", "КГД", 7, "ИИН")
    for ours in (refused, SourceUnavailable(f"taxes: /people/{IIN}?id={IIN} is away"), AirflowFailException("refused")):
        with pytest.raises(type(ours)) as kept, content_hidden():
            try:
                int(NAME)
            except ValueError as error:
                raise ours from error
        assert kept.value is ours
        assert NAME not in logged(ours) and IIN not in logged(ours) and IIN not in str(ours)
    name = "999999999999 справка.xml"
    place = f"taxes: {name}, line 7, column «ИИН»"
    assert str(refused) == f"{place}: expected one record; found two of 999999999999. Fix: КГД"
    assert IIN not in json.dumps(refused.as_dict())
    with pytest.raises(AirflowSkipException, match="nothing new"), content_hidden():
        raise AirflowSkipException("nothing new")
    digest = "a800101300123f" * 4
    assert digest in str(AuylError(f"expected sha256 {digest}"))
    assert shape(IIN) == "999999999999"


def test_an_error_of_the_machine_keeps_its_words(settings: Settings) -> None:
    with pytest.raises(Failure, match=r"FileNotFoundError in .*: \[Errno 2\] No such file .*nowhere"), content_hidden():
        Path("/nowhere/at/all").read_bytes()
    nobody = engine("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(Failure, match=r"OperationalError in .*refused"), content_hidden():
        nobody.connect()


def test_every_task_hides_what_its_errors_quote() -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(REPOSITORY / "dags"))
    assert not bag.import_errors
    codes = [(task.task_id, _code(task)) for dag in bag.dags.values() for task in dag.tasks]
    ours = [(name, code) for name, code in codes if not code.__module__.startswith("airflow.")]
    assert {"pull", "load", "hand_back", "publish", "measure", "compose", "mail"} <= {name for name, _ in ours}
    hidden = content_hidden()(len).__code__
    assert {name for name, code in ours if hidden not in _layers(code)} == set()


def _layers(code: Any) -> list[Any]:
    """What a function and those that it wraps are made of; Airflow wraps the methods of operators once more."""
    inner = getattr(code, "__wrapped__", None)
    return [code.__code__, *(_layers(inner) if inner else [])]


def _code(task: Any) -> Any:
    """The function that a task runs."""
    kind = getattr(task, "operator_class", type(task))
    return getattr(task, "python_callable", None) or (kind.poke if hasattr(kind, "poke") else kind.execute)
