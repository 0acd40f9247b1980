"""How a question is asked: one transaction, rows as dataclasses, dicts or single values."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Executable, Select, TableClause, select, text

from auyl.settings import Settings
from auyl.store.postgres import reading, transaction

Record = TypeVar("Record")


def columns_of(record: type[Any], table: TableClause) -> Select[Any]:
    """A select of the columns of `table` that a dataclass has as fields."""
    return select(*(table.c[field.name] for field in fields(record)))


def records(settings: Settings, statement: Executable, record: type[Record]) -> list[Record]:
    """All rows as objects of a dataclass."""
    return [record(**row) for row in dicts(settings, statement)]


def record(settings: Settings, statement: Executable, kind: type[Record]) -> Record:
    """The only row as an object of a dataclass. Raises NoResultFound."""
    with reading(settings) as con:
        return kind(**con.execute(statement).mappings().one())


def record_or_none(settings: Settings, statement: Executable, record: type[Record]) -> Record | None:
    """The first row as an object of a dataclass; None where there is none."""
    with reading(settings) as con:
        row = con.execute(statement).mappings().first()
    return record(**row) if row else None


def dicts(settings: Settings, statement: Executable) -> list[dict[str, Any]]:
    """All rows by the names of their columns."""
    with reading(settings) as con:
        return [dict(row) for row in con.execute(statement).mappings()]


def scalar(settings: Settings, statement: Executable) -> Any:
    """The first value of the first row; None where there is no row."""
    with reading(settings) as con:
        return con.execute(statement).scalar()


def scalars(settings: Settings, statement: Executable) -> list[Any]:
    """The first value of every row."""
    with reading(settings) as con:
        return list(con.execute(statement).scalars())


def execute(settings: Settings, statement: Executable) -> None:
    """Run a statement that returns nothing."""
    with transaction(settings) as con:
        con.execute(statement)


def sql_file(settings: Settings, name: str, **values: Any) -> Executable:
    """The question in `include/sql/ledger/<name>.sql` with its values."""
    return text(_text(settings.include, name)).bindparams(**values)


@cache
def _text(include: Path, name: str) -> str:
    return (include / "sql" / "ledger" / f"{name}.sql").read_text(encoding="utf-8")
