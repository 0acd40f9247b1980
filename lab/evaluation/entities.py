"""How well entities come out of dirty extracts: those of an invented oblast with all dirt on, beside those of the same
oblast without any, and beside what the truth says of its people.

What belongs here: the comparison of two installations that took the oblast in, clean and dirty, under one hash key.
What stays out: making the oblast and taking it in (`lab.evaluation.clean_and_dirty`).

The clean oblast is what the registries meant to say, so it is the measure for every kind. The truth of the people is
another measure: it is what the registries speak about, and intake never sees it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.errors import AuylError
from auyl.linkage.entities import survivorship
from auyl.linkage.entities.build import build, linked_batches, open_sources, open_throughs, versions_of
from auyl.linkage.entities.survivorship import EntityKind
from auyl.linkage.persons.link import link
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.territory.resolver import current_edition, open_territory
from lab.evaluation import SQL

if TYPE_CHECKING:
    import duckdb

# What names a row of stage: SQL that gives the id which the truth tells of it (see TOLD_IDS), or the keyed hash of it.
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
# Where the truth writes the id as the extract does, and stage does not: SQL over `id`.
TOLD_IDS = {
    "land": r"regexp_replace(regexp_replace(id, '[-:]', '', 'g'), '^(..)(...)(...)(.+)$', '\1-\2-\3-\4')",
}
# Attributes that say which other entity this one belongs to.
POINTERS = {
    "animal": ("owner_key",),
    "household": ("head_key", "family_account"),
    "parcel": ("holder_key",),
    "person": ("clinic_bin",),
}

# Limits, set before the oblast of the reported seed was looked at. Of a kind that one registry names, twice as many may
# be lost as rows that intake owes to quarantine; a kind that several name, or that has a dictionary, loses hardly any.
# A key that dirt has made up is worse than one that is lost; only households have keys that are pieced together.
LEAST_F1 = {
    "animal": 0.988, "facility": 0.99, "herd": 0.97, "household": 0.97, "organisation": 0.985, "parcel": 0.97,
    "person": 0.998, "place": 0.998,
}  # fmt: skip
LEAST_PRECISION = {
    "animal": 0.999, "facility": 0.995, "herd": 0.97, "household": 0.97, "organisation": 0.999, "parcel": 0.999,
    "person": 0.999, "place": 0.999,
}  # fmt: skip
# Two rows meet only where both came through.
LEAST_JOINED_F1 = 0.95
# One in ten addresses has no code, which is one attribute of seven; a value that is wrong is worse than none.
LEAST_RIGHT_PCT, MOST_WRONG_PCT = 95.0, 1.0
# A person with another clinic than that of the home is one too many there and one too few here.
MOST_APART_PCT = 5.0
# What intake corrects must leave no trace.
LEAST_MENDED_WHOLE_PCT = 99.5
# Of fewer nothing is said: chance would decide. A sum has many rows behind it.
LEAST_COUNTED, LEAST_SUMS = 300, 100


class NothingToCompare(AuylError):
    """There is no truth of the period, or nothing is current for it."""


@dataclass(frozen=True)
class Agreement:
    """Things of one sort: `true` in the clean oblast, `made` of the dirty one, `right` in both.

    `of` is empty for the entities of a kind, else what joins them: a registry whose rows belong to them, or an
    attribute that names another entity.
    """

    kind: str
    of: str
    true: int
    made: int
    right: int

    @property
    def precision(self) -> float:
        """Share of what was made that is right."""
        return self.right / self.made if self.made else 0.0

    @property
    def recall(self) -> float:
        """Share of what is true that was made."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (self.made + self.true) if self.made + self.true else 0.0


@dataclass(frozen=True)
class Values:
    """An attribute: `true` values of the clean oblast and what became of them.

    Where `attribute` is empty it is all of the kind but those that are a sum over rows (`is_sum`): with one row lost of
    a thousand such a value is another, and how far it is off tells more. `added` are values that the dirty oblast has
    alone. `apart_pct`, of numbers: the sum of differences over the sum of the clean values, where both have one.
    """

    kind: str
    attribute: str
    is_sum: bool
    true: int
    right: int
    wrong: int
    missing: int
    added: int
    apart_pct: float | None

    @property
    def right_pct(self) -> float:
        """Share of the clean values that stand."""
        return 100 * self.right / self.true if self.true else 0.0

    @property
    def wrong_pct(self) -> float:
        """Share of the clean values in whose place another stands."""
        return 100 * self.wrong / self.true if self.true else 0.0


@dataclass(frozen=True)
class Noise:
    """Entities with a row that bears a kind of dirt, and those that bear it `alone`; what follows speaks of these.

    `found`, and `whole`: with every attribute as it was. `outcome` is what intake owes to such a row.
    Sums over rows do not count as attributes here.
    """

    kind: str
    noise: str
    outcome: str
    entities: int
    alone: int
    found: int
    whole: int
    attributes: int
    right_attributes: int


@dataclass(frozen=True)
class Spoiled:
    """Spoiled and added rows of a registry, and those of them whose good row belongs to an entity."""

    registry: str
    rows: int
    placed: int


@dataclass(frozen=True)
class Told:
    """An attribute that the truth of the people tells: how many are right, and wrong, in each oblast."""

    kind: str
    attribute: str
    true: int
    clean_right: int
    clean_wrong: int
    dirty_right: int
    dirty_wrong: int


@dataclass(frozen=True)
class Evaluation:
    """All that was compared. `joins` leaves out rows that bear the entity's own key."""

    entities: tuple[Agreement, ...]
    joins: tuple[Agreement, ...]
    values: tuple[Values, ...]
    noises: tuple[Noise, ...]
    told: tuple[Told, ...]
    spoiled: tuple[Spoiled, ...] = ()

    @property
    def missed(self) -> list[str]:
        """The limits that are not kept, each in words."""
        found = []
        for one in self.entities:
            found += _below(one, "precision", one.precision, LEAST_PRECISION.get(one.kind), one.made)
            found += _below(one, "F1", one.f1, LEAST_F1.get(one.kind), one.true)
        for one in self.joins:
            found += _below(one, "F1", one.f1, LEAST_JOINED_F1, one.true)
        for values in self.values:
            at = f"{values.kind} {values.attribute}".strip()
            if values.true < (LEAST_SUMS if values.is_sum else LEAST_COUNTED):
                continue
            if not values.attribute and values.right_pct < LEAST_RIGHT_PCT:
                found.append(f"{at}: {values.right_pct:.2f} % of the values are right, below {LEAST_RIGHT_PCT:g}")
            if not values.attribute and values.wrong_pct > MOST_WRONG_PCT:
                found.append(f"{at}: {values.wrong_pct:.2f} % of the values are wrong, above {MOST_WRONG_PCT:g}")
            if values.is_sum and (values.apart_pct or 0) > MOST_APART_PCT:
                found.append(f"{at}: the sums are {values.apart_pct:.2f} % off, above {MOST_APART_PCT:g}")
        for outcome in ("corrected", "duplicate"):
            owed = [noise for noise in self.noises if noise.outcome == outcome]
            bearing, whole = sum(noise.alone for noise in owed), sum(noise.whole for noise in owed)
            if bearing and 100 * whole / bearing < LEAST_MENDED_WHOLE_PCT:
                share = f"{100 * whole / bearing:.2f} % of the entities with such a row are whole"
                found.append(f"dirt that is {outcome}: {share}, below {LEAST_MENDED_WHOLE_PCT:g}")
        for told in self.told:
            if told.clean_right < told.true:
                at = f"{told.kind} {told.attribute}"
                found.append(f"{at}: {told.true - told.clean_right} of {told.true} are not the truth without any dirt")
        return found

    def only(self, kind: str) -> Evaluation:
        """The same of one kind of entity."""
        return Evaluation(
            tuple(one for one in self.entities if one.kind == kind),
            tuple(one for one in self.joins if one.kind == kind),
            tuple(one for one in self.values if one.kind == kind),
            tuple(one for one in self.noises if one.kind == kind),
            tuple(one for one in self.told if one.kind == kind),
        )


def _below(one: Agreement, name: str, value: float, least: float | None, counted: int) -> list[str]:
    if least is None or counted < LEAST_COUNTED or value >= least:
        return []
    return [f"{one.kind} {one.of}".strip() + f": {name} is {value:.5f}, below {least}"]


def evaluate(clean: Settings, dirty: Settings, truth: Path, period: str) -> Evaluation:
    """Make the entities of `period` in both installations and compare them.

    `truth` is the folder of the dirty extracts' truth of the period. Raises NothingToCompare.
    """
    if not (truth / "persons.parquet").is_file():
        raise NothingToCompare(f"no truth of {period}: expected truth/{period}/persons.parquet")
    kinds = survivorship.load_all(clean.include)
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=clean.home) as passing, duck.connect(clean) as con:
        set_person_key(con, clean)
        for name, settings in (("clean", clean), ("dirty", dirty)):
            _attributes(con, name, settings, kinds, period)
            rows = Path(passing) / f"{name}.parquet"
            _write_rows(settings, kinds, period, rows)
            con.execute(f"create temp view {name}_row as select * from read_parquet({literal(str(rows))})")
        _prepare(con, clean, kinds, truth)
        told = _told(con, clean, truth)
        return Evaluation(_entities(con), _joins(con), _values(con), _noises(con, clean), told, _spoiled(con))


def _attributes(
    con: duckdb.DuckDBPyConnection, name: str, settings: Settings, kinds: list[EntityKind], period: str
) -> None:
    """Create `<name>_attribute` of the newest sets: kind, entity_key, attribute, value."""
    sets = [one.set for one in build(period, settings) if one.until is None]
    if absent := sorted({kind.id for kind in kinds} - {one.kind for one in sets}):
        raise NothingToCompare(f"nothing is current for {period} of which to make: {', '.join(absent)}")
    lake = Lake(settings.lake)
    parts = [
        f"select {literal(one.kind)} as kind, entity_key, attribute, value "
        f"from read_parquet({literal(lake.address(one.path))})"
        for one in sets
    ]
    con.execute(f"create temp table {name}_attribute as {' union all '.join(parts)}")


def _write_rows(settings: Settings, kinds: list[EntityKind], period: str, file: Path) -> None:
    """Write which rows of stage belong to which entity: kind, registry, entity_key, row_id, each once."""
    lake = Lake(settings.lake)
    with duck.connect(settings, lake) as con:
        con.execute("set enable_progress_bar = false")
        open_territory(con, settings, lake, current_edition(settings, lake))
        con.execute("create temp table joined (kind varchar, registry varchar, entity_key varchar, row_id varchar)")
        # Only the kinds that ask for links count the rows which quarantine keeps: the same as in their sets.
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


def _prepare(con: duckdb.DuckDBPyConnection, settings: Settings, kinds: list[EntityKind], truth: Path) -> None:
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
    files = [(r, truth / f"{r}.parquet") for r in sorted({r for kind in kinds for r in kind.registries})]
    faults = [
        f"select {literal(registry)} as registry, file, record, kind as noise, outcome, "
        f"{TOLD_IDS.get(registry, 'id')} as id from read_parquet({literal(str(file))})"
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
    """Rows joined to entities, by registry, and what attributes point at."""
    pointers = " or ".join(
        f"(kind = {literal(kind)} and attribute in ({', '.join(map(literal, names))}))"
        for kind, names in POINTERS.items()
    )
    # What names its entity in the clean oblast joins nothing, and in the dirty one only by a number mistyped.
    con.execute(
        "create temp table joining as select kind, registry from clean_row group by all "
        "having not bool_and(ends_with(entity_key, row_id))"
    )
    pairs = {
        name: f"select kind, registry as of, entity_key, row_id from {name}_row "
        "semi join joining using (kind, registry) where not ends_with(entity_key, row_id) "
        f"union all select kind, attribute, entity_key, value from {name}_attribute where {pointers}"
        for name in ("clean", "dirty")
    }
    rows = con.execute(
        f"select kind, of, count(*) filter (is_clean), count(*) filter (is_dirty), "
        f"count(*) filter (is_clean and is_dirty) from ("
        f"select kind, of, c.kind is not null as is_clean, d.kind is not null as is_dirty "
        f"from ({pairs['clean']}) as c full outer join ({pairs['dirty']}) as d using (kind, of, entity_key, row_id)) "
        "group by kind, of order by kind, of"
    ).fetchall()
    return tuple(Agreement(*row) for row in rows)


def _values(con: duckdb.DuckDBPyConnection) -> tuple[Values, ...]:
    counts = ", ".join(f"count(*) filter (outcome = '{o}')" for o in ("right", "wrong", "missing", "added"))
    said = f"count(*) filter (outcome <> 'added'), {counts}"
    apart = "100 * sum(apart) / nullif(sum(abs(was_number)) filter (apart is not null), 0)"
    rows = con.execute(
        f"select kind, '' as attribute, false, {said}, null from entity_value where not is_sum group by kind "
        f"union all select kind, attribute, is_sum, {said}, {apart} from entity_value group by kind, attribute, is_sum "
        "order by kind, attribute"
    ).fetchall()
    return tuple(Values(*row) for row in rows)


def _noises(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[Noise, ...]:
    return tuple(Noise(*row) for row in con.execute(_sql(settings, "entity_noise")).fetchall())


def _spoiled(con: duckdb.DuckDBPyConnection) -> tuple[Spoiled, ...]:
    rows = con.execute(
        "select registry, count(*), count(*) filter (is_placed) from (select f.registry, f.file, f.record, "
        "bool_or(c.row_id is not null) as is_placed from fault as f left join (select distinct registry, row_id "
        "from clean_row) as c using (registry, row_id) group by all) group by registry order by registry"
    ).fetchall()
    return tuple(Spoiled(*row) for row in rows)


def _told(con: duckdb.DuckDBPyConnection, settings: Settings, truth: Path) -> tuple[Told, ...]:
    file = literal(str(truth / "persons.parquet"))
    con.execute(f"create temp view truth_person as select * from read_parquet({file})")
    con.execute(f"create temp table truth_value as {_sql(settings, 'entity_population')}")
    counts = ", ".join(f"count(*) filter ({name}.value {sign} t.value)" for name in ("c", "d") for sign in ("=", "<>"))
    rows = con.execute(
        f"select t.kind, t.attribute, count(*), {counts} from truth_value as t "
        "left join clean_attribute as c using (kind, entity_key, attribute) "
        "left join dirty_attribute as d using (kind, entity_key, attribute) group by all order by all"
    ).fetchall()
    return tuple(Told(*row) for row in rows)


def _sql(settings: Settings, name: str) -> str:
    return duck.sql(SQL / f"{name}.sql")
