"""How well entities come out of dirty extracts: a synthetic oblast with all dirt, compared with the same oblast without
any dirt and with the ground truth about its people.

`lab.evaluation.clean_and_dirty` makes both oblasts and takes them in, under one hash key. The clean oblast is what the
registries meant to say, so it is the measure for every kind of entity. The ground truth about people is a second
measure, which intake never sees.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.linkage.entities import survivorship
from auyl.linkage.entities.build import build, linked_batches, open_sources, open_throughs, versions_of
from auyl.linkage.entities.survivorship import EntityKind
from auyl.linkage.persons.link import link
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.territory.resolver import current_edition, open_territory
from lab.evaluation import SQL
from lab.evaluation.entity_scores import (
    Agreement,
    AttributeValues,
    EntityEvaluation,
    GroundTruthMatch,
    NoiseOutcome,
    NothingToCompare,
    SpoiledRows,
)

if TYPE_CHECKING:
    import duckdb

# What identifies a row of stage: SQL of the id in the ground truth (see GROUND_TRUTH_IDS), or of its keyed hash.
ROW_IDS = {
    "business_register": "coalesce(bin, organisation_key::varchar)",
    "civil_acts": "act_number",
    "civil_service": "post_number",
    "clinic_attachment": "person_key",
    "disability": "person_key",
    "education": "school_bin",
    "employment": "jobseeker_id",
    "family_card": "family_account",
    "household_book": "household_account",
    "housing": "kato",
    "internet": "kato",
    "land": "cadastral_number",
    "livestock": "animal_number",
    "population": "person_key",
    "social_assistance": "person_key",
    "taxes": "coalesce(payer_bin, payer_key::varchar)",
    "veterinary_events": "event_number",
    "waste_sites": "site_id",
}
# Registries whose ground truth has the id as the extract writes it, unlike stage: SQL over `id`.
GROUND_TRUTH_IDS = {
    "land": r"regexp_replace(regexp_replace(id, '[-:]', '', 'g'), '^(..)(...)(...)(.+)$', '\1-\2-\3-\4')",
}
# Attributes that say which other entity this one belongs to.
POINTERS = {
    "animal": ("owner_key",),
    "household": ("head_key", "family_account"),
    "parcel": ("holder_key",),
    "person": ("clinic_bin",),
}


def evaluate(clean: Settings, dirty: Settings, ground_truth: Path, period: str) -> EntityEvaluation:
    """Build the entities of `period` in both installations and compare them.

    `ground_truth` is the folder of the period's ground truth of the dirty extracts. Raises NothingToCompare.
    """
    if not (ground_truth / "persons.parquet").is_file():
        raise NothingToCompare(f"no ground truth of {period}: expected truth/{period}/persons.parquet")
    kinds = survivorship.load_all(clean.include)
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=clean.home) as passing, duck.connect(clean) as con:
        set_person_key(con, clean)
        for name, settings in (("clean", clean), ("dirty", dirty)):
            _attributes(con, name, settings, kinds, period)
            rows = Path(passing) / f"{name}.parquet"
            _write_rows(settings, kinds, period, rows)
            con.execute(f"create temp view {name}_row as select * from read_parquet({literal(str(rows))})")
        _prepare(con, clean, kinds, ground_truth)
        ground_truth_matches = _match_ground_truth(con, clean, ground_truth)
        return EntityEvaluation(
            _entities(con), _joins(con), _values(con), _noises(con, clean), ground_truth_matches, _spoiled(con)
        )


def _attributes(
    con: duckdb.DuckDBPyConnection, name: str, settings: Settings, kinds: list[EntityKind], period: str
) -> None:
    """Create `<name>_attribute` of the newest sets: kind, entity_key, attribute, value."""
    sets = [one.set for one in build(period, settings) if one.until is None]
    if absent := sorted({kind.id for kind in kinds} - {one.kind for one in sets}):
        raise NothingToCompare(f"no current batches for {period} to build: {', '.join(absent)}")
    lake = lake_of(settings)
    parts = [
        f"select {literal(one.kind)} as kind, entity_key, attribute, value "
        f"from read_parquet({literal(lake.address(one.path))})"
        for one in sets
    ]
    con.execute(f"create temp table {name}_attribute as {' union all '.join(parts)}")


def _write_rows(settings: Settings, kinds: list[EntityKind], period: str, file: Path) -> None:
    """Write which rows of stage belong to which entity: kind, registry, entity_key, row_id; no repetitions."""
    lake = lake_of(settings)
    with duck.connect(settings, lake) as con:
        con.execute("set enable_progress_bar = false")
        open_territory(con, settings, lake, current_edition(settings, lake))
        con.execute("create temp table joined (kind varchar, registry varchar, entity_key varchar, row_id varchar)")
        # Only kinds that use links count linkable rows, as in their sets.
        for group in ([k for k in kinds if k.links_rows], [k for k in kinds if not k.links_rows]):
            newest = {kind.id: versions_of(settings, kind, period)[-1] for kind in group}
            links = {
                link(settings, period, linked_batches(settings, k, newest[k.id])).path for k in group if k.links_rows
            }
            batches = {r: b for version in newest.values() for r, b in version.batches.items()}
            registries = sorted({r for kind in group for r in kind.registries})
            open_sources(con, settings, lake, registries, batches, links.pop() if links else None)
            for kind in group:
                open_throughs(con, settings, kind)
                for rows in {s.rows.registry: s.rows for a in kind.attributes for s in a.sources}.values():
                    con.execute(
                        f"insert into joined select distinct {literal(kind.id)}, {literal(rows.registry)}, "
                        f"({rows.key})::varchar, ({ROW_IDS[rows.registry]})::varchar from {rows.relation} "
                        f"where ({rows.key}) is not null and ({rows.where or 'true'})"
                    )
        con.execute(f"copy joined to {literal(str(file))} (format parquet)")


def _prepare(con: duckdb.DuckDBPyConnection, settings: Settings, kinds: list[EntityKind], ground_truth: Path) -> None:
    """Create entity, entity_value and bearing."""
    con.execute("create temp table rule (kind varchar, attribute varchar, tolerance double, is_sum boolean)")
    con.executemany(
        "insert into rule values (?, ?, ?, ?)",
        [
            (k.id, a.id, a.tolerance if a.is_number else None, all(source.grouped for source in a.sources))
            for k in kinds
            for a in k.attributes
        ],
    )
    con.execute(
        "create temp table entity as select kind, entity_key, bool_or(is_clean) as is_clean, "
        "bool_or(not is_clean) as is_dirty from (select kind, entity_key, true as is_clean from clean_attribute "
        "union all select kind, entity_key, false from dirty_attribute) group by kind, entity_key"
    )
    con.execute(f"create temp table entity_value as {_sql(settings, 'entity_value')}")
    files = [(r, ground_truth / f"{r}.parquet") for r in sorted({r for kind in kinds for r in kind.registries})]
    faults = [
        f"select {literal(registry)} as registry, file, record, kind as noise, outcome, "
        f"{GROUND_TRUTH_IDS.get(registry, 'id')} as id from read_parquet({literal(str(file))})"
        for registry, file in files
        if file.is_file()
    ]
    con.execute(
        "create temp table fault as select registry, file, record, noise, outcome, "
        f"unnest([id, person_key(id)::varchar]) as row_id from ({' union all '.join(faults)})"
    )
    con.execute(
        "create temp table bearing as select distinct kind, entity_key, noise, outcome from clean_row "
        "inner join fault using (registry, row_id)"
    )


def _entities(con: duckdb.DuckDBPyConnection) -> tuple[Agreement, ...]:
    rows = con.execute(
        "select kind, '', count(*) filter (is_clean), count(*) filter (is_dirty), "
        "count(*) filter (is_clean and is_dirty) from entity group by kind order by kind"
    ).fetchall()
    return tuple(Agreement(*row) for row in rows)


def _joins(con: duckdb.DuckDBPyConnection) -> tuple[Agreement, ...]:
    """Rows joined to entities, by registry, and the entities that attributes point at."""
    pointers = " or ".join(
        f"(kind = {literal(kind)} and attribute in ({', '.join(map(literal, names))}))"
        for kind, names in POINTERS.items()
    )
    # A registry whose rows contain the entity's key joins nothing; in the dirty oblast, only typing errors.
    con.execute(
        "create temp table joining as select kind, registry from clean_row group by all "
        "having not bool_and(ends_with(entity_key, row_id))"
    )
    pairs = {
        name: f"select kind, registry as joined_by, entity_key, row_id from {name}_row "
        "semi join joining using (kind, registry) where not ends_with(entity_key, row_id) "
        f"union all select kind, attribute, entity_key, value from {name}_attribute where {pointers}"
        for name in ("clean", "dirty")
    }
    rows = con.execute(
        f"select kind, joined_by, count(*) filter (is_clean), count(*) filter (is_dirty), "
        f"count(*) filter (is_clean and is_dirty) from ("
        f"select kind, joined_by, c.kind is not null as is_clean, d.kind is not null as is_dirty "
        f"from ({pairs['clean']}) as c full outer join ({pairs['dirty']}) as d "
        "using (kind, joined_by, entity_key, row_id)) "
        "group by kind, joined_by order by kind, joined_by"
    ).fetchall()
    return tuple(Agreement(*row) for row in rows)


def _values(con: duckdb.DuckDBPyConnection) -> tuple[AttributeValues, ...]:
    counts = ", ".join(f"count(*) filter (outcome = '{o}')" for o in ("right", "wrong", "missing", "added"))
    columns = f"count(*) filter (outcome <> 'added'), {counts}"
    difference = "100 * sum(difference) / nullif(sum(abs(clean_number)) filter (difference is not null), 0)"
    rows = con.execute(
        f"select kind, '' as attribute, false, {columns}, null from entity_value where not is_sum group by kind "
        f"union all select kind, attribute, is_sum, {columns}, {difference} from entity_value "
        "group by kind, attribute, is_sum order by kind, attribute"
    ).fetchall()
    return tuple(AttributeValues(*row) for row in rows)


def _noises(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[NoiseOutcome, ...]:
    return tuple(NoiseOutcome(*row) for row in con.execute(_sql(settings, "entity_noise")).fetchall())


def _spoiled(con: duckdb.DuckDBPyConnection) -> tuple[SpoiledRows, ...]:
    rows = con.execute(
        "select registry, count(*), count(*) filter (is_placed) from (select f.registry, f.file, f.record, "
        "bool_or(c.row_id is not null) as is_placed from fault as f left join (select distinct registry, row_id "
        "from clean_row) as c using (registry, row_id) group by all) group by registry order by registry"
    ).fetchall()
    return tuple(SpoiledRows(*row) for row in rows)


def _match_ground_truth(
    con: duckdb.DuckDBPyConnection, settings: Settings, ground_truth: Path
) -> tuple[GroundTruthMatch, ...]:
    file = literal(str(ground_truth / "persons.parquet"))
    con.execute(f"create temp view ground_truth_person as select * from read_parquet({file})")
    con.execute(f"create temp table ground_truth_value as {_sql(settings, 'entity_population')}")
    counts = ", ".join(f"count(*) filter ({name}.value {sign} t.value)" for name in ("c", "d") for sign in ("=", "<>"))
    rows = con.execute(
        f"select t.kind, t.attribute, count(*), {counts} from ground_truth_value as t "
        "left join clean_attribute as c using (kind, entity_key, attribute) "
        "left join dirty_attribute as d using (kind, entity_key, attribute) group by all order by all"
    ).fetchall()
    return tuple(GroundTruthMatch(*row) for row in rows)


def _sql(settings: Settings, name: str) -> str:
    return duck.sql(SQL / f"{name}.sql")
