"""Link: the records of a period that came without a valid number, and of whom each of them speaks.

A record is a linkable row: one rejected solely because its ИИН is missing or invalid. Its key is the keyed
hash of what it says, so rows that say the same are one record, today and in the next extract, and a decision on it
stays.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts
from auyl.linkage.persons import index, model, weigh
from auyl.linkage.persons.model import Model
from auyl.settings import Settings
from auyl.stage.current import stage_view
from auyl.stage.inputs import Batches, current_batches, digest
from auyl.stage.linkable import linkable_table
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import LINK, lock
from auyl.store.postgres import engine
from auyl.territory.resolver import claim_key, current_edition, open_territory, resolve, resolver_rules

if TYPE_CHECKING:
    import duckdb

POPULATION = "population"
# Splink's own names are in the model; these are asked beside it.
SQL = ("known_person", "number_repaired", "person_choice", "person_features", "person_spelling", "possible_person",
       "weighed_pairs")  # fmt: skip


# Further back nobody looks for a run on the same persons: they come anew every month.
FORMER_RUNS = 100
# Where records are fewer than one in so many persons, those whom they could be are found without folding every name.
PERSONS_A_RECORD = 200


@dataclass(frozen=True)
class LinkResult:
    """What came of a period. `status` is linked, unchanged (the same inputs before) or nothing (no population came).

    `records` are distinct sayings, `fresh` those that no former run had weighed, `rows` the rows of registries that say
    them; `linked` and `reviewed` count records, `methods` the linked ones by method. `contents` has a digest of the
    linked rows and their persons for each registry.
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
    fresh: int = 0


@dataclass(frozen=True)
class Step:
    """What a run may rest on: `known`, a digest of persons and rules, and the folder of a `former` run on the same.

    Without a former run everything is weighed.
    """

    known: str
    former: str | None

    @property
    def index(self) -> str:
        """Where the index of the persons lies."""
        return paths.persons_index(self.known)

    def pairs(self, folder: str) -> str:
        """Where a run keeps what it weighed."""
        return paths.weighed_pairs(folder, self.known)


def link(settings: Settings, period: str, given: Batches | None = None) -> LinkResult:
    """Link the records of `period`, write the links to the lake and what needs a look to the vault.

    The same batches, decisions and model are linked once, and where the persons are those of a former run, only records
    that it did not have are weighed. Batches are those current for the period, carried forward as the contracts allow;
    `given` are those of some registries that the caller has looked up already.
    """
    lake = Lake(settings.lake)
    trained = model.load(settings.include)
    singular = {c.registry for c in contracts.load_all(settings.include) if c.names_person and c.keys == ("iin",)}
    with lock(settings, LINK, period):
        batches, is_current = _batches(settings, period, given)
        if POPULATION not in batches:
            return LinkResult(period, "nothing")
        edition = current_edition(settings, lake)
        made_of = _digest(settings, lake, batches, edition)
        former = _former(settings, lake, period, made_of)
        if former is not None:
            return former
        path = paths.link_file(period, made_of)
        folder = paths.folder_of(path)
        step = _step(settings, lake, batches, edition)
        con = duck.cursor(settings, lake)
        try:
            set_person_key(con, settings)
            open_territory(con, settings, lake, edition)
            _read_records(con, settings, lake, batches)
            _weigh(con, settings, lake, trained, batches, step)
            _decide(con, settings, trained, singular)
            lake.prepare(folder)
            _keep_sayings(con, lake, path)
            for table, file in (("link", path), ("weighed_or_repaired", step.pairs(folder))):
                con.execute(f"copy {table} to {literal(lake.address(file))} (format parquet, compression zstd)")
            result = _told(con, period, path)
            if step.former is not None and result.reviewed:
                _read_known(con, settings, lake, batches, "select person_key from link where outcome = 'review'")
            _to_vault(con, settings, made_of, result, is_current)
        finally:
            con.close()
    return result


def _keep_sayings(con: duckdb.DuckDBPyConnection, lake: Lake, path: str) -> None:
    """Write what each record's key was made of to identity, beside who staged rows are: another key needs it."""
    sayings = paths.sayings_file(path)
    lake.prepare(paths.folder_of(sayings))
    con.execute(
        "copy (select distinct unique_id::uuid as record_key, says from said order by 1) "
        f"to {literal(lake.address(sayings))} (format parquet, compression zstd)"
    )


def linked(settings: Settings, period: str, given: Batches | None = None) -> LinkResult | None:
    """What `link` would give without linking anything: None where it was not done yet."""
    lake = Lake(settings.lake)
    batches, _ = _batches(settings, period, given)
    if POPULATION not in batches:
        return LinkResult(period, "nothing")
    made_of = _digest(settings, lake, batches, current_edition(settings, lake))
    return _former(settings, lake, period, made_of)


def _batches(settings: Settings, period: str, given: Batches | None) -> tuple[Batches, bool]:
    """The batches to link, and whether they are those current, so that a person need look at what comes of them."""
    names = [POPULATION, *(c.registry for c in contracts.load_all(settings.include) if c.names_person)]
    current, _ = current_batches(settings, names, period)
    batches = current | {registry: found for registry, found in (given or {}).items() if registry in names}
    return batches, batches == current


def _digest(settings: Settings, lake: Lake, batches: Batches, edition: str) -> str:
    with engine(settings.dsn).connect() as con:
        decisions = con.execute(text("select coalesce(max(decision_id), 0) from ledger.link_decision")).scalar()
    made_of = digest(settings, lake, batches, edition, _rules(settings.include))
    return hashlib.sha256(f"{made_of} decisions {decisions}".encode() + index.rules()).hexdigest()


def _rules(include: Path) -> list[Path]:
    rules = sorted(file for file in (include / "linkage").iterdir() if file.name != "words.yaml")
    rules += [include / "sql" / "linkage" / f"{name}.sql" for name in SQL]
    rules += resolver_rules(include)
    return rules + sorted((include / "sql" / "macros").iterdir())


def _step(settings: Settings, lake: Lake, batches: Batches, edition: str) -> Step:
    """The newest run on the same persons by the same rules that kept what it weighed."""
    persons = digest(settings, lake, {POPULATION: batches[POPULATION]}, edition, _rules(settings.include))
    step = Step(hashlib.sha256(persons.encode() + index.rules()).hexdigest()[:16], None)
    with engine(settings.dsn).connect() as con:
        runs = con.execute(text("select path from ledger.link_run order by run_id desc limit :n"), {"n": FORMER_RUNS})
        for path in runs.scalars():
            folder = paths.folder_of(path)
            if lake.exists(step.pairs(folder)) and lake.exists(path):
                return replace(step, former=folder)
    return step


def _told(con: duckdb.DuckDBPyConnection, period: str, path: str) -> LinkResult:
    """What came of it, counted in `link`."""
    counts = dict(con.execute("select outcome, count(distinct record_key) from link group by all").fetchall())
    methods = con.execute(
        "select method, count(distinct record_key) from link where outcome = 'link' group by all"
    ).fetchall()
    ((records, rows),) = con.execute("select count(distinct record_key), count(*) from link").fetchall()
    contents = con.execute(
        "select registry, sha256(string_agg(concat_ws(chr(31), _file, _record, person_key, method), chr(30) "
        "order by _file, _record)) from link where outcome = 'link' group by all"
    ).fetchall()
    ((fresh,),) = con.execute("select count(*) from fresh_record").fetchall()
    linked, reviewed = counts.get("link", 0), counts.get("review", 0)
    return LinkResult(period, "linked", path, records, rows, linked, reviewed, dict(methods), dict(contents), fresh)


def _former(settings: Settings, lake: Lake, period: str, made_of: str) -> LinkResult | None:
    with engine(settings.dsn).connect() as con:
        row = con.execute(
            text(
                "select path, records, linked, reviewed, contents from ledger.link_run "
                "where period = :p and inputs_digest = :d"
            ),
            {"p": period, "d": made_of},
        ).one_or_none()
    if row is None or not all(lake.exists(path) for path in (row.path, paths.sayings_file(row.path))):
        return None
    return LinkResult(period, "unchanged", row.path, row.records, 0, row.linked, row.reviewed, contents=row.contents)


def _read_records(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches) -> None:
    """Create `said` with a row for each row of a registry that names a person without a number, and `record` of it."""
    claims = []
    for registry in sorted(set(batches) - {POPULATION}):
        contract = contracts.load(registry, settings.include)
        claims.append((contract, linkable_table(con, lake, contract, batches[registry])))
    resolve(con, settings, claims)
    parts = [
        f"select {literal(contract.registry)} as registry, r._file, r._record, r.iin as number, "
        f"{', '.join(f'r.{name}' for name in contracts.PERSON_COLUMNS)}, {_sex(con, relation)} as sex, "
        f"l.settlement_kato, l.district_kato "
        f"from {relation} as r left join place as l on {claim_key(contract, 'r.')} = l._key"
        for contract, relation in claims
    ]
    nothing = (
        "select '' as registry, '' as _file, 0::bigint as _record, '' as number, '' as surname, '' as given_name, "
        "'' as patronymic, null::date as birth_date, '' as sex, '' as settlement_kato, '' as district_kato where false"
    )
    con.execute(
        "create or replace temp table said as select concat_ws(chr(31), registry, "
        "coalesce(number, ''), coalesce(surname, ''), coalesce(given_name, ''), coalesce(patronymic, ''), "
        "coalesce(birth_date::varchar, ''), coalesce(sex, ''), coalesce(settlement_kato, ''), "
        "coalesce(district_kato, '')) as says, person_key(says)::varchar as unique_id, * "
        f"from ({' union all '.join([*parts, nothing])})"
    )
    con.execute(
        "create or replace temp table record as select distinct on (unique_id) * exclude (_file, _record, says) "
        "from said order by unique_id"
    )


def _open_population(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches
) -> tuple[contracts.Contract, str]:
    """Create the views of everybody's stage and `identity`; return the contract and the name of the first."""
    people = contracts.load(POPULATION, settings.include)
    identity = ", ".join(literal(lake.address(paths.identity_file(batch.name))) for batch in batches[POPULATION])
    con.execute(f"create or replace temp view identity as select * from read_parquet([{identity}])")
    return people, stage_view(con, settings, lake, people, batches[POPULATION])


def _read_known(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches, wanted: str | None = None
) -> None:
    """Create `known` with the persons whose keys the SQL `wanted` gives, or with everybody."""
    people, everybody = _open_population(con, settings, lake, batches)
    if wanted is not None:
        con.execute(
            f"create or replace temp table some_persons as select p.* from {everybody} as p "
            f"semi join ({wanted}) as w(person_key) on p.person_key = w.person_key"
        )
        con.execute(f"create or replace temp view {everybody} as from some_persons")
    resolve(con, settings, [(people, everybody)])
    query = duck.bind(
        duck.sql(settings.include / "sql" / "linkage" / "known_person.sql"), claim=claim_key(people, "p.")
    )
    con.execute(f"create or replace temp table known as {query}")


def _sex(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    columns = {row[0] for row in con.execute(f"describe {relation}").fetchall()}
    return "r.sex" if "sex" in columns else "null::varchar"


def _weigh(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, trained: Model, batches: Batches, step: Step
) -> None:
    """Create `weighed`, and `pair` and `repaired` without the pairs that a person has told apart."""
    _read_decisions(con, settings)
    _recall(con, lake, step)
    model.features(con, settings.include, "fresh_record", "fresh_record_features")
    _read_whom_they_could_be(con, settings, lake, batches, step)
    weigh.weigh(con, settings.include, trained, "near_known", "fresh_record_features", "weighed_now")
    query = duck.bind(
        duck.sql(settings.include / "sql" / "linkage" / "number_repaired.sql"), records="fresh_record", known="known"
    )
    con.execute(
        "create or replace temp table weighed_or_repaired as select * from recalled union all by name "
        "select * replace (record::uuid as record, person::uuid as person) from weighed_now union all by name "
        f"select record::uuid as record, person::uuid as person, true as is_repaired from ({query}) "
        "order by record, person, is_repaired"
    )
    apart = "anti join (from decision where not is_same) as d using (record, person)"
    for table, condition in (("weighed", "is_repaired is null"), ("repaired_any", "is_repaired")):
        con.execute(
            f"create or replace temp view {table} as select * exclude (is_repaired) "
            "replace (record::varchar as record, person::varchar as person) "
            f"from weighed_or_repaired where {condition}"
        )
    con.execute(f"create or replace temp table pair as from weighed {apart}")
    con.execute(f"create or replace temp table repaired as select record, person from repaired_any {apart}")


def _read_decisions(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    with engine(settings.dsn).connect() as connection:
        decisions = connection.execute(
            text("select record_key::text, person_key::text, is_same from ledger.current_link_decision")
        ).all()
    con.execute("create or replace temp table decision (record varchar, person varchar, is_same boolean)")
    if decisions:
        con.executemany("insert into decision values (?, ?, ?)", [tuple(row) for row in decisions])


def _recall(con: duckdb.DuckDBPyConnection, lake: Lake, step: Step) -> None:
    """Create `recalled`, what a former run found for records that still stand, and `fresh_record` with the others."""
    if step.former is None:
        levels = "".join(f", null::tinyint as {field}" for field in weigh.FIELDS)
        con.execute("create or replace temp view fresh_record as from record")
        con.execute(
            "create or replace temp view recalled as select null::uuid as record, null::uuid as person, "
            f"null::double as weight{levels}, null::boolean as is_repaired where false"
        )
        return
    pairs, links = (
        f"read_parquet({literal(lake.address(path))})"
        for path in (step.pairs(step.former), paths.links_in(step.former))
    )
    con.execute(
        f"create or replace temp table recalled as select p.* from {pairs} as p "
        "semi join record as r on p.record = r.unique_id::uuid"
    )
    con.execute(
        "create or replace temp table fresh_record as select r.* from record as r "
        f"anti join {links} as l on r.unique_id::uuid = l.record_key"
    )


def _read_whom_they_could_be(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, batches: Batches, step: Step
) -> None:
    """Create `known` and its features with all whom a fresh record could be, and `near_known`, the nearest of them.

    Those whom a decision names are in `known` too. A run of many records leaves an index of everybody for the next.
    """
    ((fresh,),) = con.execute("select count(*) from fresh_record").fetchall()
    persons = sum(batch.staged for batch in batches[POPULATION])
    is_whole = fresh * PERSONS_A_RECORD > persons and not lake.exists(step.index)
    if is_whole:
        _read_known(con, settings, lake, batches)
        model.features(con, settings.include, "known", "known_features")
        index.write(con, settings, lake, step.index, "known_features", "unique_id::uuid")
    if not fresh:
        con.execute("create or replace temp table near_person as select null::uuid as person where false")
    elif lake.exists(step.index):
        index.near(con, settings, lake, step.index, "fresh_record_features", "near_person")
    else:
        _, everybody = _open_population(con, settings, lake, batches)
        sql = duck.sql(settings.include / "sql" / "linkage" / "possible_person.sql")
        spelled = model.spelling(con, settings.include, "identity")
        query = duck.bind(sql, population=everybody, records="fresh_record_features", spelling=spelled)
        con.execute(f"create or replace temp table near_person as {query}")
    if not is_whole:
        named = "select person::uuid from decision where is_same"
        _read_known(con, settings, lake, batches, f"select person from near_person union {named}")
        model.features(con, settings.include, "known", "known_features")
    con.execute(
        "create or replace temp table near_known as select k.* from known_features as k "
        "semi join near_person as n on k.unique_id::uuid = n.person"
    )


def _decide(con: duckdb.DuckDBPyConnection, settings: Settings, trained: Model, singular: set[str]) -> None:
    """Create `link`: a row for each row of a registry, with the person it speaks of, how and why, or nobody.

    `singular` registries, whose key is the number alone, have one row a person; others may speak of one more than once.
    """
    con.execute("create or replace temp table choice (record varchar, person varchar, weight double, "
                "next_weight double, outcome varchar)")  # fmt: skip
    for (registry,) in con.execute("select distinct registry from record order by 1").fetchall():
        con.execute(
            "create or replace temp view own_pair as select p.* from pair as p inner join record as r "
            f"on p.record = r.unique_id where r.registry = {literal(registry)}"
        )
        weigh.choose(con, settings.include, trained, "own_pair", "own_choice", registry in singular)
        con.execute("insert into choice by name from own_choice")
    levels = ", ".join(f"w.{field} as {field}_level" for field in weigh.FIELDS)
    con.execute(f"""
        create or replace temp table link as
        with found as (
            select record, person, 'decided' as method, 'link' as outcome, 1 as turn
            from decision where is_same and person in (select unique_id from known)
            union all
            select record, person, 'number_repaired', 'link', 2 from repaired
            union all
            select record, person, 'weighed', outcome, 3 from choice
        ),
        chosen as (
            select * from found
            where record in (select unique_id from record)
            qualify row_number() over (partition by record order by turn, person) = 1
        )
        select
            s.registry, s._file, s._record, s.unique_id::uuid as record_key, c.person::uuid as person_key,
            coalesce(c.method, 'none') as method, coalesce(c.outcome, 'none') as outcome,
            w.weight, o.next_weight, {levels}
        from said as s
        left join chosen as c on s.unique_id = c.record
        left join weighed as w on c.record = w.record and c.person = w.person
        left join choice as o on c.record = o.record and c.person = o.person
        order by s.registry, s._file, s._record
    """)


def _to_vault(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    made_of: str,
    result: LinkResult,
    is_current: bool,
) -> None:
    """Write the run down and, where it is of the current batches, replace what needs a look: one transaction."""
    says = ", ".join((*contracts.PERSON_COLUMNS, "sex", "settlement_kato", "number"))
    levels = ", ".join(f"'{field}', {field}_level" for field in weigh.FIELDS)
    query = f"""
        select {literal(result.period)}, l.record_key, l.person_key, any_value(l.weight), any_value(l.next_weight),
            any_value(json_object({levels})),
            to_json(list([l.registry, l._file, l._record::varchar] order by l._file, l._record)),
            any_value(to_json(r)), any_value(to_json(k))
        from link as l
        inner join (select unique_id, {says} from record) as r on l.record_key::varchar = r.unique_id
        inner join (select unique_id, {says} from known) as k on l.person_key::varchar = k.unique_id
        where l.outcome = 'review'
        group by l.record_key, l.person_key
        order by l.record_key
    """
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=settings.home / "spill") as folder:
        file = Path(folder) / "review.csv"
        con.execute(f"copy ({query}) to {literal(str(file))} (format csv, header false)")
        connection = engine(settings.dsn).raw_connection()
        try:
            cursor = connection.cursor()
            if is_current:
                cursor.execute("delete from vault.link_review where period = %s", (result.period,))
                with file.open("rb") as stream:
                    cursor.copy_expert(
                        "copy vault.link_review (period, record_key, person_key, weight_bits, next_weight_bits, "
                        "levels, places, record, person) from stdin (format csv)",
                        stream,
                    )
            cursor.execute(
                "insert into ledger.link_run (period, inputs_digest, path, records, linked, reviewed, contents) "
                "values (%s, %s, %s, %s, %s, %s, %s) on conflict (period, inputs_digest) do nothing",
                (
                    result.period,
                    made_of,
                    result.path,
                    result.records,
                    result.linked,
                    result.reviewed,
                    json.dumps(result.contents),
                ),
            )
            connection.commit()
        finally:
            connection.close()
