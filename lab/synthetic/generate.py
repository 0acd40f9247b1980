"""The extracts of one month of the synthetic oblast, and their ground truth.

<extracts>/reference/                 kato.csv, crosswalk.csv, address.csv
<extracts>/<period>/<registry>/…      what the owners of the registries would send
<extracts>/<period>/MANIFEST.json     parameters and checksums; written last, so its presence means that all is complete
<extracts>/truth/<period>/            the ground truth: persons.parquet and one table of faults per registry

persons.parquet: iin, okrug_kato, settlement_kato, birth_date, sex, is_alive; one row per person of the register.
<registry>.parquet, one row per row that was spoiled or added: file (for a workbook `name.xlsx#sheet`), record (number
of the row in it, from 1, without the heading), kind and outcome (see `dirt.KINDS`), column (its name in the file;
several are joined with ` | `, and `was` and `became` are those of the first), was, became, id (ИИН, tag, call,
jobseeker or KATO of the good row).
place/<registry>.parquet, one row per good row of a registry that gives its place in free text: where it really is.
ambulance: call_id, settlement_kato, okrug_kato, district_kato, form (how the address is worded), dirt, is_repeated (the
oblast has several places of that name), told_by (what the place follows from: text, crew, home or nothing).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import duckdb

from lab.synthetic import dirt as dirt_of
from lab.synthetic import file_faults, people, territory
from lab.synthetic.engine import Month, connect, sql
from lab.synthetic.files.writing import Written, checksum, write_file
from lab.synthetic.registries import REGISTRIES
from lab.synthetic.registry import Registry

MANIFEST = "MANIFEST.json"
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Summary:
    """What was made: rows by registry and file, faults by registry and kind, number of living persons.

    `is_unchanged` means that an earlier run had made it.
    """

    period: str
    people: int
    seed: int
    rows: dict[str, dict[str, int]]
    dirt: dict[str, dict[str, int]]
    residents: int
    is_unchanged: bool = field(default=False, compare=False)

    def total(self, registry: str) -> int:
        """Rows of a registry over its files."""
        return sum(self.rows[registry].values())


@dataclass(frozen=True)
class _Order:
    """What to make: the arguments of `make`, validated; `rates` is the rate of every kind of fault."""

    extracts: Path
    month: Month
    people: int
    seed: int
    kato_file: Path | None
    rates: Mapping[str, float]
    threads: int | None

    @property
    def parameters(self) -> dict[str, Any]:
        """All that the files depend on, as JSON."""
        return {
            "generator": _package_checksum(),
            "duckdb": duckdb.__version__,
            "period": self.month.period,
            "people": self.people,
            "seed": self.seed,
            "kato_sha256": checksum(self.kato_file)[1] if self.kato_file else None,
            "dirt": dict(self.rates),
        }


def make(
    extracts: Path,
    period: str,
    people: int,
    seed: int = 19,
    kato_file: Path | None = None,
    dirt: float | Mapping[str, float] = 1.0,
    threads: int | None = None,
) -> Summary:
    """Write the extracts of `period` for about `people` registered persons below `extracts`.

    The same arguments give the same bytes; where they are already there, nothing is done. A second process on the same
    folder waits for the first. `kato_file` is an official KATO table; without it the territory is synthetic too.
    `dirt` is a factor on the default rates of faults, or rates by name with `*` as the factor for the others (see
    `dirt.rates`). `threads` limits DuckDB and changes nothing in the files.
    Raises ValueError for a wrong period, number of people or rate.
    """
    month = Month(period)
    if people < 100:
        raise ValueError(f"people is {people}; the oblast needs 100 at least")
    order = _Order(Path(extracts), month, people, seed, kato_file, dirt_of.rates(dirt), threads)
    with _lock(order.extracts):
        return _existing(order) or _make(order)


@contextlib.contextmanager
def _lock(extracts: Path) -> Iterator[None]:
    """Exclude other processes from the folder; the kernel releases the lock of one that dies."""
    extracts.mkdir(parents=True, exist_ok=True)
    with (extracts / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(order: _Order) -> Summary:
    """Build in a folder aside, replace the old files, then write the manifest."""
    period = order.month.period
    marker = order.extracts / period / MANIFEST
    marker.unlink(missing_ok=True)
    work = order.extracts / f".{period}.partial"
    shutil.rmtree(work, ignore_errors=True)
    (work / "truth").mkdir(parents=True)
    try:
        summary, files = _build(order, work)
        shutil.rmtree(work / "spill", ignore_errors=True)
        _replace(work / "truth", order.extracts / "truth" / period)
        _replace(work, order.extracts / period)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    content = {"parameters": order.parameters, "summary": asdict(summary), "files": files}
    draft = marker.with_suffix(".tmp")
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(draft, marker)
    return summary


def _build(order: _Order, work: Path) -> tuple[Summary, dict[str, dict[str, Any]]]:
    """Write everything below `work`; returns the summary, and bytes and checksum of every file by its path."""
    month = order.month
    reference = order.extracts / "reference"
    land = territory.make(reference, order.kato_file, order.seed)
    with contextlib.ExitStack() as opened:

        def oblast_of(month: Month) -> duckdb.DuckDBPyConnection:
            con = connect(month, order.people, order.seed, work / "spill", order.threads)
            opened.enter_context(contextlib.closing(con))
            people.build(con, land)
            return con

        previous_month = cache(lambda: oblast_of(month.previous))  # rarely needed

        def previous_extract(registry: Registry, folder: Path) -> None:
            """Write the registry's extract of the previous month, clean."""
            con = previous_month()
            con.execute(sql(registry.name))
            dirt_of.spoil(con, registry, dict.fromkeys(dirt_of.BY_NAME, 0.0))
            registry.file.write(con, registry, folder, month.previous)
            _drop_rows(con, registry)

        con = oblast_of(month)
        addresses = "select rca || ',' || kato || chr(10) as line from address"
        write_file(con, addresses, reference / "address.csv", "rca,kato\n")
        residents = con.execute("select count(*) from person where not is_dead").fetchall()[0][0]
        _write_persons(con, work / "truth" / "persons.parquet")
        rows: dict[str, dict[str, int]] = {}
        faults: dict[str, dict[str, int]] = {}
        files: dict[str, dict[str, Any]] = {}
        for registry in REGISTRIES:
            written, faults[registry.name] = _write_registry(con, registry, order, work, previous_extract)
            rows[registry.name] = {file.name: file.rows for file in written}
            for file in written:
                files[f"{month.period}/{registry.name}/{file.name}"] = {"bytes": file.size, "sha256": file.sha256}
    for path in sorted(path for path in (work / "truth").rglob("*") if path.is_file()):
        files[f"truth/{month.period}/{path.relative_to(work / 'truth').as_posix()}"] = _facts(path)
    for path in sorted(reference.glob("*.csv")):
        files[f"reference/{path.name}"] = _facts(path)
    return Summary(month.period, order.people, order.seed, rows, faults, residents), files


def _facts(path: Path) -> dict[str, Any]:
    size, sha256 = checksum(path)
    return {"bytes": size, "sha256": sha256}


def _write_registry(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    order: _Order,
    work: Path,
    previous_extract: Callable[[Registry, Path], None],
) -> tuple[list[Written], dict[str, int]]:
    """Write the extract of a registry and its ground truth; returns its files and the number of faults by kind."""
    folder = work / registry.name
    folder.mkdir()
    con.execute(sql(registry.name))
    dirt_of.spoil(con, registry, order.rates)
    written = registry.file.write(con, registry, folder, order.month)
    _list_faults(con, registry, order.month)
    kind = file_faults.drawn(registry.name, order.month, order.seed, order.rates)
    if kind:
        write_previous = partial(previous_extract, registry)
        written, name = file_faults.spoil(kind, folder, order.month, written, write_previous)
        is_detectable = kind != "file_of_last_month" or registry.states_period
        file_faults.record(con, kind, "refused" if is_detectable else "kept", name)
    _write_parquet(con, "fault", work / "truth" / f"{registry.name}.parquet")
    if registry.place_truth:
        (work / "truth" / "place").mkdir(exist_ok=True)
        good = f"select {registry.place_truth} from {registry.name}_row where _extra = 0 order by {registry.id_column}"
        _write_parquet(con, f"({good})", work / "truth" / "place" / f"{registry.name}.parquet")
    counts = con.execute("select kind, count(*) from fault group by kind order by kind").fetchall()
    con.execute("drop table fault")
    _drop_rows(con, registry)
    return written, dict(counts)


def _list_faults(con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> None:
    """Make the table `fault`: the ground truth of the registry's rows."""
    file, record = registry.file.where(con, registry, month)
    part = "part" if registry.has_parts else "0"
    outcomes = "".join(f" when '{kind}' then '{dirt_of.outcome_of(registry, kind)}'" for kind in registry.faults)
    con.execute(f"""
        create or replace temp table fault as
        with part_start as (select {part} as part_no, min(rowid) as start from {registry.name}_row group by all),
        spoiled as (
            select r.*, r.rowid - s.start as n, r.rowid as _at
            from {registry.name}_row as r
            inner join part_start as s on {part} = s.part_no
            where r._kind is not null
        )
        select
            {file} as file, ({record})::integer as record, _kind as kind, case _kind{outcomes} end as outcome,
            coalesce(_column, '') as "column",
            _was as was, _became as became, _id as id
        from spoiled
        order by _at
    """)


def _drop_rows(con: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    con.execute(f"drop view {registry.name}_clean; drop table {registry.name}_row")


def _write_persons(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    con.execute("""
        create or replace temp view truth_person as
        select p.iin, h.okrug_kato, h.settlement_kato, p.birth_date, p.sex::varchar as sex, not p.is_dead as is_alive
        from person as p inner join place as h on p.place_id = h.place_id
        order by p.i
    """)
    _write_parquet(con, "truth_person", path)


def _write_parquet(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    con.execute(
        f"copy (from {table}) to '{str(path).replace(chr(39), chr(39) * 2)}' "
        "(format parquet, compression zstd, row_group_size 122880)"
    )


def _existing(order: _Order) -> Summary | None:
    """The summary of an earlier run with the same parameters.

    None unless all of its files are there in their sizes and no reference file has changed since.
    """
    try:
        content = json.loads((order.extracts / order.month.period / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if content.get("parameters") != order.parameters:
        return None
    for name, facts in content["files"].items():
        path = order.extracts / name
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            return None
        if name.startswith("reference/") and checksum(path)[1] != facts["sha256"]:
            return None
    return Summary(**{**content["summary"], "is_unchanged": True})


def _package_checksum() -> str:
    """Checksum of this package: a changed generator may give other bytes for the same parameters."""
    digest = hashlib.sha256()
    for path in sorted([*_PACKAGE.rglob("*.py"), *_PACKAGE.glob("sql/*.sql")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _replace(new: Path, old: Path) -> None:
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        shutil.rmtree(old)
    os.replace(new, old)
