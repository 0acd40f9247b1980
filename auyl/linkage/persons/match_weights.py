"""Match weights: features of persons and records, the weight of each candidate pair, and the link it leads to."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.linkage.persons.model import FIELDS, Model, sql
from auyl.store import duck

if TYPE_CHECKING:
    import duckdb


def create_features(con: duckdb.DuckDBPyConnection, include: Path, people: str) -> None:
    """Create the table `<people>_features`: what the model compares, one row for each row of the relation `people`.

    `people` has unique_id, surname, given_name, patronymic, birth_date, sex, settlement_kato, district_kato.
    """
    spelling = duck.bind(sql(include, "person_spelling"), names=people)
    con.execute(f"create or replace temp table {people}_spelling as {spelling}")
    query = duck.bind(sql(include, "person_features"), records=people, spelling=f"{people}_spelling")
    con.execute(f"create or replace temp table {people}_features as {query}")
    _arrange_names(con, include, people)


def _arrange_names(con: duckdb.DuckDBPyConnection, include: Path, people: str) -> None:
    """Find surname, given name and patronymic in the rows of `<people>_features` that are not plain."""
    con.execute(
        f"create or replace temp view jumbled as select p.unique_id, p.surname, p.given_name, p.patronymic "
        f"from {people} as p semi join (from {people}_features where not is_plain) as f on p.unique_id = f.unique_id"
    )
    arranged = duck.bind(sql(include, "arranged_names"), rows="jumbled")
    names = ", ".join(f"{name} = a.{name}" for name in ("surname", "surname_other", "given_name", "patronymic"))
    con.execute(f"update {people}_features as f set {names} from ({arranged}) as a where f.unique_id = a.unique_id")


def candidates(model: Model, known: str, records: str) -> str:
    """SQL of the pairs of two tables of features that meet a blocking rule: person_row, record_row; some repeat."""
    return " union all ".join(
        f"select l.rowid as person_row, r.rowid as record_row from {known} as l inner join {records} as r on {rule}"
        for rule in model.blocking_rules
    )


def create_pairs(
    con: duckdb.DuckDBPyConnection, include: Path, model: Model, known: str, records: str, target: str
) -> None:
    """Create `target` with the candidate pairs of two tables of features that reach the review weight.

    Columns: record, person (unique_id of `records` and of `known`), for each of FIELDS the level at which it agrees
    (-1 where a side has no value, 0 where it does not agree), weight in bits, is_evident.
    """
    # Row numbers stand for rows until all blocking rules have run: 16 bytes a pair instead of two texts.
    con.execute(
        f"create or replace temp table candidate as select distinct * from ({candidates(model, known, records)})"
    )
    # Splink copies its tables, so it gets only those who are in a pair.
    for side, people, row in (("known", known, "person_row"), ("record", records, "record_row")):
        con.execute(
            f"create or replace temp table {side}_in_pair as select *, rowid as _row from {people} "
            f"where rowid in (select {row} from candidate)"
        )
    con.execute(f"create or replace temp table blocked_pair as {sql(include, 'blocked_pairs')}")
    api = open_splink(con)
    linker = create_linker(api, model.settings, {"known": "known_in_pair", "record": "record_in_pair"})
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked_pair"))
    scored = linker.inference.predict(threshold_match_weight=model.review_weight)
    levels = ", ".join(f"gamma_{field}::tinyint as {field}" for field in FIELDS)
    con.execute(
        f"create or replace temp table {target} as select *, {model.is_evident} as is_evident from ("
        f"select unique_id_r as record, unique_id_l as person, {levels}, round(match_weight, 4) as weight "
        f"from {scored.physical_name})"
    )
    scored.drop_table_from_database_and_remove_from_cache()


def open_splink(con: duckdb.DuckDBPyConnection) -> Any:
    """Splink over a connection. It creates tables that are not temporary: the database must be the caller's alone."""
    from splink.backends.duckdb import DuckDBAPI

    return DuckDBAPI(con)


def create_linker(api: Any, settings: Any, tables: dict[str, str]) -> Any:
    """Splink's linker over tables; the keys are the names that Splink gives the tables in its answers."""
    from splink import Linker

    # Splink reports its progress as warnings, and so what its check of the settings finds; DuckDB refuses a column that
    # is not there.
    logging.getLogger("splink").setLevel(logging.ERROR)
    registered = [api.register(table, dataset_display_name=name) for name, table in tables.items()]
    return Linker(registered, settings, log_level=logging.ERROR, validate_settings=False)


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
        sql(include, "person_choice"),
        pairs=pairs,
        review=str(model.review_weight),
        link=str(model.link_weight),
        margin=str(model.margin),
        one_to_one=str(is_one_to_one).lower(),
    )
    con.execute(f"create or replace temp table {target} as {query}")
