"""What intake did with a synthetic extract, compared with what its ground truth says must happen to each row.

The ground truth is one Parquet file per registry with file, record (number of the row in its file from 1, without the
heading), kind, outcome (quarantined, duplicate, warned, corrected, kept), column, was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.contracts import Contract, heading_key
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.stage.current import staged_rows
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from lab.evaluation import SQL

if TYPE_CHECKING:
    import duckdb

# How `_record` of a format becomes the number in the ground truth: a file of `lab/evaluation/sql`.
PLACES = {"csv": "place_by_line", "xlsx": "place_by_row", "xls": "place_by_row"}
RECALL_MIN_PCT = 99.5
FALSE_ALARMS_MAX_PCT = 0.1


class TruthMissing(AuylError):
    """There is no ground truth to compare with."""


@dataclass(frozen=True)
class FaultOutcome:
    """Rows of one kind of fault: `met` are as expected, `unseen` cannot be judged, since stage lacks the column."""

    kind: str
    outcome: str
    rows: int
    met: int
    unseen: int
    quarantined: int
    duplicate: int
    warned: int
    staged: int
    absent: int

    @property
    def met_pct(self) -> float | None:
        """Share of the rows as expected among those that can be judged."""
        return _pct(self.met, self.rows - self.unseen)


@dataclass(frozen=True)
class Comparison:
    """One registry. Broken rows must be rejected; all others are good, whatever is wrong with them.

    `reason` says why a registry cannot be compared; then all counts are zero.
    """

    registry: str
    rows: int = 0
    broken: int = 0
    found: int = 0
    good: int = 0
    good_rejected: int = 0
    kinds: tuple[FaultOutcome, ...] = field(default=())
    reason: str | None = None

    @property
    def recall_pct(self) -> float | None:
        """Share of the broken rows that were rejected."""
        return _pct(self.found, self.broken)

    @property
    def false_alarms_pct(self) -> float | None:
        """Share of the good rows that were rejected."""
        return _pct(self.good_rejected, self.good)

    def met(self, outcome: str) -> tuple[int, int]:
        """Rows of an outcome that are as expected, and rows that can be judged."""
        chosen = [kind for kind in self.kinds if kind.outcome == outcome]
        return sum(kind.met for kind in chosen), sum(kind.rows - kind.unseen for kind in chosen)

    @property
    def holds(self) -> bool:
        """Are enough broken rows found and few enough good ones rejected?"""
        recall, false_alarms = self.recall_pct, self.false_alarms_pct
        return (recall is None or recall >= RECALL_MIN_PCT) and (false_alarms or 0.0) <= FALSE_ALARMS_MAX_PCT


def _pct(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def total(comparisons: list[Comparison]) -> Comparison:
    """The sums over registries, without kinds."""

    def added(name: str) -> int:
        return sum(getattr(one, name) for one in comparisons)

    return Comparison("total", added("rows"), added("broken"), added("found"), added("good"), added("good_rejected"))


def compare(settings: Settings, extracts: Path, period: str, only: tuple[str, ...] | None = None) -> list[Comparison]:
    """Compare every registry, or `only` these, that has ground truth of `period` below `extracts`, by name.

    Raises TruthMissing if the period has no ground truth.
    """
    folder = extracts / "truth" / period
    known = set(contracts.names(settings.include)) & set(only or contracts.names(settings.include))
    registries = sorted(path.stem for path in folder.glob("*.parquet") if path.stem in known)
    if not registries:
        raise TruthMissing(
            f"no ground truth of {period} below {extracts.name}: expected truth/{period}/<registry>.parquet"
        )
    files = {registry: folder / f"{registry}.parquet" for registry in registries}
    whole = _whole_files(settings, files)
    return [_compare(settings, registry, file, period, whole.get(registry)) for registry, file in files.items()]


def _compare(settings: Settings, registry: str, file: Path, period: str, whole: str | None) -> Comparison:
    contract = contracts.load(registry, settings.include)
    batches = ledger.current_batches(settings, registry, period, contract.is_delta)
    if whole:
        # Such an extract counts as one broken row, found if it was refused.
        is_met = not batches and bool(ledger.refusal_reasons(settings, registry, period))
        kind = FaultOutcome(whole, "refused", 1, int(is_met), 0, 0, 0, 0, len(batches), 0)
        return Comparison(registry, 1, 1, int(is_met), 0, 0, (kind,))
    if not batches:
        return Comparison(registry, reason=f"nothing is current for {period}")
    if contract.way == "sql" and any(
        ledger.delivery(settings, batch.delivery_id).source != "by hand" for batch in batches
    ):
        return Comparison(registry, reason="pulled by SQL: the rows are in another order than in the extract")
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    try:
        con.execute(f"create temp view ground_truth as select * from read_parquet({literal(str(file))})")
        _views(con, settings, lake, contract, batches)
        _create_corrected(con, lake, contract, batches)
        return _counts(con, settings, registry)
    finally:
        con.close()


def _whole_files(settings: Settings, files: Mapping[str, Path]) -> dict[str, str]:
    """The faults for which complete extracts must be refused, by registry."""
    con = duck.connect(settings)
    try:
        return {
            registry: str(kind)
            for registry, file in files.items()
            for (kind,) in con.execute(
                f"select kind from read_parquet({literal(str(file))}) where outcome = 'refused' limit 1"
            ).fetchall()
        }
    finally:
        con.close()


def _views(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, contract: Contract, batches: list[ledger.Batch]
) -> None:
    """Create raw, rejected, staged, placed, outcome, pair. `place` is `_record`, or `_line` below zero without one."""
    content = "hash(" + ", ".join(identifier(c.name) for c in contract.columns) + ")"
    raw, rejected, staged = [], [], []
    for number, batch in enumerate(batches):
        parts = ", ".join(literal(lake.address(path)) for path in lake.files(batch.raw_path))
        key = f"{number} as batch, _file as file"
        raw.append(
            f"select {key}, _record as place, {content} as content "
            f"from read_parquet([{parts}], union_by_name = true)"
        )  # fmt: skip
        rejected.append(
            f"select {key}, coalesce(_record, -_line) as place, _rules as rules, "
            f"replace(_outcome, 'linkable', 'quarantined') as outcome "
            f"from read_parquet({literal(lake.address(batch.quarantine_path))}) where _outcome <> 'staged'"
        )
        staged.append(
            f"select {key}, _record as place, * exclude (_file, _record) "
            f"from {staged_rows(lake, contract, batch, with_address=True)}"
        )
    for name, queries in (("raw", raw), ("rejected", rejected), ("staged", staged)):
        con.execute(f"create temp view {name} as {' union all by name '.join(queries)}")
    for name in ("placed", "outcome", "pair"):
        file = PLACES.get(contract.format, "place_by_number") if name == "placed" else name
        con.execute(f"create temp table {name} as {_sql(settings, file)}")


def _create_corrected(
    con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, batches: list[ledger.Batch]
) -> None:
    """Create `corrected`: file, record and the staged value of each row that intake must correct.

    Only for columns that stage, or identity for the vault's registry, holds as the same text.
    """
    con.execute("create temp table corrected (file varchar, record bigint, value varchar)")
    texts = {c.name for c in contract.columns if c.type == "string"}
    stage = set(_columns(con, "staged")) & texts
    vault = {c.name for c in contract.columns if c.is_vault} & texts if contract.feeds_vault else set()
    if vault:
        files = ", ".join(literal(lake.address(paths.identity_file(batch.name))) for batch in batches)
        con.execute(f"create temp view identity as select * from read_parquet([{files}])")
    labels = con.execute(
        "select distinct string_split(\"column\", ' | ')[1] from ground_truth where outcome = 'corrected'"
    ).fetchall()
    for (label,) in labels:
        column = _column(contract, label)
        if column not in stage | vault or (
            column in stage and not _is_unchanged(con, lake, contract, column, batches[0])
        ):
            continue
        value = identifier(column)
        source = f"select batch, file, place, {value} as value from staged"
        if column not in stage:
            source = (
                f"select s.batch, s.file, s.place, i.{value} as value from staged as s "
                f"inner join identity as i on s.person_key = i.person_key"
            )
        con.execute(
            f"insert into corrected select t.file, t.record, v.value from ground_truth as t "
            f"inner join outcome as o on t.file = o.file and t.record = o.record inner join ({source}) as v "
            f"on o.batch = v.batch and o.file = v.file and o.place = v.place "
            f"where t.outcome = 'corrected' and string_split(t.\"column\", ' | ')[1] = ?",
            [label],
        )


def _is_unchanged(
    con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, column: str, batch: ledger.Batch
) -> bool:
    """Does stage hold the text of the extract, for most rows of a sample, or a code in its place?"""
    parts = ", ".join(literal(lake.address(path)) for path in lake.files(batch.raw_path))
    name = identifier(column)
    ((share,),) = con.execute(
        f"select avg((s.{name} in (r.{name}, trim(r.{name}), kazakh_letters(clean_text(r.{name})), "
        f"homoglyphs_to_cyrillic(clean_text(r.{name}))))::integer) "
        f"from (select _file, _record, {name} from {staged_rows(lake, contract, batch, with_address=True)} "
        f"where {name} is not null limit 5000) as s "
        f"inner join read_parquet([{parts}], union_by_name = true) as r using (_file, _record)"
    ).fetchall()
    return share is not None and share > 0.5


def _column(contract: Contract, label: str) -> str | None:
    return next(
        (c.name for c in contract.columns if heading_key(label) in map(heading_key, (c.source, *c.aliases))), None
    )


def _columns(con: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {view}").fetchall()]


def _counts(con: duckdb.DuckDBPyConnection, settings: Settings, registry: str) -> Comparison:
    con.execute(f"create temp table judged as {_sql(settings, 'judged')}")
    kinds = con.execute(
        "select kind, outcome, count(*), count(*) filter (is_met), count(*) filter (is_met is null), "
        + ", ".join(
            f"count(*) filter (fate = '{name}')" for name in ("quarantined", "duplicate", "warned", "staged", "absent")
        )
        + " from judged group by kind, outcome order by kind, outcome"
    ).fetchall()
    ((rows, broken, found, good, rejected),) = con.execute(_sql(settings, "account")).fetchall()
    return Comparison(registry, rows, broken, found, good, rejected, tuple(FaultOutcome(*row) for row in kinds))


def _sql(settings: Settings, name: str) -> str:
    return duck.sql(SQL / f"{name}.sql")
