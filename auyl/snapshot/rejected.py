"""Rejected rows that count nowhere, by the place that they say: what coverage compares the counted rows with.

A rejected row is about a person, an animal or a call all the same, and lowers the coverage of its okrug; of its
district where no okrug is known; of all where no place can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl import ledger
from auyl.contracts import Contract
from auyl.settings import Settings
from auyl.stage import suites
from auyl.stage.scan import STAGED_PREFIX
from auyl.stage.suites import IN_OBLAST, LINE_RULES, RANK_RULE
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from auyl.territory.resolver import address_key, claim_key

if TYPE_CHECKING:
    import duckdb

# Name of the table, and of its file beside the core tables.
REJECTED = "rejected"
_COLUMNS = (
    "registry varchar, settlement_kato varchar, okrug_kato varchar, district_kato varchar, step varchar, rows bigint"
)


def rejected_rows(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    contract: Contract,
    batches: list[ledger.Batch],
    stage: str,
    links: str | None,
) -> str:
    """Create table `rejected_<registry>` of the rejected rows of `batches`: the place columns of the contract.

    Left out are rows that are counted after all: linked ones, those of a key of which another row is staged. Of a row
    that several extracts of changes sent, the newest is the row. And those that are about nothing which the period
    counts: totals, headings, tests, another oblast or month (`about` of their rule). A row that never became one says
    no place.
    """
    files = ", ".join(literal(lake.address(batch.quarantine_path)) for batch in batches)
    source = f"read_parquet([{files}], union_by_name = true, filename = true)"
    known = {row[0] for row in con.execute(f"describe select * from {source}").fetchall()}
    places = [
        f"q.{identifier(STAGED_PREFIX + name)} as {identifier(name)}"
        if STAGED_PREFIX + name in known
        else f"null::varchar as {identifier(name)}"
        for name in dict.fromkeys(contract.place.values())
    ]
    suite = suites.load(contract.suite, settings.expectations)
    idle = [r.rule for r in (*suite.row_rules, *LINE_RULES) if r.counts_nothing] + [IN_OBLAST.rule, RANK_RULE]
    others = newest = ""
    if contract.is_delta:
        cells = ", ".join(f"q.{identifier(c.name)}" for c in contract.columns if c.name in known)
        identity = f"hash({cells})"
        if all(STAGED_PREFIX + key in known for key in contract.keys):
            keys = [f"q.{identifier(STAGED_PREFIX + key)}" for key in contract.keys]
            has_key = " and ".join(f"{key} is not null" for key in keys)
            identity = f"case when {has_key} then hash({', '.join(keys)}) else {identity} end"
            equal = " and ".join(f"{key} = s.{identifier(name)}" for key, name in zip(keys, contract.keys, strict=True))
            others += f" and not exists (from {stage} as s where {equal})"
        newest = (
            f" qualify row_number() over (partition by {identity} "
            f"order by list_position([{files}], q.filename) desc, q._file desc, q._record desc) = 1"
        )
    if links is not None and contract.names_person:
        others += (
            f" and not exists (from read_parquet({literal(lake.address(links))}) as l where l.outcome = 'link' "
            f"and l.registry = {literal(contract.registry)} and l._file = q._file and l._record = q._record)"
        )
    table = f"{REJECTED}_{contract.registry}"
    con.execute(
        f"create or replace temp table {table} as select {', '.join(places)} from {source} as q "
        f"where q._outcome in ('quarantined', 'linkable') "
        f"and not list_has_any(q._rules, [{', '.join(map(literal, idle))}]::varchar[]){others}{newest}"
    )
    return table


def place_rejected(con: duckdb.DuckDBPyConnection, claims: list[tuple[Contract, str]]) -> None:
    """Create table `rejected`: rows by registry and place, from the relations of `rejected_rows`, once resolved."""
    con.execute(f"create or replace temp table {REJECTED} ({_COLUMNS})")
    for contract, relation in claims:
        address = address_key(contract, "q.")
        place, key = ("address_place", address) if address else ("place", claim_key(contract, "q."))
        con.execute(
            f"insert into {REJECTED} select {literal(contract.registry)}, l.settlement_kato, l.okrug_kato, "
            f"l.district_kato, coalesce(l.step, 'unresolved') as step, count(*) "
            f"from {relation} as q left join {place} as l on {key} = l._key group by all"
        )
