"""Consolidate: the batches in force become core tables, every row placed in an okrug or openly in none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auyl import contracts, duck, ledger
from auyl.contracts import Contract
from auyl.duck import identifier, literal
from auyl.errors import TerritoryMissing
from auyl.lake import Lake
from auyl.periods import last_day, month_before
from auyl.settings import Settings
from auyl.snapshot.catalogue import REGISTRIES_OF, Catalogue
from auyl.snapshot.places import open_territory, resolve

if TYPE_CHECKING:
    import duckdb

CORE_TABLES = ("person", "assistance", "jobseeker", "animal", "ambulance_call", "budget_line")


@dataclass(frozen=True)
class Inputs:
    """What a build is made of. `batches` has a list a registry; `missing` are registries that gave nothing."""

    period: str
    batches: dict[str, list[ledger.Batch]]
    missing: list[str]
    edition: str
    digest: str


def editions(settings: Settings, lake: Lake) -> list[str]:
    """Editions of KATO that the lake holds, oldest first by name."""
    return sorted({p.split("/")[2] for p in lake.files("reference/territory") if p.endswith("/kato.parquet")})


def edition_in_force(settings: Settings, lake: Lake) -> str:
    """The edition that is set, or the newest one loaded. Raises TerritoryMissing."""
    known = editions(settings, lake)
    edition = settings.kato_edition or (known[-1] if known else None)
    if edition is None or edition not in known:
        raise TerritoryMissing(f"edition {edition or 'of KATO'} is not loaded: auyl territory FILE; there are {known}")
    return edition


def gather(settings: Settings, lake: Lake, catalogue: Catalogue, period: str) -> Inputs:
    """The batches in force for `period`, an older one where the contract lets it be carried forward."""
    batches: dict[str, list[ledger.Batch]] = {}
    missing = []
    for registry in catalogue.registries:
        contract = contracts.load(registry, settings.include)
        for back in range(contract.carry_forward_months + 1):
            found = ledger.in_force(settings, registry, month_before(period, back), contract.is_delta)
            if found:
                batches[registry] = found
                break
        else:
            missing.append(registry)
    edition = edition_in_force(settings, lake)
    total = hashlib.sha256()
    for registry in sorted(batches):
        for batch in batches[registry]:
            total.update(f"{registry} {batch.period} {batch.digest} {batch.rules_digest}\n".encode())
    for path in lake.files(f"reference/territory/{edition}"):
        total.update(path.encode() + hashlib.sha256(lake.read(path)).digest())
    total.update(settings.oblast_kato.encode() + _code_digest(settings))
    return Inputs(period, batches, missing, edition, total.hexdigest())


def _code_digest(settings: Settings) -> bytes:
    total = hashlib.sha256()
    folders = [settings.include / "sql" / name for name in ("macros", "core", "indicators")]
    paths = [p for folder in [*folders, settings.include / "indicators"] for p in sorted(folder.iterdir())]
    for path in [*paths, settings.expectations / "snapshot.json"]:
        total.update(path.name.encode() + path.read_bytes())
    return total.digest()


def consolidate(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, inputs: Inputs) -> str:
    """Create the core tables on `con` and write them to the lake; return their folder."""
    con.execute(f"set variable period_begin = date {literal(inputs.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(inputs.period).isoformat())}")
    open_territory(con, settings, lake, inputs.edition)
    claims = []
    for registry in sorted({r for registries in REGISTRIES_OF.values() for r in registries}):
        contract = contracts.load(registry, settings.include)
        claims.append((contract, stage_view(con, settings, lake, contract, inputs.batches.get(registry, []))))
    sql = settings.include / "sql" / "core"
    resolve(con, settings, claims)
    con.execute(
        f"create or replace temp table okrug as select kato, district_kato from territory "
        f"where is_rural_akimat and oblast_kato = {literal(settings.oblast_kato)}"
    )
    folder = f"core/{inputs.period}/{inputs.digest[:16]}"
    address = lake.prepare(folder)
    for table in CORE_TABLES:
        con.execute(f"create or replace temp table {table} as {duck.sql(sql / f'{table}.sql')}")
        con.execute(f"copy {table} to {literal(f'{address}/{table}.parquet')} (format parquet, compression snappy)")
    return folder


def stage_view(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, contract: Contract, batches: list[ledger.Batch]
) -> str:
    """Create `stage_<registry>` and return its name; an empty one where nothing came. Changes are folded by key."""
    view = f"stage_{contract.registry}"
    if not batches:
        con.execute(f"create or replace temp view {view} as {empty_stage(con, settings, contract)}")
        return view
    files = [literal(lake.address(batch.stage_path)) for batch in batches]
    if not contract.is_delta:
        con.execute(f"create or replace temp view {view} as select * from read_parquet({files[0]})")
        return view
    # Later extracts come later in the list; within one, the contract's order tells the newest.
    ordered = " union all ".join(f"select *, {n} as _turn from read_parquet({f})" for n, f in enumerate(files))
    keys = ", ".join(map(identifier, contract.keys))
    newest = "".join(f"{identifier(name)} desc nulls last, " for name in contract.newest_by)
    con.execute(
        f"create or replace temp table {view} as select * exclude (_turn) from ({ordered}) "
        f"qualify row_number() over (partition by {keys} order by {newest}_turn desc, _file, _record) = 1"
    )
    return view


def empty_stage(con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract) -> str:
    """SQL of a relation with the columns of the contract's stage and no rows."""
    from auyl.intake import check
    from auyl.intake.batch import set_person_key

    set_person_key(con, settings)
    columns = ", ".join(f"null::varchar as {identifier(c.name)}" for c in contract.columns)
    con.execute(
        f"create or replace temp table raw_nothing as select {columns}, '' as _file, 0::bigint as _record limit 0"
    )
    stage_sql = duck.sql(settings.include / "sql" / "stage" / f"{contract.stage}.sql")
    check.define_views_over(con, contract, "raw_nothing", "0001-01", stage_sql)
    con.execute(f"create or replace temp table nothing_{contract.registry} as select * from candidate limit 0")
    return f"select * from nothing_{contract.registry}"
