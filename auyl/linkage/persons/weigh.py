"""Persons: of whom a record speaks that came without a valid number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auyl.linkage.persons import scoring
from auyl.linkage.persons.model import Model
from auyl.store import duck

if TYPE_CHECKING:
    import duckdb

FIELDS = ("surname", "given_name", "patronymic", "born", "place", "sex")


def weigh(con: duckdb.DuckDBPyConnection, include: Path, trained: Model, known: str, keyless: str, target: str) -> None:
    """Create `target` with the pairs of two tables of features that are worth a look.

    Columns: record, person (unique_id of `keyless` and of `known`), weight in bits, and for each of FIELDS the level
    at which it agrees (-1 where a side has none, 0 where it does not agree).
    """
    query = duck.bind(
        duck.sql(include / "sql" / "linkage" / "weighed_pairs.sql"),
        known=known,
        records=keyless,
        candidates=scoring.candidates(known, keyless),
        compared=scoring.compared(),
        levels=scoring.levels(trained.settings),
        bits=scoring.weight(trained.settings),
        review=repr(trained.review_weight),
    )
    con.execute(f"create or replace temp table {target} as {query}")


def choose(
    con: duckdb.DuckDBPyConnection,
    include: Path,
    trained: Model,
    pairs: str,
    target: str,
    is_one_to_one: bool = True,
) -> None:
    """Create `target` (record, person, weight, next_weight, outcome link or review) from the pairs of `weigh`.

    `is_one_to_one`: the records are of a registry that has one row a person.
    """
    query = duck.bind(
        duck.sql(include / "sql" / "linkage" / "person_choice.sql"),
        pairs=pairs,
        review=str(trained.review_weight),
        link=str(trained.link_weight),
        margin=str(trained.margin),
        one_to_one=str(is_one_to_one).lower(),
    )
    con.execute(f"create or replace temp table {target} as {query}")
