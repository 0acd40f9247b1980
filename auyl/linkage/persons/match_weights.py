"""Match weights: features of persons and records, the weight of each candidate pair, and the link it leads to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auyl.linkage.persons import scoring
from auyl.linkage.persons.model import Model
from auyl.store import duck

if TYPE_CHECKING:
    import duckdb


def create_features(con: duckdb.DuckDBPyConnection, include: Path, people: str) -> None:
    """Create the table `<people>_features`: what the model compares, one row for each row of the relation `people`.

    `people` has unique_id, surname, given_name, patronymic, birth_date, sex, settlement_kato, district_kato.
    """
    folder = include / "sql" / "linkage" / "persons"
    spelling = duck.bind(duck.sql(folder / "person_spelling.sql"), names=people)
    con.execute(f"create or replace temp table {people}_spelling as {spelling}")
    query = duck.bind(duck.sql(folder / "person_features.sql"), records=people, spelling=f"{people}_spelling")
    con.execute(f"create or replace temp table {people}_features as {query}")


def create_pairs(
    con: duckdb.DuckDBPyConnection, include: Path, model: Model, known: str, records: str, target: str
) -> None:
    """Create `target` with the candidate pairs of two tables of features that reach the review weight.

    Columns: record, person (unique_id of `records` and of `known`), weight in bits, and for each of model.FIELDS the
    level at which it agrees (-1 where a side has no value, 0 where it does not agree).
    """
    query = duck.bind(
        duck.sql(include / "sql" / "linkage" / "persons" / "match_weights.sql"),
        known=known,
        records=records,
        candidates=scoring.candidates(model.blocking_rules, known, records),
        compared=scoring.compared_columns(),
        levels=scoring.levels(model.settings),
        bits=scoring.match_weight(model.settings),
        review=repr(model.review_weight),
    )
    con.execute(f"create or replace temp table {target} as {query}")


def choose_links(
    con: duckdb.DuckDBPyConnection,
    include: Path,
    model: Model,
    pairs: str,
    target: str,
    is_one_to_one: bool = True,
) -> None:
    """Create `target` (record, person, weight, next_weight, outcome link or review) from the relation `pairs`.

    `is_one_to_one`: the records come from a registry with one row per person.
    """
    query = duck.bind(
        duck.sql(include / "sql" / "linkage" / "persons" / "person_choice.sql"),
        pairs=pairs,
        review=str(model.review_weight),
        link=str(model.link_weight),
        margin=str(model.margin),
        one_to_one=str(is_one_to_one).lower(),
    )
    con.execute(f"create or replace temp table {target} as {query}")
