"""A published period told in the boundaries of another edition of the classifier.

Nothing published is added up: the core tables of the revision are measured anew, each row placed where its settlement
lies in the other edition. Nothing is written.
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
from auyl.snapshot.catalogue import Catalogue, Indicator
from auyl.snapshot.consolidate import Inputs
from auyl.snapshot.measure import measure
from auyl.snapshot.show import show
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.moves import make_moves
from auyl.territory.resolver import current_edition

if TYPE_CHECKING:
    import duckdb

PERIOD, TODAY = "period", "today"
VALUE = ("value", "numerator", "denominator", "flag", "coverage_pct", "as_of")


class NotTellable(AuylError):
    """An okrug that the other edition does not have, or a revision that cannot be measured anew."""


@dataclass(frozen=True)
class Untold:
    """Rows of places that were divided or of which nothing is told; `maybe_here` may belong to the okrug asked."""

    table: str
    registry: str
    rows: int
    maybe_here: int


def show_in(
    settings: Settings, kato: str, boundaries: str = PERIOD, period: str | None = None, language: str = "ru"
) -> dict[str, Any]:
    """An okrug of the edition `boundaries` (period, today, or a name) in the current revision, as `show` tells it.

    Also `edition`, `edition_of_period`, and, where they differ: `not_tellable`, see `Untold`; `code_was`, what the
    code meant in the period's edition if it was another place; `outside`, how many places of the okrug's ground lay
    in another oblast. Flags besides those of a published value: partly_told, not_tellable. Raises KeyError when
    nothing is published, TerritoryMissing when an edition is not loaded, NotTellable.
    """
    if boundaries == PERIOD:
        return show(settings, kato, period, language)
    check_language(language)
    lake = Lake(settings.lake)
    target = current_edition(settings, lake) if boundaries == TODAY else boundaries
    catalogue = catalogues.load(settings.include)
    revision, inputs = _published(settings, catalogue, period)
    con = duck.connect(settings, lake)
    try:
        make_moves(con, settings, lake, inputs.edition, target)
        okrug = _okrug(con, settings, kato, inputs.edition, target, language)
        _open_core(con, settings, lake, catalogue, inputs, revision)
        measure(con, catalogue, inputs)
        untold = _untold(con, catalogue, inputs)
        rows = con.execute(f"select indicator_id, {', '.join(VALUE)} from snapshot_value").fetchall()
    finally:
        con.close()
    values = {row[0]: dict(zip(VALUE, row[1:], strict=True)) for row in rows}
    doubted = set(catalogue.core) if okrug["outside"] else {one.table for one in untold if one.maybe_here}
    return {
        "kato": kato,
        "name": okrug["name"],
        "period": inputs.period,
        "revision": revision,
        "edition": target,
        "edition_of_period": inputs.edition,
        "code_was": okrug["code_was"],
        "outside": okrug["outside"],
        "not_tellable": [asdict(one) for one in untold],
        "without": ledger.missing_in_snapshot(settings, inputs.period),
        "indicators": [_told(one, values[one.id], inputs, doubted, language) for one in catalogue.indicators],
    }


def _published(settings: Settings, catalogue: Catalogue, period: str | None) -> tuple[int, Inputs]:
    """The current revision and what it was made of, with the batches that it names."""
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
    return row.revision, Inputs(row.period, batches, missing, row.edition, row.inputs_digest)


def _okrug(
    con: duckdb.DuckDBPyConnection, settings: Settings, kato: str, source: str, target: str, language: str
) -> dict[str, Any]:
    """Create `okrug` with the one asked; its name, what the code was, and places of its ground outside the oblast."""
    name = "name_kk" if language == "kk" else "name_ru"
    found = con.execute(
        f"select {name}, district_kato, is_rural_akimat from target_place where kato = $kato", {"kato": kato}
    ).fetchall()
    former = con.execute(
        f"select p.{name}, list_sort(m.okrugs) from source_place as p inner join move as m using (kato) "
        "where p.kato = $kato",
        {"kato": kato},
    ).fetchall()
    became = _became(con, name, former[0][1]) if former else []
    if not found or not found[0][2]:
        raise NotTellable(_why_not(kato, source, target, found, former, became))
    ((inside, outside),) = con.execute(
        "select count(*) filter (oblast_from = $oblast), count(*) filter (oblast_from <> $oblast) "
        "from move where list_contains(okrugs, $kato) and level <> 'district'",
        {"kato": kato, "oblast": settings.oblast_kato},
    ).fetchall()
    if not inside:
        where = f"lay in another oblast than {settings.oblast_kato}" if outside else f"is not known in edition {source}"
        raise NotTellable(f"okrug {kato} {found[0][0]} of edition {target}: its ground {where}")
    # is_open: nothing is told of where a settlement of it was before, so rows without a trace may be of it
    con.execute(
        "create or replace temp table okrug as select o.kato, o.district_kato, exists (select 1 from target_place as t "
        "where t.okrug_kato = o.kato and t.level = 'settlement' "
        "and t.kato not in (select unnest(m.settlements) from move as m)) as is_open "
        "from target_place as o where o.kato = $kato",
        {"kato": kato},
    )
    was = None
    if former and former[0][1] != [kato]:
        was = {"name": former[0][0], "became": became}
    return {"name": found[0][0], "outside": outside, "code_was": was}


def _became(con: duckdb.DuckDBPyConnection, name: str, okrugs: list[str]) -> list[str]:
    rows = con.execute(
        f"select kato || ' ' || {name} from target_place where list_contains($okrugs, kato) order by kato",
        {"okrugs": okrugs},
    ).fetchall()
    return [row[0] for row in rows]


def _why_not(kato: str, source: str, target: str, found: list[Any], former: list[Any], became: list[str]) -> str:
    if found:
        return f"{kato} {found[0][0]} is no rural okrug in edition {target}"
    if not former:
        return f"neither edition {target} nor that of the period, {source}, has the code {kato}"
    known = f"it lies in {', '.join(became)}" if became else "what became of it is not told: auyl territory changes"
    return f"{kato} {former[0][0]} is not in edition {target}: {known}"


def _open_core(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    catalogue: Catalogue,
    inputs: Inputs,
    revision: int,
) -> None:
    """Create the core tables as views whose rows lie where the table `move` puts them, and `<table>_moved` of each."""
    text_of_rows = duck.sql(settings.include / "sql" / "territory" / "moved.sql")
    for table in catalogue.core:
        path = paths.core_file(inputs.period, inputs.digest, table)
        if not lake.exists(path):
            raise NotTellable(
                f"{inputs.period} revision {revision}: no core table {path} is left in the lake, so nothing can be "
                f"measured anew; auyl build --period {inputs.period} makes it from the current batches"
            )
        moved = duck.bind(text_of_rows, core=f"read_parquet({literal(lake.address(path))})")
        con.execute(f"create or replace temp view {table}_moved as {moved}")
        con.execute(
            f"create or replace temp view {table} as select * exclude (settlement_to, okrug_to, district_to, is_told, "
            "okrugs) replace (settlement_to as settlement_kato, okrug_to as okrug_kato, district_to as district_kato) "
            f"from {table}_moved"
        )


def _untold(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: Inputs) -> list[Untold]:
    found = []
    for table, (registry, *_) in catalogue.core.items():
        if registry in inputs.missing:
            continue
        ((rows, here),) = con.execute(
            "select count(*), count(*) filter (list_contains(m.okrugs, o.kato) or (len(m.okrugs) = 0 and o.is_open "
            f"and coalesce(m.district_to, o.district_kato) = o.district_kato)) from {table}_moved as m "
            "cross join okrug as o where m.okrug_kato is not null and not m.is_told"
        ).fetchall()
        if rows:
            found.append(Untold(table, registry, rows, here))
    return found


def _told(
    indicator: Indicator, value: dict[str, Any], inputs: Inputs, doubted: set[str], language: str
) -> dict[str, Any]:
    """One indicator as `show` tells it, flagged where a table that it rests on has rows that cannot be told."""
    came = not any(measure.registries[0] in inputs.missing for measure in indicator.measures)
    if came and doubted & {measure.table for measure in indicator.measures}:
        value = value | {"flag": "not_tellable" if value["value"] is None else "partly_told"}
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
