"""What linkage compares: records without a person number, the persons of the population registry, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts
from auyl.linkage.persons.model import sql
from auyl.settings import Settings
from auyl.stage.current import stage_view
from auyl.stage.inputs import Batches
from auyl.stage.linkable import linkable_table
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.resolver import claim_key, resolve

if TYPE_CHECKING:
    import duckdb

POPULATION = "population"
# The record key is a hash of these, so a record keeps its key when the same row comes again next month.
KEYED_COLUMNS = ("registry", "number", *contracts.PERSON_COLUMNS, "sex", "settlement_kato", "district_kato")
_NO_ROWS = (
    "select '' as registry, '' as _file, 0::bigint as _record, '' as number, '' as surname, '' as given_name, "
    "'' as patronymic, null::date as birth_date, '' as sex, '' as settlement_kato, '' as district_kato where false"
)


def read_records(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches) -> None:
    """Create `linkable_row`, a row for each row that lacks only a valid number, and `record`, its distinct records."""
    claims = []
    for registry in sorted(set(batches) - {POPULATION}):
        contract = contracts.load(registry, settings.include)
        claims.append((contract, linkable_table(con, lake, contract, batches[registry])))
    resolve(con, settings, claims)
    rows = [
        f"select {literal(contract.registry)} as registry, r._file, r._record, r.iin as number, "
        f"{', '.join(f'r.{name}' for name in contracts.PERSON_COLUMNS)}, {_sex(con, relation)} as sex, "
        f"l.settlement_kato, l.district_kato "
        f"from {relation} as r left join place as l on {claim_key(contract, 'r.')} = l._key"
        for contract, relation in claims
    ]
    details = ", ".join(f"coalesce({column}::varchar, '')" for column in KEYED_COLUMNS)
    con.execute(
        f"create or replace temp table linkable_row as select concat_ws(chr(31), {details}) as details, "
        f"person_key(details)::varchar as unique_id, * from ({' union all '.join([*rows, _NO_ROWS])})"
    )
    con.execute(
        "create or replace temp table record as select distinct on (unique_id) * exclude (_file, _record, details) "
        "from linkable_row order by unique_id"
    )


def _sex(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    columns = {row[0] for row in con.execute(f"describe {relation}").fetchall()}
    return "r.sex" if "sex" in columns else "null::varchar"


def read_persons(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches) -> None:
    """Create `known` with the persons of the population registry, by the columns of known_person.sql."""
    population = contracts.load(POPULATION, settings.include)
    identity = ", ".join(literal(lake.address(paths.identity_file(batch.name))) for batch in batches[POPULATION])
    con.execute(f"create or replace temp view identity as select * from read_parquet([{identity}])")
    resolve(con, settings, [(population, stage_view(con, settings, lake, population, batches[POPULATION]))])
    query = duck.bind(sql(settings.include, "known_person"), claim=claim_key(population, "p."))
    con.execute(f"create or replace temp table known as {query}")


def read_decisions(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create `decision` with what reviewers decided: record, person, is_same."""
    with transaction(settings) as connection:
        decisions = connection.execute(
            text("select record_key::text, person_key::text, is_same from ledger.current_link_decision")
        ).all()
    con.execute("create or replace temp table decision (record varchar, person varchar, is_same boolean)")
    if decisions:
        con.executemany("insert into decision values (?, ?, ?)", [tuple(row) for row in decisions])
