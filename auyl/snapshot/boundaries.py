"""A published period in the boundaries of another edition of the classifier.

Published values are not added up: the core tables of the revision are measured again, with each row placed where its
settlement lies in the other edition. Nothing is written.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from auyl import ledger
from auyl.errors import AuylError
from auyl.languages import check_language
from auyl.settings import Settings
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.indicator import Indicator
from auyl.snapshot.measure import measure
from auyl.snapshot.rejected import REJECTED
from auyl.snapshot.show import show
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.moves import make_moves
from auyl.territory.resolver import current_edition

if TYPE_CHECKING:
    import duckdb

PERIOD, TODAY = "period", "today"
VALUE = ("value", "numerator", "denominator", "flag", "coverage_pct", "as_of", "rows_near", "rows_elsewhere")


class BoundariesUnknown(AuylError):
    """An okrug that the other edition does not have, or a revision that cannot be measured again."""


@dataclass(frozen=True)
class Unattributed:
    """Rows of places that were divided or whose history is unknown; `maybe_here` of them may belong to this okrug."""

    table: str
    registry: str
    rows: int
    maybe_here: int


def show_in(
    settings: Settings,
    kato: str,
    boundaries: str = PERIOD,
    period: str | None = None,
    language: str = "ru",
    revision: int | None = None,
) -> dict[str, Any]:
    """An okrug of the edition `boundaries` (period, today, or a name) in the current revision, as `show` has it.

    Another `revision` is shown as published only.

    Also `edition`, `edition_of_period`, and, where they differ: `unattributed`, see there; `code_was`, what the
    code meant in the period's edition if it was another place; `outside`, how many places of the okrug lay
    in another oblast. Flags besides those of a published value: partly_known, unknown. Raises KeyError when
    nothing is published, TerritoryMissing when an edition is not loaded, BoundariesUnknown.
    """
    if boundaries == PERIOD:
        return show(settings, kato, period, language, revision)
    if revision is not None:
        raise BoundariesUnknown("only the current revision is measured again in other boundaries: leave --revision out")
    check_language(language)
    lake = lake_of(settings)
    target = current_edition(settings, lake) if boundaries == TODAY else boundaries
    catalogue = catalogues.load(settings.include)
    current, inputs = _published(settings, catalogue, period)
    con = duck.connect(settings, lake)
    try:
        make_moves(con, settings, lake, inputs.edition, target)
        okrug = _okrug(con, settings, kato, inputs.edition, target, language)
        _open_core(con, settings, lake, catalogue, inputs, current)
        _measure_again(con, settings, catalogue, inputs, current)
        unattributed = _unattributed(con, catalogue, inputs)
        rows = con.execute(f"select indicator_id, {', '.join(VALUE)} from snapshot_value").fetchall()
    finally:
        con.close()
    values = {row[0]: dict(zip(VALUE, row[1:], strict=True)) for row in rows}
    doubtful = set(catalogue.core) if okrug["outside"] else {part.table for part in unattributed if part.maybe_here}
    return {
        "kato": kato,
        "name": okrug["name"],
        "period": inputs.period,
        "revision": current,
        "edition": target,
        "edition_of_period": inputs.edition,
        "code_was": okrug["code_was"],
        "outside": okrug["outside"],
        "unattributed": [asdict(part) for part in unattributed],
        "without": ledger.missing_in_snapshot(settings, inputs.period),
        "indicators": [
            _shown(indicator, values[indicator.id], inputs, doubtful, language) for indicator in catalogue.indicators
        ],
    }


def _measure_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs, revision: int
) -> None:
    import duckdb

    try:
        measure(con, settings, catalogue, inputs)
    except duckdb.BinderException as error:
        raise BoundariesUnknown(
            f"{inputs.period} revision {revision}: its core tables lack what this version measures; "
            f"auyl build --period {inputs.period} makes them from the current batches"
        ) from error


def _published(settings: Settings, catalogue: Catalogue, period: str | None) -> tuple[int, SnapshotInputs]:
    """The current revision and its inputs, with the batches that it names."""
    with transaction(settings) as con:
        row = con.execute(
            text(
                "select s.period, s.revision, s.edition, s.inputs_digest from serving.current_snapshot as f "
                "inner join serving.snapshot as s using (period, revision) "
                "where f.period = coalesce(:period, (select max(n.period) from serving.current_snapshot as n))"
            ),
            {"period": period},
        ).one_or_none()
        if row is None:
            raise KeyError("nothing is published" + (f" for {period}" if period else ""))
        sources = con.execute(
            text(
                "select registry, batch_id from serving.snapshot_source where period = :p and revision = :r "
                "order by registry, source_period, extracted_at, batch_id"
            ),
            {"p": row.period, "r": row.revision},
        ).all()
    batches: dict[str, list[ledger.Batch]] = {}
    for registry, batch_id in sources:
        batches.setdefault(registry, []).append(ledger.batch(settings, batch_id))
    missing = [registry for registry in catalogue.registries if registry not in batches]
    return row.revision, SnapshotInputs(row.period, batches, missing, row.edition, row.inputs_digest)


def _okrug(
    con: duckdb.DuckDBPyConnection, settings: Settings, kato: str, source: str, target: str, language: str
) -> dict[str, Any]:
    """Create the table `okrug` with this okrug; return its name, what the code was, and its places in other oblasts."""
    name = "name_kk" if language == "kk" else "name_ru"
    target_rows = con.execute(
        f"select {name}, district_kato, is_rural_akimat from target_place where kato = $kato", {"kato": kato}
    ).fetchall()
    source_rows = con.execute(
        f"select p.{name}, list_sort(m.okrugs) from source_place as p inner join move as m using (kato) "
        "where p.kato = $kato",
        {"kato": kato},
    ).fetchall()
    became = _became(con, name, source_rows[0][1]) if source_rows else []
    if not target_rows or not target_rows[0][2]:
        raise BoundariesUnknown(_why_not(kato, source, target, target_rows, source_rows, became))
    ((inside, outside),) = con.execute(
        "select count(*) filter (oblast_from = $oblast), count(*) filter (oblast_from <> $oblast) "
        "from move where list_contains(okrugs, $kato) and level <> 'district'",
        {"kato": kato, "oblast": settings.oblast_kato},
    ).fetchall()
    if not inside:
        where = f"lay in another oblast than {settings.oblast_kato}" if outside else f"is not known in edition {source}"
        raise BoundariesUnknown(f"okrug {kato} {target_rows[0][0]} of edition {target}: its ground {where}")
    # is_open: it has a settlement whose earlier place is unknown, so rows of unknown places may belong to it
    con.execute(
        "create or replace temp table okrug as select o.kato, o.district_kato, exists (select 1 from target_place as t "
        "where t.okrug_kato = o.kato and t.level = 'settlement' "
        "and t.kato not in (select unnest(m.settlements) from move as m)) as is_open "
        "from target_place as o where o.kato = $kato",
        {"kato": kato},
    )
    # Only the okrug is measured, not its parts nor what it is a part of.
    con.execute(
        "create or replace temp table area as select kato, 'okrug' as level, district_kato, null as within from okrug"
    )
    was = None
    if source_rows and source_rows[0][1] != [kato]:
        was = {"name": source_rows[0][0], "became": became}
    return {"name": target_rows[0][0], "outside": outside, "code_was": was}


def _became(con: duckdb.DuckDBPyConnection, name: str, okrugs: list[str]) -> list[str]:
    rows = con.execute(
        f"select kato || ' ' || {name} from target_place where list_contains($okrugs, kato) order by kato",
        {"okrugs": okrugs},
    ).fetchall()
    return [row[0] for row in rows]


def _why_not(
    kato: str, source: str, target: str, target_rows: list[Any], source_rows: list[Any], became: list[str]
) -> str:
    if target_rows:
        return f"{kato} {target_rows[0][0]} is no rural okrug in edition {target}"
    if not source_rows:
        return f"neither edition {target} nor that of the period, {source}, has the code {kato}"
    today = f"it lies in {', '.join(became)}" if became else "what became of it is unknown. Fix: auyl territory changes"
    return f"{kato} {source_rows[0][0]} is not in edition {target}: {today}"


def _open_core(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    catalogue: Catalogue,
    inputs: SnapshotInputs,
    revision: int,
) -> None:
    """Create each core table as a view whose rows lie where the table `move` puts them, and `<table>_moved`."""
    text_of_rows = duck.sql(settings.include / "sql" / "territory" / "moved.sql")
    for table in (*catalogue.core, REJECTED):
        path = paths.core_file(inputs.period, inputs.digest, table)
        if not lake.exists(path):
            raise BoundariesUnknown(
                f"{inputs.period} revision {revision}: no core table {path} is left in the lake, so nothing can be "
                f"measured again; auyl build --period {inputs.period} makes it from the current batches"
            )
        moved = duck.bind(text_of_rows, core=f"read_parquet({literal(lake.address(path))})")
        con.execute(f"create or replace temp view {table}_moved as {moved}")
        con.execute(
            f"create or replace temp view {table} as select * exclude (settlement_to, okrug_to, district_to, is_known, "
            "okrugs) replace (settlement_to as settlement_kato, okrug_to as okrug_kato, district_to as district_kato) "
            f"from {table}_moved"
        )


def _unattributed(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: SnapshotInputs) -> list[Unattributed]:
    unattributed = []
    for table, (registry, *_) in catalogue.core.items():
        if registry in inputs.missing:
            continue
        ((rows, here),) = con.execute(
            "select count(*), count(*) filter (list_contains(m.okrugs, o.kato) or (len(m.okrugs) = 0 and o.is_open "
            f"and coalesce(m.district_to, o.district_kato) = o.district_kato)) from {table}_moved as m "
            "cross join okrug as o where m.okrug_kato is not null and not m.is_known"
        ).fetchall()
        if rows:
            unattributed.append(Unattributed(table, registry, rows, here))
    return unattributed


def _shown(
    indicator: Indicator, value: dict[str, Any], inputs: SnapshotInputs, doubtful: set[str], language: str
) -> dict[str, Any]:
    """One indicator as `show` has it, flagged where a table that it rests on has unattributed rows."""
    has_arrived = not any(measure.registries[0] in inputs.missing for measure in indicator.measures)
    if has_arrived and doubtful & {measure.table for measure in indicator.measures}:
        value = value | {"flag": "unknown" if value["value"] is None else "partly_known"}
    return {
        "indicator_id": indicator.id,
        "theme": indicator.theme,
        "name": indicator.names[language],
        "unit": indicator.unit.id,
        "unit_name": indicator.unit.names[language],
        "decimals": indicator.decimals,
        "registries": indicator.registries,
        "responsible": indicator.body[language],
        **value,
    }
