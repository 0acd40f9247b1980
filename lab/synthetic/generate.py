"""Extracts of one month of the invented oblast, with the truth beside them.

<extracts>/reference/                 kato.csv, crosswalk.csv, address.csv
<extracts>/<period>/<registry>/…      what the owners of the registries would send
<extracts>/<period>/MANIFEST.json     parameters and digests; present only when all of it is there
<extracts>/truth/<period>/            persons.parquet and one table of faults per registry

persons.parquet: iin, okrug_kato, settlement_kato, birth_date, sex, is_alive; one row per person of the register.
<registry>.parquet, one row per spoiled or added row: file (for a workbook `name.xlsx#sheet`), record (number of the
row in it, from 1, the header not counted), kind and outcome (see `dirt.KINDS`), column (by its name in the file;
several are joined with ` | `, and was and became speak of the first), was, became, id (ИИН, tag, call, jobseeker or
KATO of the good row).
place/<registry>.parquet, one row per good row of a registry that says its place in free words: where it really is.
ambulance: call_id, settlement_kato, okrug_kato, district_kato, form (way of saying it), dirt, is_repeated (the name
stands in the oblast more than once), told_by (text, crew, home or nothing: then nobody can resolve it).
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

from lab.synthetic import (
    address_register,
    ambulance,
    appeals,
    budget_okrug,
    business_register,
    civil_acts,
    civil_service,
    clinic_attachment,
    disability,
    education,
    employment,
    family_card,
    household_book,
    housing,
    internet,
    land,
    livestock,
    loans,
    pets,
    population,
    road_map,
    social_assistance,
    subsidies,
    survey,
    taxes,
    territory,
    territory_extract,
    veterinary_events,
    waste_sites,
)
from lab.synthetic import dirt as faults
from lab.synthetic import file_faults as whole_files
from lab.synthetic import people as population_of
from lab.synthetic.engine import Month, connect, sql
from lab.synthetic.registry import Registry
from lab.synthetic.writing import Written, digest_file, write_file

_HERE = Path(__file__).parent

REGISTRIES: tuple[Registry, ...] = (
    population.REGISTRY,
    civil_acts.REGISTRY,
    clinic_attachment.REGISTRY,
    disability.REGISTRY,
    education.REGISTRY,
    family_card.REGISTRY,
    household_book.REGISTRY,
    appeals.REGISTRY,
    survey.REGISTRY,
    social_assistance.REGISTRY,
    livestock.REGISTRY,
    ambulance.REGISTRY,
    employment.REGISTRY,
    budget_okrug.REGISTRY,
    # territory, animals, environment
    territory_extract.REGISTRY,
    address_register.REGISTRY,
    pets.REGISTRY,
    veterinary_events.REGISTRY,
    internet.REGISTRY,
    waste_sites.REGISTRY,
    # economy and administration
    taxes.REGISTRY,
    subsidies.REGISTRY,
    land.REGISTRY,
    housing.REGISTRY,
    civil_service.REGISTRY,
    loans.REGISTRY,
    business_register.REGISTRY,
    road_map.REGISTRY,
)
MANIFEST = "MANIFEST.json"


@dataclass(frozen=True)
class Summary:
    """What was made: rows by registry and file, faults by registry and kind, persons alive.

    `is_unchanged` tells that it was there already.
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


def make(
    extracts: Path,
    period: str,
    people: int,
    seed: int = 19,
    kato_file: Path | None = None,
    dirt: float | Mapping[str, float] = 1.0,
    threads: int | None = None,
) -> Summary:
    """Write the extracts of `period` for about `people` registered persons, below `extracts`.

    The same arguments give the same bytes, and where they were made before nothing is done. A second process on the
    same folder waits for the first. `kato_file` is an official KATO table; without it the territory is invented.
    `dirt` is a factor on the default rates of faults, or rates by name with `*` as the factor for the others (see
    `lab.synthetic.dirt.KINDS`).
    `threads` bounds DuckDB's work and changes nothing in the files.
    Raises ValueError for a wrong period, number of people or rate.
    """
    month = Month(period)
    if people < 100:
        raise ValueError(f"people is {people}; the oblast needs 100 at least")
    rate = faults.rates(dirt)
    extracts = Path(extracts)
    parameters = {
        "generator": _own_digest(),
        "duckdb": duckdb.__version__,
        "period": period,
        "people": people,
        "seed": seed,
        "kato_sha256": digest_file(kato_file)[1] if kato_file else None,
        "dirt": rate,
    }
    with _alone(extracts):
        return _finished(extracts, period, parameters) or _make(
            extracts, month, people, seed, kato_file, rate, threads, parameters
        )


@contextlib.contextmanager
def _alone(extracts: Path) -> Iterator[None]:
    """Keep other processes off the folder; the kernel drops the lock of one that dies."""
    extracts.mkdir(parents=True, exist_ok=True)
    with (extracts / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(
    extracts: Path,
    month: Month,
    people: int,
    seed: int,
    kato_file: Path | None,
    rate: Mapping[str, float],
    threads: int | None,
    parameters: dict[str, Any],
) -> Summary:
    period = month.period
    marker = extracts / period / MANIFEST
    marker.unlink(missing_ok=True)
    work = extracts / f".{period}.partial"
    shutil.rmtree(work, ignore_errors=True)
    (work / "truth").mkdir(parents=True)
    try:
        summary, files = _build(extracts, work, month, people, seed, kato_file, rate, threads)
        shutil.rmtree(work / "spill", ignore_errors=True)
        _replace(work / "truth", extracts / "truth" / period)
        _replace(work, extracts / period)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    content = {"parameters": parameters, "summary": asdict(summary), "files": files}
    draft = marker.with_suffix(".tmp")
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(draft, marker)
    return summary


def _build(
    extracts: Path,
    work: Path,
    month: Month,
    people: int,
    seed: int,
    kato_file: Path | None,
    rate: Mapping[str, float],
    threads: int | None,
) -> tuple[Summary, dict[str, dict[str, Any]]]:
    land = territory.make(extracts / "reference", kato_file, seed)
    with contextlib.ExitStack() as opened:

        def oblast_of(month: Month) -> duckdb.DuckDBPyConnection:
            made = opened.enter_context(contextlib.closing(connect(month, people, seed, work / "spill", threads)))
            population_of.build(made, land)
            return made

        month_before = cache(lambda: oblast_of(month.previous))  # seldom asked for

        def former(registry: Registry, folder: Path) -> None:
            """The registry's extract of the month before, clean."""
            other = month_before()
            other.execute(sql(registry.name))
            faults.spoil(other, registry, dict.fromkeys(faults.BY_NAME, 0.0))
            registry.write(other, folder, month.previous)
            _forget(other, registry)

        con = oblast_of(month)
        write_file(
            con,
            "select rca || ',' || kato || chr(10) as line from address",
            extracts / "reference" / "address.csv",
            "rca,kato\n",
        )
        residents = con.execute("select count(*) from person where not is_dead").fetchall()[0][0]
        _write_persons(con, work / "truth" / "persons.parquet")
        rows: dict[str, dict[str, int]] = {}
        dirt: dict[str, dict[str, int]] = {}
        files: dict[str, dict[str, Any]] = {}
        for registry in REGISTRIES:
            folder = work / registry.name
            folder.mkdir()
            whole = whole_files.drawn(registry.name, month, seed, rate)
            written, counts = _registry(con, registry, folder, work / "truth", month, rate, whole, former)
            rows[registry.name] = {one.name: one.rows for one in written}
            dirt[registry.name] = counts
            for one in written:
                files[f"{month.period}/{registry.name}/{one.name}"] = {"bytes": one.size, "sha256": one.sha256}
    for path in sorted(path for path in (work / "truth").rglob("*") if path.is_file()):
        size, digest = digest_file(path)
        files[f"truth/{month.period}/{path.relative_to(work / 'truth').as_posix()}"] = {"bytes": size, "sha256": digest}
    for path in sorted((extracts / "reference").glob("*.csv")):
        size, digest = digest_file(path)
        files[f"reference/{path.name}"] = {"bytes": size, "sha256": digest}
    return Summary(month.period, people, seed, rows, dirt, residents), files


def _registry(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    folder: Path,
    truth: Path,
    month: Month,
    rate: Mapping[str, float],
    whole: str | None,
    former: Callable[[Registry, Path], None],
) -> tuple[list[Written], dict[str, int]]:
    con.execute(sql(registry.name))
    faults.spoil(con, registry, rate)
    written = registry.write(con, folder, month)
    file, record = registry.where(con, month)
    part = "part" if registry.has_parts else "0"
    named = "".join(f" when '{kind}' then '{faults.outcome_of(registry, kind)}'" for kind in registry.faults)
    outcomes = f"case _kind{named} end"
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
            {file} as file, ({record})::integer as record, _kind as kind, {outcomes} as outcome,
            coalesce(_column, '') as "column",
            _was as was, _became as became, _id as id
        from spoiled
        order by _at
    """)
    if whole:
        written, name = whole_files.spoil(whole, registry, folder, month, written, partial(former, registry))
        is_seen = whole != "file_of_last_month" or registry.states_period
        whole_files.tell(con, whole, "refused" if is_seen else "kept", name)
    _write_parquet(con, "fault", truth / f"{registry.name}.parquet")
    if registry.place_truth:
        (truth / "place").mkdir(exist_ok=True)
        good = f"select {registry.place_truth} from {registry.name}_row where _extra = 0 order by {registry.id_column}"
        _write_parquet(con, f"({good})", truth / "place" / f"{registry.name}.parquet")
    counts = con.execute("select kind, count(*) from fault group by kind order by kind").fetchall()
    con.execute("drop table fault")
    _forget(con, registry)
    return written, dict(counts)


def _forget(con: duckdb.DuckDBPyConnection, registry: Registry) -> None:
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


def _finished(extracts: Path, period: str, parameters: dict[str, Any]) -> Summary | None:
    """The summary of an earlier run with these parameters.

    None unless all of its files are there in their sizes and no reference file has been made anew since.
    """
    try:
        content = json.loads((extracts / period / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if content.get("parameters") != parameters:
        return None
    for name, facts in content["files"].items():
        path = extracts / name
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            return None
    for name, facts in content["files"].items():
        if name.startswith("reference/") and digest_file(extracts / name)[1] != facts["sha256"]:
            return None
    return Summary(**{**content["summary"], "is_unchanged": True})


def _own_digest() -> str:
    """Digest of this package: a changed generator may give other bytes for the same parameters."""
    digest = hashlib.sha256()
    for path in sorted([*_HERE.glob("*.py"), *_HERE.glob("sql/*.sql")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _replace(new: Path, old: Path) -> None:
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        shutil.rmtree(old)
    os.replace(new, old)
