"""What stage holds current: one view a registry, with its columns even where nothing came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl import ledger
from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.stage import scan as check
from auyl.store import paths
from auyl.store.duck import identifier, literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


def stage_view(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    contract: Contract,
    batches: list[ledger.Batch],
    with_address: bool = False,
) -> str:
    """Create `stage_<registry>` and return its name; an empty one where nothing came. Changes are folded by key.

    A key that an extract of another period, made later, has too is left out: its row has moved there. `with_address`:
    the view is `addressed_<registry>`, and has the private address of each row, for the resolver.
    """
    view = f"{'addressed' if with_address else 'stage'}_{contract.registry}"
    if not batches:
        con.execute(f"create or replace temp view {view} as {empty_stage(con, settings, contract)}")
        return view
    rows = [staged_rows(lake, contract, batch, with_address) for batch in batches]
    if not contract.is_delta:
        con.execute(f"create or replace temp view {view} as select * from {rows[0]}")
        return view
    # Later extracts come later in the list; within one, the contract's order tells the newest.
    ordered = " union all ".join(f"select *, {n} as _turn from {of_batch}" for n, of_batch in enumerate(rows))
    keys = ", ".join(map(identifier, contract.keys))
    newest = "".join(f"{identifier(name)} desc nulls last, " for name in contract.newest_by)
    con.execute(
        f"create or replace temp table {view} as select * exclude (_turn) from (select * from ({ordered}) "
        f"qualify row_number() over (partition by {keys} order by {newest}_turn desc, _file, _record) = 1) as s"
        f"{_where_not_moved(settings, lake, contract, batches)}"
    )
    return view


def staged_rows(lake: Lake, contract: Contract, batch: ledger.Batch, with_address: bool = False) -> str:
    """SQL of the staged rows of a batch; with the private address of each, where the registry has one.

    Raises AuylError for a batch that was loaded before such texts were taken out of stage.
    """
    stage = f"read_parquet({literal(lake.address(batch.stage_path))})"
    column = contract.private_address
    if column is None:
        return stage
    path = paths.address_text_file(batch.name)
    if not lake.exists(path):
        raise AuylError(
            f"{contract.registry}, batch {batch.batch_id}: expected its addresses in {path}, found none: it was loaded "
            "by an earlier version, or they are lost. Fix: auyl lake separate --reason …; lost ones: auyl reload "
            f"{contract.registry} --period {batch.period} --reason …"
        )
    if not with_address:
        return stage
    address = f"read_parquet({literal(lake.address(path))})"
    return (
        f"(select s.*, a.{identifier(column.name)} from {stage} as s left join {address} as a using (_file, _record))"
    )


def _where_not_moved(settings: Settings, lake: Lake, contract: Contract, batches: list[ledger.Batch]) -> str:
    """SQL that leaves out rows of `s` whose key a later extract of another period has."""
    periods = {batch.period for batch in batches}
    if len(periods) > 1:
        return ""  # months of events, folded over all of them
    conditions = []
    for other in ledger.moved_from(settings, contract.registry, *periods):
        turns = [str(n) for n, batch in enumerate(batches) if batch.extracted_at < other.extracted_at]
        equal = " and ".join(f"o.{identifier(key)} = s.{identifier(key)}" for key in contract.keys)
        exists = f"exists (from read_parquet({literal(lake.address(other.stage_path))}) as o where {equal})"
        if turns:
            conditions.append(f"not (s._turn in ({', '.join(turns)}) and {exists})")
    return f" where {' and '.join(conditions)}" if conditions else ""


def empty_stage(con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract) -> str:
    """SQL of a relation with the columns of the contract's stage and no rows."""
    set_person_key(con, settings)
    columns = ", ".join(f"null::varchar as {identifier(c.name)}" for c in contract.columns)
    con.execute(
        f"create or replace temp table raw_nothing as select {columns}, '' as _file, 0::bigint as _record limit 0"
    )
    over = check.queries_over(con, settings.include, contract, "raw_nothing", "0001-01")
    con.execute(f"create or replace temp table nothing_{contract.registry} as from ({over.candidate}) limit 0")
    return f"select * from nothing_{contract.registry}"
