"""Lineage: from a published number back to the files, lines and rules behind it.

The core tables of a revision stay in the lake with the file and record of every row, and a measure's filter is that
of the catalogue that it was published with, so the rows shown are those that were counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.errors import AuylError
from auyl.intake.locate import locate
from auyl.settings import Settings
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.indicator import Measure, described
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Row:
    """A row that was counted: file, record in it, and the line where it begins.

    `linked_by`: the method that linked its person, None where the row has the person's number.
    """

    file: str
    record: int
    line: int | None
    linked_by: str | None = None


@dataclass(frozen=True)
class Part:
    """A measure: how many rows of which files were counted, and the first of them.

    `linked` counts by method those without a valid number whose person was linked.
    """

    measure: str
    registry: str
    aggregate: str
    condition: str
    rows: int
    files: dict[str, int]
    sample: list[Row]
    linked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A batch behind a number: its delivery, its account and the rules that were broken in it.

    `erased` says when, by whom and why its bytes were erased; then there are no lines.
    """

    registry: str
    owner: str
    batch_id: int
    extracted_at: datetime
    files: list[tuple[str, str]]
    rows_in: int
    staged: int
    linkable: int
    quarantined: int
    duplicates: int
    rules: dict[str, tuple[str, int]]
    erased: str | None = None


@dataclass(frozen=True)
class Lineage:
    """The number and what is behind it."""

    kato: str
    indicator: str
    period: str
    revision: int
    value: Any
    numerator: Any
    denominator: Any
    flag: str
    coverage_pct: Any
    formula: str
    parts: list[Part] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


def lineage(settings: Settings, kato: str, indicator_id: str, period: str | None = None, sample: int = 5) -> Lineage:
    """What is behind the current value of an indicator in an okrug. Raises KeyError when there is none."""
    with transaction(settings) as con:
        row = con.execute(
            text(
                "select v.*, r.inputs_digest, c.content -> 'formula' -> v.indicator_id as formula "
                "from ledger.revision_state as r inner join serving.snapshot_value as v using (period, revision) "
                "left join ledger.catalogue as c on r.catalogue_sha256 = c.sha256 "
                "where v.kato = :kato and v.level = 'okrug' and v.indicator_id = :id and r.is_current "
                "and (r.period = :period or :period is null) order by r.period desc limit 1"
            ),
            {"kato": kato, "id": indicator_id, "period": period},
        ).one_or_none()
        if row is None:
            # An unknown name is named before a missing value.
            catalogues.load(settings.include).indicator(indicator_id)
            raise KeyError(f"no published value of {indicator_id} for {kato}" + (f" in {period}" if period else ""))
        # Of a revision that an older program has published, only today's catalogue is known.
        how = row.formula or described(catalogues.load(settings.include).indicator(indicator_id))
        sources = _sources(con, settings, row.period, row.revision, how["registries"])
    measures = [Measure(**measure | {"registries": tuple(measure["registries"])}) for measure in how["measures"]]
    parts = [
        _part(settings, paths.core_file(row.period, row.inputs_digest, measure.table), kato, measure, sources, sample)
        for measure in measures
    ]
    return Lineage(
        kato, indicator_id, row.period, row.revision, row.value, row.numerator, row.denominator, row.flag,
        row.coverage_pct, how["formula"], parts, sources,
    )  # fmt: skip


def _sources(con: Any, settings: Settings, period: str, revision: int, registries: list[str]) -> list[Source]:
    rows = con.execute(
        text(
            "select s.registry, b.batch_id, b.delivery_id, s.extracted_at, b.rows_in, b.staged, b.linkable, "
            "b.quarantined, b.duplicates from serving.snapshot_source as s "
            "inner join ledger.batch as b using (batch_id) "
            "where s.period = :p and s.revision = :r and s.registry = any(:names) order by s.registry, b.batch_id"
        ),
        {"p": period, "r": revision, "names": registries},
    ).all()
    sources = []
    erased = {one.delivery_id: one for one in ledger.erasures(settings, [row.delivery_id for row in rows])}
    for row in rows:
        files = con.execute(
            text("select name, sha256 from ledger.delivery_file where delivery_id = :id order by name"),
            {"id": row.delivery_id},
        ).all()
        rules = con.execute(
            text("select rule, severity, failed from ledger.rule_outcome where batch_id = :id order by failed desc"),
            {"id": row.batch_id},
        ).all()
        sources.append(
            Source(
                row.registry,
                contracts.load(row.registry, settings.include).owner,
                row.batch_id,
                row.extracted_at,
                [(f.name, f.sha256) for f in files],
                row.rows_in,
                row.staged,
                row.linkable,
                row.quarantined,
                row.duplicates,
                {r.rule: (r.severity, r.failed) for r in rules},
                str(erased[row.delivery_id]) if row.delivery_id in erased else None,
            )
        )
    return sources


def _part(settings: Settings, core: str, kato: str, measure: Measure, sources: list[Source], sample: int) -> Part:
    import duckdb

    lake = lake_of(settings)
    registry = measure.registries[0]
    if not lake.exists(core):
        erased = [source.erased for source in sources if source.erased]
        why = "; ".join(erased) or (
            "auyl check --lake names what else is lost; auyl build makes it again where the same extracts count, else "
            "restore it from a backup"
        )
        raise AuylError(f"the rows behind {measure.id}: expected {core} in the lake, found none: {why}")
    con = duck.connect(settings, lake)
    try:
        con.execute(
            "create or replace temp view counted as "
            f"select * from read_parquet({literal(lake.address(core))}) "
            f"where okrug_kato = {literal(kato)} and ({measure.condition})"
        )
        columns = {row[0] for row in con.execute("describe counted").fetchall()}
        how = "linked_by" if "linked_by" in columns else "null::varchar"
        files: dict[str, int] = dict(
            con.execute("select _file, count(*) from counted group by 1 order by 1").fetchall()
        )
        linked: dict[str, int] = dict(
            con.execute(f"select {how}, count(*) from counted where {how} is not null group by 1 order by 1").fetchall()
        )
        rows = con.execute(f"select _file, _record, {how} from counted order by 1, 2 limit {int(sample)}").fetchall()
    except duckdb.BinderException as error:
        raise AuylError(
            f"{measure.id}: its core table {core} lacks what the catalogue of this version measures; auyl build makes "
            "it from the current batches"
        ) from error
    finally:
        con.close()
    batches = [source.batch_id for source in sources if source.registry == registry]
    lines = locate(settings, registry, batches, [(name, record) for name, record, _ in rows])
    shown = [Row(name, record, lines.get((name, record)), by) for name, record, by in rows]
    return Part(measure.id, registry, measure.aggregate, measure.condition, sum(files.values()), files, shown, linked)
