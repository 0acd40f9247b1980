"""Linkable rows: rejected only for the person's number, and those of them that count once their person is known.

Such a row stays in quarantine and goes back to its owner, since only the owner can correct the number. Intake writes it
once more, typed, for linkage; once linkage knows its person it counts like a row of stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl import ledger
from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


def linkable_table(con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, batches: list[ledger.Batch]) -> str:
    """Create view `linkable_<registry>` over the linkable rows of `batches`, at least one; return its name.

    Columns: those of stage except `person_key`, `iin` as it came, surname, given_name, patronymic, birth_date; `_file`,
    `_record`. Raises AuylError for a batch that was loaded before linkable rows had a file.
    """
    files = []
    for batch in batches:
        if batch.linkable_path is None:
            raise AuylError(
                f"{contract.registry}, batch {batch.batch_id}: expected a file of linkable rows, found a batch of an "
                f"earlier version. Fix: load delivery {batch.delivery_id} again."
            )
        files.append(literal(lake.address(batch.linkable_path)))
    name = f"linkable_{contract.registry}"
    con.execute(
        f"create or replace temp view {name} as select * from read_parquet([{', '.join(files)}], union_by_name = true)"
    )
    return name


def counted_rows(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contract: Contract,
    batches: list[ledger.Batch],
    stage: str,
    links: str | None,
) -> str:
    """Create view `counted_<registry>` and return its name: the rows of `stage` and the linked ones.

    `links` is the path of the links of these batches. Beside the columns of stage: linked_by, the method, null where
    the number was valid. A key stands once: the newest of its rows counts, a row of stage before a linked one of the
    same date, then the first linked one.
    """
    name, linked = f"counted_{contract.registry}", f"linked_{contract.registry}"
    staged = f"select *, null::varchar as linked_by from {stage} as s"
    if links is None or not batches:
        con.execute(f"create or replace temp view {name} as {staged}")
        return name
    rows = linkable_table(con, lake, contract, batches)
    keys = ", ".join("person_key" if key == "iin" else identifier(key) for key in contract.keys)
    equal = " and ".join(f"s.{key} = l.{key}" for key in keys.split(", "))
    columns = ", ".join(
        "l.person_key" if column == "person_key" else f"r.{identifier(column)}"
        for (column, *_) in con.execute(f"describe {stage}").fetchall()
        if column not in ("_warned", "_unreadable")
    )
    con.execute(
        f"create or replace temp table {linked} as select * from ("
        f"select {columns}, l.method as linked_by from {rows} as r "
        f"inner join read_parquet({literal(lake.address(links))}) as l "
        f"on l.registry = {literal(contract.registry)} and r._file = l._file and r._record = l._record "
        f"where l.outcome = 'link') as l "
        f"where not exists (select 1 from {stage} as s where {equal} and not {_is_newer(contract, 'l', 's')}) "
        f"qualify row_number() over (partition by {keys} order by {_newest(contract, 'l')}_file, _record) = 1"
    )
    con.execute(
        f"create or replace temp view {name} as {staged} where not exists (select 1 from {linked} as l where {equal}) "
        f"union all by name select * from {linked}"
    )
    return name


def _dates(contract: Contract, of: str) -> str | None:
    """SQL of the newest date by which a row of a key goes before others; None where the contract has none."""
    names = dict.fromkeys((*contract.newest_by, *(name for fact in contract.facts for name in fact.by)))
    return f"greatest({', '.join(f'{of}.{identifier(name)}' for name in names)})" if names else None


def _newest(contract: Contract, of: str) -> str:
    dates = _dates(contract, of)
    return f"{dates} desc nulls last, " if dates else ""


def _is_newer(contract: Contract, one: str, other: str) -> str:
    if not _dates(contract, one):
        return "false"
    return f"coalesce({_dates(contract, one)} > {_dates(contract, other)}, false)"
