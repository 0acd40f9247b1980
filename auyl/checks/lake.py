"""The lake against the ledger: what rows name is there with its bytes or its rows; what no row names is counted.

Landed bytes are read and hashed, in streams; of Parquet files only the footers. No fault shows the content of a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auyl import contracts, ledger
from auyl.intake.separate import open_texts
from auyl.settings import Settings
from auyl.stage.inputs import closed_periods
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

ALL = "snapshots and sets"


@dataclass
class RegistryState:
    """What was compared for a registry. `erased` counts deliveries whose bytes were erased on purpose."""

    registry: str
    deliveries: int = 0
    files: int = 0
    size_bytes: int = 0
    parts: int = 0
    erased: int = 0
    faults: int = 0


@dataclass
class LakeState:
    """Registries, the faults in words, one line each, and by zone how many files no row names."""

    registries: list[RegistryState] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unnamed: dict[str, int] = field(default_factory=dict)


def check_lake(settings: Settings, registry: str | None = None) -> LakeState:
    """Compare the lake with the ledger, for one registry or for all; changes nothing.

    With all registries also what was made of several of them, and what no row names. Raises LakeRefused, and
    ContractInvalid for an unknown registry.
    """
    if registry is not None:
        contracts.load(registry, settings.include)
    lake = lake_of(settings)
    erased = ledger.erasures(settings)
    states: dict[str, RegistryState] = {}
    deliveries: dict[str, set[int]] = {}
    found = LakeState()
    is_open = dict(open_texts(settings, lake, registry))
    for name, files in is_open.items():
        states[name] = RegistryState(name, faults=1)
        found.faults.append(
            f"{name}: expected its private texts in {paths.IDENTITY.name} alone, found {len(files)} files outside it, "
            f"such as {files[0]}. Move them: auyl lake separate --reason …"
        )
    with closing(duck.connect(settings, lake)) as con:
        for row in _named(settings, registry):
            if row["kind"] == "addresses" and row["registry"] in is_open:
                continue  # the command above makes them
            state = states.setdefault(row["registry"], RegistryState(row["registry"]))
            deliveries.setdefault(row["registry"], set()).add(row["delivery_id"])
            state.files += row["kind"] == "landing"
            state.size_bytes += row["size_bytes"] or 0
            state.parts += row["kind"] != "landing"
            fault = _of_landing(lake, row) if row["kind"] == "landing" else _of_rows(con, lake, row)
            if fault is not None:
                state.faults += 1
                found.faults.append(fault)
    for one in erased:
        if registry in (None, one.registry):
            states.setdefault(one.registry, RegistryState(one.registry)).erased += 1
            found.faults += _of_erased(lake, one)
    for name, state in states.items():
        state.deliveries = len(deliveries.get(name, ()))
    found.registries = [states[name] for name in sorted(states)]
    if registry is None:
        sets = _of_sets(settings, lake)
        found.registries.append(RegistryState(ALL, parts=len(sets), faults=sum(fault is not None for fault in sets)))
        found.faults += [fault for fault in sets if fault is not None]
        found.unnamed = dict(Counter(path.partition("/")[0] for path in unnamed(settings, lake)))
    return found


def _named(settings: Settings, registry: str | None) -> Iterator[dict[str, Any]]:
    """What the ledger names, and the identity that stands beside a stage."""
    known = contracts.names(settings.include)
    for row in ledger.lake_files(settings, registry):
        yield row
        if row["kind"] != "stage" or row["registry"] not in known:
            continue
        contract = contracts.load(row["registry"], settings.include)
        if contract.feeds_vault:
            yield row | {"kind": "identity", "path": paths.identity_file(paths.batch_of(row["path"]))}
        if contract.private_address:
            yield row | {"kind": "addresses", "path": paths.address_text_file(paths.batch_of(row["path"]))}


def _of_landing(lake: Lake, row: dict[str, Any]) -> str | None:
    path, registry, period = row["path"], row["registry"], row["period"]
    again = f"Put it back by loading the same bytes: auyl intake {registry} FILES --period {period}, or pull them again"
    if not lake.exists(path):
        return f"{registry} {period}: lost landing {path}: expected the landed file, found none. {again}"
    total = lake.sha256(path)
    if total != row["sha256"]:
        expected = f"expected sha256 {row['sha256'][:16]}…, found {total[:16]}…"
        return f"{registry} {period}: damaged landing {path}: {expected}. {again}"
    return None


def _of_rows(con: duckdb.DuckDBPyConnection, lake: Lake, row: dict[str, Any]) -> str | None:
    path, registry, period = row["path"], row["registry"], row["period"]
    again = f"auyl reload {registry} --period {period} --reason …"
    parts = [path] if path.endswith(".parquet") else lake.files(path)
    if not parts or not all(map(lake.exists, parts)):
        return f"{registry} {period}: lost {row['kind']} {path}: expected the file, found none. Make it again: {again}"
    rows = _count(con, [lake.address(part) for part in parts], row["kind"] == "quarantine")
    if rows is None:
        found = "one that is no Parquet"
    elif row["rows"] is not None and rows != row["rows"]:
        found = f"{rows}"
    else:
        return None
    expected = f"expected {row['rows'] if row['rows'] is not None else 'a file with'} rows, found {found}"
    return f"{registry} {period}: damaged {row['kind']} {path}: {expected}. Remove it, then make it again: {again}"


def _count(con: duckdb.DuckDBPyConnection, addresses: list[str], is_quarantine: bool) -> int | None:
    """Rows of Parquet files; of quarantine without those that lost an attribute only, which are in stage too."""
    import duckdb

    try:
        files = ", ".join(map(literal, addresses))
        if is_quarantine:
            of = f"from read_parquet([{files}]) where _outcome is distinct from 'staged'"
            return int(con.execute(f"select count(*) {of}").fetchall()[0][0])
        return int(con.execute(f"select sum(num_rows) from parquet_file_metadata([{files}])").fetchall()[0][0])
    except duckdb.Error:
        return None


def _of_erased(lake: Lake, one: ledger.Erasure) -> list[str]:
    if one.ended_at is not None and not lake.files(one.landing_path):
        return []
    what = f"{one.registry} {one.period}: delivery {one.delivery_id} was erased, and files of it are there"
    return [f"{what}. End the erasure: auyl extracts erase {one.delivery_id} --reason …"]


def _of_sets(settings: Settings, lake: Lake) -> list[str | None]:
    """A fault, or None, for each set that is current."""
    faults: list[str | None] = []
    closed = set(closed_periods(settings))
    for row in ledger.lake_sets(settings):
        period = row["period"]
        if period in closed:
            continue  # erased with the extracts
        path, again = {
            "core": (
                paths.core_folder(period, row["inputs_digest"]),
                f"Make it again: auyl build --period {period}, where the same extracts count; else a backup has it",
            ),
            "linkage": (row["path"], f"Make it again: auyl link build --period {period}"),
            "entity": (row["path"], f"Make it again: auyl entities build --period {period}"),
            "contradiction": (row["path"], f"Make it again: auyl contradictions --period {period}"),
        }[row["kind"]]
        is_there = lake.files(path) if row["kind"] == "core" else lake.exists(path)
        lost = f"{period}: lost {row['kind']} {path}: expected it, since it is current; found none. {again}"
        faults.append(None if is_there else lost)
    return faults


def unnamed(settings: Settings, lake: Lake) -> Iterator[str]:
    """Files of the lake that no row of the ledger names, and that no killed process would make again."""
    named = ledger.lake_names(settings)
    for zone in lake.zones():
        for path in lake.files(zone) if zone != paths.MARK else ():
            if not _is_named(path, named):
                yield path


def _is_named(path: str, named: dict[str, set[str]]) -> bool:
    zone, *parts = path.split("/")
    if zone == paths.REFERENCE.name:
        return True
    if paths.is_person_details(path):
        return "/".join(parts[:-1]) in named["links"]
    if zone == paths.LINKAGE.name:
        return "/".join([zone, *parts[:-1]]) in named["links"]
    if zone in (paths.CORE.name, paths.ENTITY.name, paths.CONTRADICTION.name):
        return paths.folder_of(path) in named["made"]
    if zone == paths.HANDBACK.name:
        return "/".join(parts[:2]) in named["periods"]
    if paths.is_of_rows(path):
        parts = parts[1:]
    # <registry>/<period>/<delivery16>[-…]/file
    return "/".join([*parts[:2], parts[2][:16]]) in named["deliveries"] if len(parts) > 3 else False
