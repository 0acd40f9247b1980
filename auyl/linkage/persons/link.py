"""Link: the records of a period that came without a valid number, and of whom each of them speaks.

A record is what quarantine keeps back for nothing but its missing or mistyped ИИН. Its key is the keyed hash of what it
says, so rows that say the same are one record, today and in the next extract, and a decision on it stays.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts, duck, ledger
from auyl.contracts import Contract
from auyl.duck import identifier, literal
from auyl.intake import check
from auyl.intake.batch import identity_path, set_person_key
from auyl.intake.suites import load as load_suite
from auyl.lake import Lake
from auyl.linkage.persons import model, weigh
from auyl.linkage.persons.model import Model
from auyl.linkage.places.resolver import claim_key, edition_in_force, open_territory, resolve
from auyl.linkage.staged import stage_view
from auyl.settings import Settings

if TYPE_CHECKING:
    import duckdb

# A row that breaks these alone speaks of a person whose number did not come.
NUMBER_RULES = ("iin_present", "iin_checksum")
SAYS = ("surname", "given_name", "patronymic", "birth_date")


@dataclass(frozen=True)
class LinkResult:
    """What came of a period. `status` is linked, unchanged (the same inputs before) or nothing (no population came).

    `records` are distinct sayings, `rows` the rows of registries that say them; `linked` and `reviewed` count records,
    `methods` the linked ones by method.
    """

    period: str
    status: str
    path: str | None = None
    records: int = 0
    rows: int = 0
    linked: int = 0
    reviewed: int = 0
    methods: dict[str, int] | None = None


def sources(settings: Settings) -> list[Contract]:
    """Contracts of registries whose rows name a person beside the number."""
    found = []
    for registry in contracts.names(settings.include):
        contract = contracts.load(registry, settings.include)
        names = {column.name for column in contract.columns}
        if {"iin", *SAYS} <= names and not contract.feeds_vault:
            found.append(contract)
    return found


def link(settings: Settings, period: str) -> LinkResult:
    """Link the records of `period`, write the links to the lake and what needs a look to the vault.

    The same batches, decisions and model are linked once.
    """
    lake = Lake(settings.lake)
    trained = model.load(settings.include)
    with ledger.lock(settings, f"link.{period}"):
        people = contracts.load("population", settings.include)
        known = ledger.in_force(settings, people.registry, period, people.is_delta)
        if not known:
            return LinkResult(period, "nothing")
        held = {c: ledger.in_force(settings, c.registry, period, c.is_delta) for c in sources(settings)}
        held = {contract: batches for contract, batches in held.items() if batches}
        edition = edition_in_force(settings, lake)
        digest = _digest(settings, [*known, *(b for batches in held.values() for b in batches)], edition)
        path = f"linkage/{period}/{digest[:16]}/link.parquet"
        former = _former(settings, period, digest)
        if former is not None and lake.exists(path):
            return LinkResult(period, "unchanged", path, former[0], 0, former[1], former[2])
        con = duck.connect(settings, lake)
        try:
            set_person_key(con, settings)
            open_territory(con, settings, lake, edition)
            _read(con, settings, lake, people, known, held, period)
            _weigh(con, settings, trained)
            _decide(con, settings, trained, {c.registry for c in held if c.keys == ("iin",)})
            lake.prepare(path.rpartition("/")[0])
            con.execute(f"copy link to {literal(lake.address(path))} (format parquet, compression zstd)")
            counts = dict(con.execute("select outcome, count(distinct record_key) from link group by all").fetchall())
            methods = con.execute(
                "select method, count(distinct record_key) from link where outcome = 'link' group by all"
            ).fetchall()
            ((records, rows),) = con.execute("select count(distinct record_key), count(*) from link").fetchall()
            linked, reviewed = counts.get("link", 0), counts.get("review", 0)
            _to_vault(con, settings, period, digest, path, (records, linked, reviewed))
        finally:
            con.close()
    return LinkResult(period, "linked", path, records, rows, linked, reviewed, dict(Counter(dict(methods))))


def _digest(settings: Settings, batches: list[ledger.Batch], edition: str) -> str:
    total = hashlib.sha256(edition.encode())
    for batch in sorted(batches, key=lambda batch: (batch.registry, batch.batch_id)):
        total.update(f"{batch.registry} {batch.digest} {batch.rules_digest}\n".encode())
    with ledger.engine(settings.dsn).connect() as con:
        decisions = con.execute(text("select coalesce(max(decision_id), 0) from ledger.link_decision")).scalar()
    total.update(f"decisions {decisions}\n".encode())
    folders = [settings.include / "linkage", settings.include / "sql" / "linkage", settings.include / "sql" / "macros"]
    for file in sorted(file for folder in folders for file in folder.iterdir() if file.name != "words.yaml"):
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()


def _former(settings: Settings, period: str, digest: str) -> tuple[int, int, int] | None:
    with ledger.engine(settings.dsn).connect() as con:
        row = con.execute(
            text("select records, linked, reviewed from ledger.link_run where period = :p and inputs_digest = :d"),
            {"p": period, "d": digest},
        ).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def _read(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    people: Contract,
    known: list[ledger.Batch],
    held: dict[Contract, list[ledger.Batch]],
    period: str,
) -> None:
    """Create `known`, and `said` with a row for each row of a registry that names a person without a number."""
    claims = [(people, stage_view(con, settings, lake, people, known))]
    for contract, batches in held.items():
        claims.append((contract, _kept_for_its_number(con, settings, lake, contract, batches, period)))
    resolve(con, settings, claims)
    identity = ", ".join(literal(lake.address(identity_path(batch.stage_path))) for batch in known)
    con.execute(f"create or replace temp view identity as select * from read_parquet([{identity}])")
    query = duck.bind(
        duck.sql(settings.include / "sql" / "linkage" / "known_person.sql"), claim=claim_key(people, "p.")
    )
    con.execute(f"create or replace temp table known as {query}")
    parts = [
        f"select {literal(contract.registry)} as registry, r._file, r._record, r.iin as number, "
        f"{', '.join(f'r.{name}' for name in SAYS)}, {_sex(con, relation)} as sex, "
        f"l.settlement_kato, l.district_kato "
        f"from {relation} as r left join place as l on {claim_key(contract, 'r.')} = l._key"
        for contract, relation in claims[1:]
    ]
    nothing = (
        "select '' as registry, '' as _file, 0::bigint as _record, '' as number, '' as surname, '' as given_name, "
        "'' as patronymic, null::date as birth_date, '' as sex, '' as settlement_kato, '' as district_kato where false"
    )
    con.execute(
        "create or replace temp table said as select person_key(concat_ws(chr(31), registry, "
        "coalesce(number, ''), coalesce(surname, ''), coalesce(given_name, ''), coalesce(patronymic, ''), "
        "coalesce(birth_date::varchar, ''), coalesce(sex, ''), coalesce(settlement_kato, ''), "
        f"coalesce(district_kato, '')))::varchar as unique_id, * from ({' union all '.join([*parts, nothing])})"
    )
    con.execute(
        "create or replace temp table record as select distinct on (unique_id) * exclude (_file, _record) "
        "from said order by unique_id"
    )


def _sex(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    columns = {row[0] for row in con.execute(f"describe {relation}").fetchall()}
    return "r.sex" if "sex" in columns else "null::varchar"


def _kept_for_its_number(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    contract: Contract,
    batches: list[ledger.Batch],
    period: str,
) -> str:
    """Create `kept_<registry>`: typed rows of quarantine that break no critical rule but those of the number."""
    suite = load_suite(contract.suite, settings.expectations)
    others = [literal(r.rule) for r in suite.row_rules if r.is_critical and r.rule not in NUMBER_RULES]
    numbers = ", ".join(map(literal, NUMBER_RULES))
    files = ", ".join(literal(lake.address(batch.quarantine_path)) for batch in batches)
    columns = ", ".join(identifier(column.name) for column in contract.columns)
    con.execute(
        f"create or replace temp view kept as select {columns}, _file, _record "
        f"from read_parquet([{files}], union_by_name = true) where _outcome = 'quarantined' and _record is not null "
        f"and list_has_any(_rules, [{numbers}]) and not list_has_any(_rules, [{', '.join(others)}]::varchar[])"
    )
    stage_sql = duck.sql(settings.include / "sql" / "stage" / f"{contract.stage}.sql")
    check.define_views_over(con, contract, "kept", period, stage_sql)
    # Stage leaves out what only the vault keeps.
    staged = {row[0] for row in con.execute("describe candidate").fetchall()}
    left_out = "".join(f", t.{identifier(n)}" for n in ("iin", *SAYS) if n not in staged)
    name = f"kept_{contract.registry}"
    con.execute(
        f"create or replace temp table {name} as select c.*{left_out} from candidate as c "
        f"inner join typed as t using (_file, _record)"
    )
    return name


def _weigh(con: duckdb.DuckDBPyConnection, settings: Settings, trained: Model) -> None:
    """Create `pair` and `repaired`, without the pairs that a person has told apart."""
    with ledger.engine(settings.dsn).connect() as connection:
        decisions = connection.execute(
            text("select record_key::text, person_key::text, is_same from ledger.link_decision_standing")
        ).all()
    con.execute("create or replace temp table decision (record varchar, person varchar, is_same boolean)")
    if decisions:
        con.executemany("insert into decision values (?, ?, ?)", [tuple(row) for row in decisions])
    for relation in ("known", "record"):
        model.features(con, settings.include, relation, f"{relation}_features")
    weigh.near(con, settings.include, "known_features", "record_features", "near_known")
    weigh.weigh(con, trained, "near_known", "record_features", "weighed")
    query = duck.bind(
        duck.sql(settings.include / "sql" / "linkage" / "number_repaired.sql"), records="record", known="known"
    )
    con.execute(f"create or replace temp table repaired_any as {query}")
    apart = "anti join (from decision where not is_same) as d using (record, person)"
    con.execute(f"create or replace temp table pair as from weighed {apart}")
    con.execute(f"create or replace temp table repaired as from repaired_any {apart}")


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
    period: str,
    digest: str,
    path: str,
    counts: tuple[int, int, int],
) -> None:
    """Replace what needs a look and write the run down, in one transaction."""
    says = ", ".join((*SAYS, "sex", "settlement_kato", "number"))
    levels = ", ".join(f"'{field}', {field}_level" for field in weigh.FIELDS)
    query = f"""
        select {literal(period)}, l.record_key, l.person_key, any_value(l.weight), any_value(l.next_weight),
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
        connection = ledger.engine(settings.dsn).raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("delete from vault.link_review where period = %s", (period,))
            with file.open("rb") as stream:
                cursor.copy_expert(
                    "copy vault.link_review (period, record_key, person_key, weight_bits, next_weight_bits, levels, "
                    "places, record, person) from stdin (format csv)",
                    stream,
                )
            cursor.execute(
                "insert into ledger.link_run (period, inputs_digest, path, records, linked, reviewed) "
                "values (%s, %s, %s, %s, %s, %s) on conflict (period, inputs_digest) do nothing",
                (period, digest, path, *counts),
            )
            connection.commit()
        finally:
            connection.close()
