"""Kept: rows that quarantine holds for nothing but the number of their person, and those of them that count.

Such a row stays in quarantine and is handed back, since only its owner can correct the number. Once linkage knows its
person it counts like a row of stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.contracts import Contract
from auyl.settings import Settings
from auyl.stage import scan as check
from auyl.stage.suites import load as load_suite
from auyl.store import duck
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

# A row that breaks these alone speaks of a person whose number did not come.
NUMBER_RULES = ("iin_present", "iin_checksum")
SAYS = ("surname", "given_name", "patronymic", "birth_date")


def sources(settings: Settings) -> list[Contract]:
    """Contracts of registries whose rows name a person beside the number."""
    found = []
    for registry in contracts.names(settings.include):
        contract = contracts.load(registry, settings.include)
        names = {column.name for column in contract.columns}
        if {"iin", *SAYS} <= names and not contract.feeds_vault:
            found.append(contract)
    return found


def kept_table(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, contract: Contract, batches: list[ledger.Batch]
) -> str:
    """Create `kept_<registry>` and return its name: rows that break no critical rule but those of the number.

    Columns: those of stage, `iin` and what the row says of the person; `_file`, `_record`. Needs the key of persons.
    """
    suite = load_suite(contract.suite, settings.expectations)
    others = [literal(r.rule) for r in suite.row_rules if r.is_critical and r.rule not in NUMBER_RULES]
    numbers = ", ".join(map(literal, NUMBER_RULES))
    columns = ", ".join(identifier(column.name) for column in contract.columns)
    stage_sql = duck.sql(settings.include / "sql" / "stage" / f"{contract.stage}.sql")
    name = f"kept_{contract.registry}"
    for nth, batch in enumerate(batches):
        con.execute(
            f"create or replace temp view kept as select {columns}, _file, _record "
            f"from read_parquet({literal(lake.address(batch.quarantine_path))}) "
            f"where _outcome = 'quarantined' and _record is not null "
            f"and list_has_any(_rules, [{numbers}]) and not list_has_any(_rules, [{', '.join(others)}]::varchar[])"
        )
        check.define_views_over(con, contract, "kept", batch.period, stage_sql)
        staged = check.stage_columns(con, contract)
        chosen = ", ".join(f"c.{identifier(column)}" for column in staged)
        # Stage leaves out what only the vault keeps.
        left_out = "".join(f", t.{identifier(column)}" for column in ("iin", *SAYS) if column not in staged)
        query = f"select {chosen}{left_out} from candidate as c inner join typed as t using (_file, _record)"
        con.execute(f"insert into {name} {query}" if nth else f"create or replace temp table {name} as {query}")
    return name


def counted_view(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    contract: Contract,
    batches: list[ledger.Batch],
    stage: str,
    links: str | None,
) -> str:
    """Create `counted_<registry>` and return its name: the rows of `stage`, and those of quarantine that were linked.

    `links` is the path of the links of these batches. Beside the columns of stage: linked_by, the method, null where
    the number told. A key stands once: a row of stage goes before a linked one, and the first of these before others.
    """
    name = f"counted_{contract.registry}"
    count_all = f"select *, null::varchar as linked_by from {stage}"
    if links is None or not batches:
        con.execute(f"create or replace temp view {name} as {count_all}")
        return name
    kept = kept_table(con, settings, lake, contract, batches)
    keys = ", ".join("person_key" if key == "iin" else identifier(key) for key in contract.keys)
    columns = ", ".join(
        "l.person_key" if column == "person_key" else f"k.{identifier(column)}"
        for column in check.stage_columns(con, contract)
    )
    con.execute(
        f"create or replace temp table found_{contract.registry} as select * from ("
        f"select {columns}, l.method as linked_by from {kept} as k "
        f"inner join read_parquet({literal(lake.address(links))}) as l "
        f"on l.registry = {literal(contract.registry)} and k._file = l._file and k._record = l._record "
        f"where l.outcome = 'link') as r "
        f"anti join {stage} as s using ({keys}) "
        f"qualify row_number() over (partition by {keys} order by _file, _record) = 1"
    )
    con.execute(
        f"create or replace temp view {name} as {count_all} union all by name select * from found_{contract.registry}"
    )
    return name
