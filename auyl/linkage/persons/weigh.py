"""Persons: of whom a record speaks that came without a valid number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auyl import duck
from auyl.linkage.persons import model
from auyl.linkage.persons.model import Model

if TYPE_CHECKING:
    import duckdb

FIELDS = ("surname", "given_name", "patronymic", "born", "place", "sex")


def weigh(con: duckdb.DuckDBPyConnection, trained: Model, known: str, keyless: str, target: str) -> None:
    """Create `target` with the pairs of two tables of features that are worth a look.

    Columns: record, person (unique_id of `keyless` and of `known`), weight in bits, and for each of FIELDS the level
    at which it agrees (-1 where a side has none, 0 where it does not agree).
    """
    pairs = model.linker(con, trained.settings, known, keyless).inference.predict(
        threshold_match_weight=trained.review_weight
    )
    levels = ", ".join(f"gamma_{field}::tinyint as {field}" for field in FIELDS)
    con.execute(
        f"create or replace temp table {target} as select "
        f"if(source_dataset_l = 'record', unique_id_l, unique_id_r) as record, "
        f"if(source_dataset_l = 'record', unique_id_r, unique_id_l) as person, "
        f"round(match_weight, 4) as weight, {levels} from {pairs.physical_name}"
    )
    pairs.drop_table_from_database_and_remove_from_cache()


def near(con: duckdb.DuckDBPyConnection, include: Path, known: str, keyless: str, target: str) -> None:
    """Create `target` with those of `known` who can stand in a pair with one of a few records."""
    query = duck.bind(duck.sql(include / "sql" / "linkage" / "near_persons.sql"), known=known, records=keyless)
    con.execute(f"create or replace temp table {target} as {query}")


def weigh_changes(
    con: duckdb.DuckDBPyConnection,
    include: Path,
    trained: Model,
    known: str,
    keyless: str,
    former: str,
    changed: str,
    target: str,
) -> None:
    """The same as `weigh`, when most of it was done before.

    `former` are the pairs of an earlier run, `changed` (side 'known' or 'record', unique_id) what has come, gone or
    changed since on either side. A pair's weight hangs on its two records alone, so the others stand as they are.
    """
    con.execute(
        f"create or replace temp table fresh_record as select f.* from {keyless} as f "
        f"semi join (from {changed} where side = 'record') as c using (unique_id)"
    )
    con.execute(
        f"create or replace temp table fresh_known as select f.* from {known} as f "
        f"semi join (from {changed} where side = 'known') as c using (unique_id)"
    )
    con.execute(
        f"create or replace temp table same_record as select f.* from {keyless} as f "
        f"anti join (from {changed} where side = 'record') as c using (unique_id)"
    )
    near(con, include, known, "fresh_record", "near_known")
    weigh(con, trained, "near_known", "fresh_record", "pair_of_records")
    weigh(con, trained, "fresh_known", "same_record", "pair_of_known")
    con.execute(
        f"create or replace temp table {target} as from pair_of_records union all by name from pair_of_known "
        f"union all by name select * from {former} as f "
        f"anti join (from {changed} where side = 'record') as r on f.record = r.unique_id "
        f"anti join (from {changed} where side = 'known') as k on f.person = k.unique_id"
    )


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
