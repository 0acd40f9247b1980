"""Link the records of a period that lack a valid person number to persons of the population registry.

A record stands for all rows of a registry with the same details, this month and the next, so a reviewer's decision on
it lasts.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts
from auyl.linkage.persons import match_weights, model
from auyl.linkage.persons.model import FIELDS, Model
from auyl.linkage.persons.records import POPULATION, read_decisions, read_persons, read_records
from auyl.settings import Settings
from auyl.stage.inputs import Batches, current_batches, digest
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.copy import copy_query
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import LINK, lock
from auyl.store.postgres import driver_cursor, publishing, transaction
from auyl.territory.resolver import current_edition, open_territory, resolver_rules

if TYPE_CHECKING:
    import duckdb

REVIEW_COLUMNS = (
    "period", "record_key", "person_key", "weight_bits", "next_weight_bits", "levels", "places", "record", "person",
)  # fmt: skip
# A reviewer compares a record with so many persons at most.
REVIEW_CANDIDATES = 5


@dataclass(frozen=True)
class LinkResult:
    """The outcome of a period. `status` is linked, unchanged (same inputs as before) or nothing (no population).

    `records` are distinct records, `rows` the rows of registries that they stand for; `linked` and `reviewed` count
    records, `methods` the linked ones by method. `contents` has a digest of the linked rows and their persons for each
    registry.
    """

    period: str
    status: str
    path: str | None = None
    records: int = 0
    rows: int = 0
    linked: int = 0
    reviewed: int = 0
    methods: dict[str, int] | None = None
    contents: dict[str, str] = field(default_factory=dict)


def link(settings: Settings, period: str, given: Batches | None = None) -> LinkResult:
    """Link the records of `period`; write the links to the lake and the pairs to review to the vault.

    The same batches, decisions and model are linked once. Batches are those current for the period, carried forward as
    the contracts allow; `given` are the batches of some registries that the caller has looked up already.
    """
    lake = lake_of(settings)
    trained = model.load(settings.include)
    with lock(settings, LINK, period):
        batches, is_current = _batches(settings, period, given)
        if POPULATION not in batches:
            return LinkResult(period, "nothing")
        edition = current_edition(settings, lake)
        inputs_digest = _inputs_digest(settings, lake, batches, edition)
        previous = _previous_result(settings, lake, period, inputs_digest)
        if previous is not None:
            return previous
        path = paths.link_file(period, inputs_digest)
        # Not a cursor: Splink creates tables that are not temporary.
        with closing(duck.connect(settings, lake)) as con:
            set_person_key(con, settings)
            open_territory(con, settings, lake, edition)
            read_records(con, settings, lake, batches)
            read_persons(con, settings, lake, batches)
            read_decisions(con, settings)
            _create_pairs(con, settings.include, trained)
            _create_links(con, settings, trained)
            _write_links(con, lake, path)
            result = _count(con, period, path)
            _record_run(con, settings, inputs_digest, result, is_current)
    return result


def linked(settings: Settings, period: str, given: Batches | None = None) -> LinkResult | None:
    """The result that `link` would return without doing any work, or None if the period must be linked first."""
    lake = lake_of(settings)
    batches, _ = _batches(settings, period, given)
    if POPULATION not in batches:
        return LinkResult(period, "nothing")
    inputs_digest = _inputs_digest(settings, lake, batches, current_edition(settings, lake))
    return _previous_result(settings, lake, period, inputs_digest)


def _batches(settings: Settings, period: str, given: Batches | None) -> tuple[Batches, bool]:
    """The batches to link, and whether they are the current ones, whose doubtful pairs a person must review."""
    names = [POPULATION, *(c.registry for c in contracts.load_all(settings.include) if c.names_person)]
    current, _ = current_batches(settings, names, period)
    batches = current | {registry: some for registry, some in (given or {}).items() if registry in names}
    return batches, batches == current


def _inputs_digest(settings: Settings, lake: Lake, batches: Batches, edition: str) -> str:
    with transaction(settings) as con:
        decisions = con.execute(text("select coalesce(max(decision_id), 0) from ledger.link_decision")).scalar()
    include = settings.include
    rules = sorted(file for file in (include / "linkage").iterdir() if file.name != "words.yaml")
    rules += sorted((include / "sql" / "linkage" / "persons").iterdir())
    rules += resolver_rules(include)
    rules += sorted((include / "sql" / "macros").iterdir())
    inputs = digest(settings, lake, batches, edition, rules)
    return hashlib.sha256(f"{inputs} decisions {decisions}".encode()).hexdigest()


def _previous_result(settings: Settings, lake: Lake, period: str, inputs_digest: str) -> LinkResult | None:
    with transaction(settings) as con:
        row = con.execute(
            text(
                "select path, records, linked, reviewed, contents from ledger.link_run "
                "where period = :p and inputs_digest = :d"
            ),
            {"p": period, "d": inputs_digest},
        ).one_or_none()
    if row is None or not all(lake.exists(path) for path in (row.path, paths.person_details_file(row.path))):
        return None
    return LinkResult(period, "unchanged", row.path, row.records, 0, row.linked, row.reviewed, contents=row.contents)


def _create_pairs(con: duckdb.DuckDBPyConnection, include: Path, trained: Model) -> None:
    """Create `pair` and `repaired`, without the pairs that a reviewer has declared different."""
    for people in ("record", "known"):
        match_weights.create_features(con, include, people)
    match_weights.create_pairs(con, include, trained, "known_features", "record_features", "weighed_pair")
    repaired = duck.bind(model.sql(include, "number_repaired"), records="record", known="known")
    apart = "anti join (from decision where not is_same) as d using (record, person)"
    con.execute(f"create or replace temp table pair as from weighed_pair {apart}")
    con.execute(f"create or replace temp table repaired as select record, person from ({repaired}) {apart}")


def _create_links(con: duckdb.DuckDBPyConnection, settings: Settings, trained: Model) -> None:
    """Create `link`: one row for each linkable row, with its person, method and match weight, or with nobody."""
    one_to_one = {c.registry for c in contracts.load_all(settings.include) if c.names_person and c.keys == ("iin",)}
    con.execute(
        "create or replace temp table choice "
        "(record varchar, person varchar, weight double, next_weight double, outcome varchar)"
    )
    for (registry,) in con.execute("select distinct registry from record order by 1").fetchall():
        con.execute(
            "create or replace temp view registry_pair as select p.* from pair as p inner join record as r "
            f"on p.record = r.unique_id where r.registry = {literal(registry)}"
        )
        match_weights.choose_links(
            con, settings.include, trained, "registry_pair", "registry_choice", registry in one_to_one
        )
        con.execute("insert into choice by name from registry_choice")
    levels = ", ".join(f"p.{name} as {name}_level" for name in FIELDS)
    query = duck.bind(model.sql(settings.include, "link"), levels=levels)
    con.execute(f"create or replace temp table link as {query}")


def _write_links(con: duckdb.DuckDBPyConnection, lake: Lake, path: str) -> None:
    """Write the links, and to identity what each record's key was hashed from: a new hash key needs it."""
    keyed = "select distinct unique_id::uuid as record_key, details from linkable_row order by 1"
    for query, file in ((keyed, paths.person_details_file(path)), ("from link", path)):
        lake.prepare(paths.folder_of(file))
        duck.write_parquet(con, query, lake.address(file), duck.COMPACT)


def _count(con: duckdb.DuckDBPyConnection, period: str, path: str) -> LinkResult:
    """The result of a run, counted in `link`."""
    outcomes = dict(con.execute("select outcome, count(distinct record_key) from link group by all").fetchall())
    methods = con.execute(
        "select method, count(distinct record_key) from link where outcome = 'link' group by all"
    ).fetchall()
    ((records, rows),) = con.execute("select count(distinct record_key), count(*) from link").fetchall()
    contents = con.execute(
        "select registry, sha256(string_agg(concat_ws(chr(31), _file, _record, person_key, method), chr(30) "
        "order by _file, _record)) from link where outcome = 'link' group by all"
    ).fetchall()
    linked_records, reviewed = outcomes.get("link", 0), outcomes.get("review", 0)
    return LinkResult(period, "linked", path, records, rows, linked_records, reviewed, dict(methods), dict(contents))


def _record_run(
    con: duckdb.DuckDBPyConnection, settings: Settings, inputs_digest: str, result: LinkResult, is_current: bool
) -> None:
    """Add the run to the ledger and replace the pairs to review if the batches are current, in one transaction."""
    query = duck.bind(
        model.sql(settings.include, "link_review"),
        of_period=literal(result.period),
        levels=", ".join(f"'{name}', c.{name}" for name in FIELDS),
        candidates=str(REVIEW_CANDIDATES),
        details=", ".join((*contracts.PERSON_COLUMNS, "sex", "settlement_kato", "number")),
    )
    with publishing(settings) as connection:
        if is_current:
            connection.execute(text("delete from vault.link_review where period = :p"), {"p": result.period})
            copy_query(con, query, driver_cursor(connection), "vault.link_review", REVIEW_COLUMNS, settings)
        connection.execute(
            text(
                "insert into ledger.link_run (period, inputs_digest, path, records, linked, reviewed, contents) "
                "values (:period, :inputs_digest, :path, :records, :linked, :reviewed, cast(:contents as jsonb)) "
                "on conflict (period, inputs_digest) do nothing"
            ),
            {
                "period": result.period,
                "inputs_digest": inputs_digest,
                "path": result.path,
                "records": result.records,
                "linked": result.linked,
                "reviewed": result.reviewed,
                "contents": json.dumps(result.contents),
            },
        )
