"""History: what an entity's attributes were, when they were valid, and when they were recorded.

It is derived from the sets of the periods and stored nowhere, so the order in which months arrive does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from auyl import ledger
from auyl.intake.locate import locate
from auyl.ledger import EntitySet
from auyl.linkage.entities import survivorship
from auyl.linkage.entities.build import inputs_digest, linked_batches, rules_digest, versions_of
from auyl.linkage.entities.survivorship import EntityKind
from auyl.linkage.entities.versions import Version
from auyl.linkage.persons.link import linked
from auyl.periods import month_before
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Claim:
    """A value and its source: `batch` names the stage; `line` is null if the landed file is not available."""

    value: str
    registry: str
    batch: str
    file: str
    record: int
    as_of: date
    line: int | None = None
    is_stale: bool = False


@dataclass(frozen=True)
class EntityValue:
    """An attribute of one entity in one period, and the claims that were not chosen."""

    attribute: str
    names: dict[str, str]
    unit: str | None
    level: str
    claim: Claim
    rows: int
    losing: int
    is_disputed: bool
    others: tuple[Claim, ...]


@dataclass(frozen=True)
class ValueSpan:
    """A value in time: valid and recorded from, until before; null: until now."""

    attribute: str
    claim: Claim
    valid_from: date
    valid_to: date | None
    recorded_from: datetime
    recorded_to: datetime | None


def show(settings: Settings, kind_id: str, key: str, period: str | None = None) -> tuple[str, list[EntityValue]]:
    """The period and the attributes of an entity in it, the newest period by default.

    Raises KeyError if the period has no set, or none of its sets has the entity.
    """
    kind = survivorship.load(kind_id, settings.include)
    lake = lake_of(settings)
    by_period = _by_period(settings, kind)
    asked = period or max(by_period, default="")
    if asked not in by_period:
        raise KeyError(f"no {kind.id} was built for {asked or 'any period'}: auyl entities build --period …")
    _, newest = _sets(settings, kind, by_period[asked], rules_digest(settings, lake))[-1]
    if newest is None:
        raise KeyError(f"{kind.id} {asked}: newer batches have arrived: auyl entities build --period {asked}")
    con = duck.connect(settings, lake)
    try:
        rows = _dicts(
            con,
            f"select * from read_parquet({literal(lake.address(newest.path))}) where entity_key = $key", {"key": key},
        )  # fmt: skip
    finally:
        con.close()
    if not rows:
        raise KeyError(f"no {kind.id} {key} in {asked}")
    claims = [_claim(row) for row in rows]
    others = [[_claim(other) for other in row["others"] or []] for row in rows]
    lines = _lines(settings, [*claims, *(other for group in others for other in group)])
    by_id = {row["attribute"]: n for n, row in enumerate(rows)}
    values = []
    for attribute in kind.attributes:
        if attribute.id in by_id:
            n = by_id[attribute.id]
            row = rows[n]
            values.append(
                EntityValue(
                    attribute.id, attribute.names, attribute.unit, attribute.level, lines(claims[n]), row["rows"],
                    row["losing"], row["is_disputed"], tuple(map(lines, others[n])),
                )
            )  # fmt: skip
    return asked, values


def history(settings: Settings, kind_id: str, key: str) -> tuple[list[ValueSpan], list[str]]:
    """The history of an entity by attribute, and the periods with batches that no set was built from yet.

    Raises KeyError if no set has the entity.
    """
    kind = survivorship.load(kind_id, settings.include)
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    try:
        unbuilt = open_history(con, settings, lake, kind, key)
        rows = _dicts(con, "from entity_history order by attribute, valid_from, recorded_from, recorded_to", {})
    finally:
        con.close()
    if not rows:
        raise KeyError(f"no {kind.id} {key} in any period that was built")
    claims = [_claim(row) for row in rows]
    lines = _lines(settings, claims)
    spans = [
        ValueSpan(
            row["attribute"], lines(claim), row["valid_from"], row["valid_to"], row["recorded_from"],
            row["recorded_to"],
        )
        for row, claim in zip(rows, claims, strict=True)
    ]  # fmt: skip
    return spans, unbuilt


def open_history(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, kind: EntityKind, key: str | None = None
) -> list[str]:
    """Create the table `entity_history` of one entity or of all (`include/sql/linkage/entity_history.sql`).

    Returns the periods that have a version without a set.
    """
    by_period = _by_period(settings, kind)
    periods = sorted(by_period)
    rules = rules_digest(settings, lake)
    condition = f"where entity_key = {literal(key)}" if key is not None else ""
    columns = "entity_key, attribute, value, as_of, valid_from, registry, batch, extracted_at, file, record"
    parts, unbuilt = [], []
    for n, period in enumerate(periods):
        sets = _sets(settings, kind, by_period[period], rules)
        if not all(found for _, found in sets):
            unbuilt.append(period)
        for m, (version, found) in enumerate((v, f) for v, f in sets if f):
            since = f"timestamptz {literal(version.since.isoformat())}" if version.since else "null"
            until = f"timestamptz {literal(version.until.isoformat())}" if version.until else "null::timestamptz"
            parts.append(
                f"select {columns}, {n} as period_no, {m} as version_no, greatest({since}, extracted_at) as "
                f"recorded_from, {until} as recorded_to from read_parquet({literal(lake.address(found.path))}) "
                f"{condition}"
            )
    if not parts:
        raise KeyError(f"no {kind.id} was built yet: auyl entities build --period …")
    con.execute(f"create or replace temp view recorded as {' union all '.join(parts)}")
    # A month without a set interrupts nothing: a value holds until the first day of the next period that has one.
    days = [f"({n}, date '{period}-01', false)" for n, period in enumerate(periods)]
    days.append(f"({len(periods)}, date '{month_before(periods[-1], -1)}-01', true)")
    con.execute(
        "create or replace temp table known_period as "
        f"from (values {', '.join(days)}) as p (period_no, first_day, is_end)"
    )
    text = duck.sql(settings.include / "sql" / "linkage" / "entity_history.sql")
    con.execute(f"create or replace temp table entity_history as {text}")
    return unbuilt


def _by_period(settings: Settings, kind: EntityKind) -> dict[str, list[EntitySet]]:
    by_period: dict[str, list[EntitySet]] = {}
    for entity_set in ledger.entity_sets(settings, kind.id):
        by_period.setdefault(entity_set.period, []).append(entity_set)
    return by_period


def _sets(
    settings: Settings, kind: EntityKind, built: list[EntitySet], rules: str
) -> list[tuple[Version, EntitySet | None]]:
    """Every version of the period of `built` with its set, oldest version first.

    If the same batches have several sets: the one under the current table, or else the newest.
    """
    by_inputs = {s.inputs_digest: s for s in built}
    by_batches = {s.batches_digest: s for s in built}
    period = built[0].period
    sets = []
    for version in versions_of(settings, kind, period):
        links = linked(settings, period, linked_batches(settings, kind, version)) if kind.links_rows else None
        inputs = inputs_digest(settings, kind, version, rules, links)
        sets.append((version, by_inputs.get(inputs) or by_batches.get(version.digest)))
    return sets


def _claim(row: dict[str, Any]) -> Claim:
    return Claim(
        row["value"], row["registry"], row["batch"], row["file"], row["record"], row["as_of"],
        is_stale=row.get("is_stale") or False,
    )  # fmt: skip


def _lines(settings: Settings, claims: list[Claim]) -> Any:
    """A function that adds its line to a claim; each landed file is opened once."""
    wanted: dict[str, set[tuple[str, int]]] = {}
    for claim in claims:
        wanted.setdefault(claim.batch, set()).add((claim.file, claim.record))
    periods = sorted({batch.split("/")[1] for batch in wanted})
    stages = {b.stage_path: b.batch_id for b in ledger.accepted(settings, periods[0], periods[-1])} if periods else {}
    found: dict[tuple[str, str, int], int] = {}
    for name, rows in wanted.items():
        batch_id = stages.get(paths.stage_file(name))
        if batch_id is not None:
            lines = locate(settings, name.split("/")[0], [batch_id], sorted(rows))
            found |= {(name, file, record): line for (file, record), line in lines.items()}

    def with_line(claim: Claim) -> Claim:
        return replace(claim, line=found.get((claim.batch, claim.file, claim.record)))

    return with_line


def _dicts(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, str]) -> list[dict[str, Any]]:
    found = con.execute(query, values) if values else con.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
