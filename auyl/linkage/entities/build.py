"""Entities: one value per attribute for every person, household, organisation, parcel, animal, facility and place.

The claims of a period's batches, the choice among them by the survivorship table, and the resulting set in the lake.
The table itself is in `survivorship`, history over the periods in `history`.

A set is a function of its batches, the table and the territory, so the order of arrival cannot matter:

    entity/<kind>/<period>/<inputs16>/attribute.parquet
        entity_key, attribute, value (text; dates ISO 8601), as_of, valid_from, registry, batch, extracted_at, file,
        record, rows (number of source rows), losing, is_disputed, others (claims not chosen)

`batch` names the stage that the claim was read from; file and record give the line (`auyl.intake.locate`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.errors import ContractInvalid
from auyl.ledger import Batch, EntitySet
from auyl.linkage.entities import survivorship
from auyl.linkage.entities.survivorship import PERIOD, PLACE_COLUMNS, AttributeSource, EntityAttribute, EntityKind
from auyl.linkage.entities.versions import Version, versions
from auyl.linkage.persons.link import LinkResult, link, linked
from auyl.periods import last_day, month_before
from auyl.settings import Settings, from_environment
from auyl.stage import scan as check
from auyl.stage.current import stage_view
from auyl.stage.inputs import Batches, open_periods, refuse_closed, territory_files
from auyl.stage.linkable import counted_rows
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import ENTITIES, lock
from auyl.territory.resolver import (
    CLAIM_ROLES,
    claim_key,
    current_edition,
    open_territory,
    resolve,
    resolver_rules,
)

if TYPE_CHECKING:
    import duckdb

# Change it when the layout changes: all sets are then built again.
LAYOUT = b"claims by rank"
# SQL that writes each type as text, so that equal values are equal texts.
_AS_TEXT = {
    "text": "nullif(trim(({0})::varchar), '')",
    "date": "({0})::date::varchar",
    "integer": "({0})::bigint::varchar",
    "number": "rtrim(rtrim(({0})::decimal(18, 5)::varchar, '0'), '.')",
    "boolean": "({0})::boolean::varchar",
}


@dataclass(frozen=True)
class BuiltSet:
    """A set, and whether this run wrote it. `until`: the set was current until a correction at that time."""

    set: EntitySet
    until: datetime | None
    is_new: bool


def build(period: str, settings: Settings | None = None, only: tuple[str, ...] = ()) -> list[BuiltSet]:
    """Build the sets of a period: from the current batches, and from the batches before each correction.

    Existing sets are left alone. `only` are kinds; all of them by default. A registry without batches makes no claim.
    Raises ContractInvalid if the table names columns that stage lacks, TerritoryMissing without KATO,
    RowsErased for a period that is not built any more.
    """
    settings = settings or from_environment()
    kinds = [survivorship.load(kind, settings.include) for kind in only or survivorship.kinds(settings.include)]
    refuse_closed(settings, period)
    lake = lake_of(settings)
    built: list[BuiltSet] = []
    with lock(settings, ENTITIES, period):
        edition = current_edition(settings, lake)
        rules = rules_digest(settings, lake)
        known = {(s.kind, s.inputs_digest): s for s in ledger.entity_sets(settings, period=period)}
        wanted: dict[tuple[datetime | None, str | None], list[tuple[EntityKind, Version, str]]] = {}
        for kind in kinds:
            for version in versions_of(settings, kind, period):
                links = link(settings, period, linked_batches(settings, kind, version)) if kind.links_rows else None
                inputs = inputs_digest(settings, kind, version, rules, links)
                if (existing := known.get((kind.id, inputs))) and lake.exists(existing.path):
                    built.append(BuiltSet(existing, version.until, False))
                else:
                    wanted.setdefault((version.until, links.path if links else None), []).append(
                        (kind, version, inputs)
                    )
        for (until, path), group in wanted.items():
            built += [BuiltSet(one, until, True) for one in _build_group(settings, lake, edition, period, group, path)]
    order = {kind.id: n for n, kind in enumerate(kinds)}
    return sorted(built, key=lambda one: (order[one.set.kind], one.until is None, one.until))


def outdated(settings: Settings) -> list[str]:
    """Periods that lack a set for their current batches, links, rules or territory, oldest first; makes none.

    Raises TerritoryMissing.
    """
    periods = open_periods(settings)
    if not periods:
        return []
    kinds = [survivorship.load(kind, settings.include) for kind in survivorship.kinds(settings.include)]
    rules = rules_digest(settings, lake_of(settings))

    def is_outdated(period: str) -> bool:
        known = {(s.kind, s.inputs_digest) for s in ledger.entity_sets(settings, period=period)}
        for kind in kinds:
            for version in versions_of(settings, kind, period):
                links = linked(settings, period, linked_batches(settings, kind, version)) if kind.links_rows else None
                is_unlinked = kind.links_rows and links is None
                if is_unlinked or (kind.id, inputs_digest(settings, kind, version, rules, links)) not in known:
                    return True
        return False

    return [period for period in periods if is_outdated(period)]


def versions_of(settings: Settings, kind: EntityKind, period: str) -> list[Version]:
    """The versions of a period, for the registries of a kind, oldest first."""
    carry = {r: contracts.load(r, settings.include).carry_forward_months for r in kind.registries}
    without = ledger.rolled_back_batches(settings, period)
    accepted = ledger.accepted(settings, month_before(period, max(carry.values())), period)
    batches = [batch for batch in accepted if batch.batch_id not in without]
    return versions(batches, carry, period)


def rules_digest(settings: Settings, lake: Lake) -> str:
    """sha256 over what all kinds depend on besides the batches: the choice, the resolver, the territory.

    Raises TerritoryMissing.
    """
    total = hashlib.sha256(settings.oblast_kato.encode() + LAYOUT)
    sql = settings.include / "sql"
    files = [sql / "linkage" / "surviving.sql", *resolver_rules(settings.include), *(sql / "macros").glob("*.sql")]
    for path in sorted(files):
        total.update(path.name.encode() + path.read_bytes())
    for name in territory_files(lake, current_edition(settings, lake)):
        total.update(name.encode() + hashlib.sha256(lake.read(name)).digest())
    return total.hexdigest()


def linked_batches(settings: Settings, kind: EntityKind, version: Version) -> Batches:
    """The batches of a version, as `link` expects them."""
    return {registry: [batch] for registry, batch in version.batches.items() if registry in kind.registries}


def inputs_digest(
    settings: Settings, kind: EntityKind, version: Version, rules: str, links: LinkResult | None = None
) -> str:
    """sha256 over everything that a set of a kind depends on.

    `rules` is from `rules_digest`, `links` the result of linking rows without a valid person number.
    """
    total = hashlib.sha256(f"{version.digest} {rules}".encode() + kind.path.read_bytes())
    for registry, content in sorted(links.contents.items() if links else ()):
        if registry in kind.registries:
            total.update(f"{registry} {content}".encode())
    for name in kind.throughs:
        total.update((settings.include / "sql" / "linkage" / f"{name}.sql").read_bytes())
    return total.hexdigest()


def _build_group(
    settings: Settings,
    lake: Lake,
    edition: str,
    period: str,
    group: list[tuple[EntityKind, Version, str]],
    links: str | None,
) -> list[EntitySet]:
    """Write the sets of kinds that are built from the same batches and links."""
    con = duck.connect(settings, lake)
    try:
        con.execute("set enable_progress_bar = false")  # it would write to the command's output
        open_territory(con, settings, lake, edition)
        batches = {r: b for _, version, _ in group for r, b in version.batches.items()}
        registries = sorted({r for kind, _, _ in group for r in kind.registries})
        open_sources(con, settings, lake, registries, batches, links)
        built = []
        for kind, version, inputs in group:
            open_throughs(con, settings, kind)
            bind(con, kind)
            built.append(_write(con, settings, lake, kind, period, version, inputs))
            ledger.add_entity_set(settings, built[-1])
        return built
    finally:
        con.close()


def open_sources(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    registries: list[str],
    batches: dict[str, Batch],
    links: str | None = None,
) -> None:
    """Create `source_<registry>` for each: the columns of stage, the place found by the resolver, and what a claim
    needs besides: _batch, _extracted_at, _period_end (last day of the extract's period). Empty without a batch.

    With `links`, the path of the links of these batches, linked rows are included, with their person.
    """
    set_person_key(con, settings)
    views = []
    for registry in registries:
        contract = contracts.load(registry, settings.include)
        batch = batches.get(registry)
        view = stage_view(con, settings, lake, contract, [batch] if batch else [])
        if batch is None:
            # An empty stage still has the columns that only the vault may see.
            allowed = ", ".join(map(identifier, check.stage_columns(con, contract, f"nothing_{registry}")))
            con.execute(f"create or replace temp view {view} as select {allowed} from nothing_{registry}")
        elif contract.names_person:
            view = counted_rows(con, lake, contract, [batch], view, links)
        views.append((contract, view))
    resolve(con, settings, views)
    for contract, view in views:
        batch = batches.get(contract.registry)
        columns = {row[0] for row in con.execute(f"describe {view}").fetchall()}
        has_place = bool(set(contract.place) & set(CLAIM_ROLES))
        place_columns = ", ".join(f"p.{name}" if has_place else f"null::varchar as {name}" for name in PLACE_COLUMNS)
        place = f"left join place as p on {claim_key(contract, 's.')} = p._key" if has_place else ""
        is_known = "s.is_iin_valid or s.linked_by is not null" if "linked_by" in columns else "s.is_iin_valid"
        is_person = {"person_key", "is_iin_valid"} <= columns
        person = f"case when {is_known} then s.person_key end" if is_person else "null::uuid"
        period_end = literal(last_day(batch.period).isoformat()) if batch else "null"
        at = literal(batch.extracted_at.isoformat()) if batch else "null"
        con.execute(
            f"create or replace temp table source_{contract.registry} as select s.*, {place_columns}, "
            f"{person} as known_person, {literal(batch.name) if batch else 'null'}::varchar as _batch, "
            f"{at}::timestamptz as _extracted_at, {period_end}::date as _period_end from {view} as s {place}"
        )


def open_throughs(con: duckdb.DuckDBPyConnection, settings: Settings, kind: EntityKind) -> None:
    """Create the relations of `include/sql/linkage` that add columns to the rows of a kind."""
    for name in kind.throughs:
        text = duck.sql(settings.include / "sql" / "linkage" / f"{name}.sql")
        con.execute(f"create or replace temp table {name} as {text}")


def bind(con: duckdb.DuckDBPyConnection, kind: EntityKind) -> None:
    """Check that stage has what the table names. Raises ContractInvalid naming file, attribute and registry."""
    for attribute in kind.attributes:
        for n, source in enumerate(attribute.sources, start=1):
            rows = source.rows
            at = f"{kind.path.name}: attribute {attribute.id}, source {n} ({source.registry})"
            expressions = [("key", rows.key)] + ([("where", rows.where)] if rows.where else []) + source.expressions
            for name, text in expressions:
                query = f"select ({text}) from {rows.relation}"
                if name == "prefer":
                    query = f"select 1 from {rows.relation} order by {text}"
                _describe(con, query, f"{at}, {name}", text)
            _describe(con, _claim(attribute, source, n, "0001-01"), at, source.value)


def _describe(con: duckdb.DuckDBPyConnection, query: str, at: str, text: str) -> None:
    import duckdb

    try:
        con.execute(f"describe {query}").fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise ContractInvalid(f"{at}: expected SQL over columns of stage; found «{text}»: {reason}") from error


def _claim(attribute: EntityAttribute, source: AttributeSource, rank: int, period: str) -> str:
    """SQL of the claims of one source."""
    rows = source.rows
    value = _AS_TEXT[attribute.type].format(source.value)
    stated_on = "_period_end" if source.as_of == PERIOD else f"({source.as_of})::date"
    as_of = f"least(coalesce({stated_on}, _period_end), _period_end)"
    conditions = [f"({rows.key}) is not null", *(f"({c})" for c in (rows.where, source.where) if c)]
    where = " and ".join(conditions)
    oldest = literal(month_before(period, source.freshness_months) + "-01")
    if source.grouped:
        columns = (
            f"{value} as value, max({as_of}) as as_of, null::date as valid_from, min(_batch) as batch, "
            "min(_extracted_at) as extracted_at, min({'file': _file, 'record': _record}) as first_row, "
            f"count(*) as rows, 0 as turn from {rows.relation} where {where} group by 1"
        )
    else:
        since = f"({source.valid_from})::date" if source.valid_from else "null::date"
        turn = f"row_number() over (order by {source.prefer}, _file, _record)" if source.prefer else "0"
        columns = (
            f"{value} as value, {as_of} as as_of, {since} as valid_from, _batch as batch, "
            "_extracted_at as extracted_at, {'file': _file, 'record': _record} as first_row, "
            f"1 as rows, {turn} as turn from {rows.relation} where {where}"
        )
    return (
        f"select entity_key, {rank} as rank, value, as_of, valid_from, {literal(source.registry)} as registry, batch, "
        f"extracted_at, first_row.file as file, first_row.record as record, rows, turn, "
        f"as_of < date {oldest} as is_stale from (select ({rows.key})::varchar as entity_key, {columns}) "
        f"where value is not null"
    )


def _write(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    kind: EntityKind,
    period: str,
    version: Version,
    inputs: str,
) -> EntitySet:
    surviving = duck.sql(settings.include / "sql" / "linkage" / "surviving.sql")
    con.execute("drop table if exists attribute")
    for attribute in kind.attributes:
        claims = [_claim(attribute, source, n, period) for n, source in enumerate(attribute.sources, start=1)]
        con.execute(f"create or replace temp table claim as {' union all '.join(claims)}")
        con.execute(f"set variable tolerance = {attribute.tolerance if attribute.is_number else 'null::double'}")
        chosen = f"select {literal(attribute.id)} as attribute, * from ({surviving})"
        exists = con.execute("select 1 from duckdb_tables() where table_name = 'attribute'").fetchall()
        con.execute(f"insert into attribute {chosen}" if exists else f"create temp table attribute as {chosen}")
    file = paths.entity_file(kind.id, period, inputs)
    lake.prepare(paths.folder_of(file))
    # Sorted by entity, so that its key compresses to one value and one entity is found quickly.
    ordered = "select entity_key, * exclude (entity_key) from attribute order by entity_key, attribute"
    duck.write_parquet(con, ordered, lake.address(file), f"{duck.COMPACT}, row_group_size 61440")
    ((entities, attributes, disputed),) = con.execute(
        "select count(distinct entity_key), count(*), count(*) filter (is_disputed) from attribute"
    ).fetchall()
    size = int(lake.filesystem.size(lake.address(file)))
    return EntitySet(kind.id, period, inputs, version.digest, file, entities, attributes, disputed, size)
