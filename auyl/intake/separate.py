"""Separate: move private texts that an earlier version left in raw, stage and quarantine into the zone of identities.

The same is due for the rows of a registry whose contract classifies a column as private only since today. Nothing that
counts changes: batches keep their numbers, rows and rules. Files go first, then the ledger gets their new paths; a
process that is killed between them is followed by the next run, which ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from auyl import contracts
from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.audit import audit_decision
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from auyl.store.locks import exclusive

if TYPE_CHECKING:
    import duckdb

_OPEN = (paths.RAW, paths.QUARANTINE)


@dataclass(frozen=True)
class Separated:
    """What became of a registry: files of raw and quarantine that moved, files of stage that lost private columns."""

    registry: str
    moved: int
    rewritten: int


def separate(settings: Settings, reason: str, decided_by: str) -> list[Separated]:
    """Separate the private texts of every registry that has some; those without a file to change are left out.

    Waits until no keyed work runs. Repeatable. Raises AuylError without a reason, LakeRefused.
    """
    if not reason.strip():
        raise AuylError("the separation of private texts: expected a reason, found none. Give --reason")
    lake = lake_of(settings)
    done = []
    with exclusive(settings) as con, closing(duck.connect(settings, lake)) as db:
        for contract in _private(settings):
            moved = _move(lake, contract)
            staged = [path for path in _stage_files(lake, contract) if _private_columns(db, lake, contract, path)]
            for path in staged:
                _rewrite(db, lake, contract, path)
            with con.begin():
                if _rename(con, contract) or moved or staged:
                    audit_decision(con, "separate_texts", contract.registry, reason.strip(), decided_by)
                    done.append(Separated(contract.registry, moved, len(staged)))
    return done


def open_texts(settings: Settings, lake: Lake, registry: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """Registries with private texts outside the zone of identities, and the files that hold them."""
    with closing(duck.connect(settings, lake)) as db:
        for contract in _private(settings):
            if registry in (None, contract.registry):
                files = [path for zone in _OPEN for path in lake.files(paths.registry_folder(zone, contract.registry))]
                staged = _stage_files(lake, contract)
                files += [path for path in staged if _private_columns(db, lake, contract, path)]
                if files:
                    yield contract.registry, files


def _private(settings: Settings) -> list[Contract]:
    return [contract for contract in contracts.load_all(settings.include) if contract.has_private_texts]


def _stage_files(lake: Lake, contract: Contract) -> list[str]:
    """Files of stage that a batch can have; not what a killed process left beside one."""
    files = lake.files(paths.registry_folder(paths.STAGE, contract.registry))
    return [path for path in files if path == paths.stage_file(paths.batch_of(path))]


def _private_columns(db: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, path: str) -> list[str]:
    rows = db.execute(f"describe select * from read_parquet({literal(lake.address(path))})").fetchall()
    private = {column.name for column in contract.columns if column.is_private}
    return [row[0] for row in rows if row[0] in private]


def _move(lake: Lake, contract: Contract) -> int:
    """Move raw and quarantine of a registry, whoever names their files; return how many."""
    moved = 0
    for zone in _OPEN:
        folder = paths.registry_folder(zone, contract.registry)
        for path in lake.files(folder):
            lake.replace(path, paths.in_identity(path))
            moved += 1
        lake.remove(folder)
    return moved


def _rewrite(db: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, path: str) -> None:
    """Write the addresses of a file of stage to identity, then the file without its private columns."""
    source = f"read_parquet({literal(lake.address(path))}, file_row_number = true)"
    private = _private_columns(db, lake, contract, path)
    column = contract.private_address
    if column is not None and column.name in private:
        target = paths.address_text_file(paths.batch_of(path))
        query = f"select _file, _record, {identifier(column.name)} from {source} order by file_row_number"
        lake.prepare(paths.folder_of(target))
        duck.write_parquet(db, query, lake.address(f"{target}.partial"))
        lake.replace(f"{target}.partial", target)
    part = f"{paths.folder_of(path)}/separated.parquet"
    rest = f"* exclude ({', '.join(map(identifier, private))}, file_row_number)"
    duck.write_parquet(db, f"select {rest} from {source} order by file_row_number", lake.address(part))
    lake.replace(part, path)


def _rename(con: Connection, contract: Contract) -> bool:
    """Write down where the files lie, and forget what was seen in private columns; whether that was new."""
    changed = 0
    given = {"registry": contract.registry, "names": [c.name for c in contract.columns if c.is_private]}
    for table, column, zone in (
        ("batch", "raw_path", paths.RAW),
        ("batch", "quarantine_path", paths.QUARANTINE),
        ("refusal", "quarantine_path", paths.QUARANTINE),
    ):
        begin = f"{paths.registry_folder(zone, contract.registry)}/"
        changed += con.execute(
            text(
                f"update ledger.{table} set {column} = :target || substr({column}, length(:begin) + 1) "
                f"where starts_with({column}, :begin)"
            ),
            {"begin": begin, "target": paths.in_identity(begin)},
        ).rowcount
    changed += con.execute(
        text(
            "update ledger.batch_column as c set categories = null from ledger.batch as b, ledger.delivery as d "
            "where c.batch_id = b.batch_id and b.delivery_id = d.delivery_id and d.registry = :registry "
            "and c.name = any(:names) and c.categories is not null"
        ),
        given,
    ).rowcount
    return changed > 0
