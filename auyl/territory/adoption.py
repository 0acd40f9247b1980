"""Which edition of KATO is current: adopted by a person after a look at what moves, and retired in the same way.

Loading an edition changes nothing. Adopting one decides what later builds place rows by, and writes which okrugs and
districts go on as which (`serving.place_link`): by these, and by equal codes and names, grants hold in editions that
they were not given in. A period that is published stays in its edition until it is built again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from auyl import ledger
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.moves import make_moves
from auyl.territory.resolver import changes_path, current_edition, editions

if TYPE_CHECKING:
    import duckdb

PLACE_COLUMNS = (
    "kato", "edition", "level", "kind", "parent_kato", "okrug_kato", "district_kato", "oblast_kato", "name_ru",
    "name_kk", "is_rural_akimat", "is_main_settlement",
)  # fmt: skip
BEFORE = "current before the first decision"


@dataclass(frozen=True)
class PlaceMove:
    """An okrug or district of the former edition, and what it is in the new one; `kind` as in continuation.sql."""

    kato: str
    level: str
    name_ru: str
    kind: str
    today_kato: str | None
    places: tuple[str, ...]


@dataclass(frozen=True)
class GrantMove:
    """A grant that holds today, with its okrugs in the former edition and in the new one."""

    principal: str
    role: str
    territory_prefix: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def what(self) -> str:
        """ends, moves, or stays."""
        if not self.after:
            return "ends"
        return "stays" if self.after == self.before else "moves"


@dataclass(frozen=True)
class Adoption:
    """What the adoption of an edition changes, or has changed; `is_new` is false where it is current already."""

    edition: str
    former: str
    is_new: bool
    by_names_only: bool = False
    places: list[PlaceMove] = field(default_factory=list)
    new_okrugs: list[tuple[str, str]] = field(default_factory=list)
    grants: list[GrantMove] = field(default_factory=list)
    months: list[tuple[str, str]] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction of a plan without a commit."""


def adopt(settings: Settings, edition: str, reason: str, decided_by: str, dry_run: bool = False) -> Adoption:
    """Make a loaded edition the current one, or only say what that would move. Again it changes nothing.

    Raises AuylError where the edition is not loaded, lacks the oblast, or lacks the crosswalk or addresses that the
    current one has.
    """
    if not dry_run and not reason.strip():
        raise AuylError(f"edition {edition}: expected a reason, found none: the order or letter that it follows from")
    lake = lake_of(settings)
    former = current_edition(settings, lake)
    if settings.kato_edition:
        raise AuylError(
            f"edition {edition}: AUYL_KATO_EDITION names {settings.kato_edition} as the current edition, whatever is "
            "decided. Unset it first. Fix: a data engineer"
        )
    if edition == former:
        return Adoption(edition, former, is_new=False)
    if edition not in (known := editions(settings, lake)):
        raise AuylError(
            f"edition {edition}: expected one that is loaded, found {', '.join(known)}. auyl territory load"
        )
    with duck.connect(settings, lake) as con:
        _check(con, settings, lake, edition, former)
        places = _places(con, settings, lake, edition, former)
        new = con.execute(
            "select kato, name_ru from target_place where level = 'okrug' and oblast_kato = ? and kato not in "
            "(select unnest(places) from continuation) order by 1", [settings.oblast_kato],
        ).fetchall()  # fmt: skip
        grants: list[GrantMove] = []
        try:
            with transaction(settings) as database:
                database.execute(text("lock table ledger.edition_decision in exclusive mode"))
                _write_places(database, con, "source_place", former)
                _write_places(database, con, "target_place", edition)
                _write_links(database, places, edition, former)
                if not ledger.edition_decisions(settings):
                    ledger.add_edition_decision(database, former, True, None, BEFORE, decided_by)
                ledger.add_edition_decision(database, edition, True, former, reason or "dry run", decided_by)
                grants = _grants(database, edition, former)
                months = _months(database)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass
    by_names = changes_path(lake, edition) is None
    own = [place for place in places if place.kato[:2] == settings.oblast_kato[:2]]
    return Adoption(edition, former, True, by_names, own, new, grants, months)


def retire(settings: Settings, edition: str, reason: str, decided_by: str) -> tuple[str, bool]:
    """Take the adoption of an edition back; the edition that is current then, and whether this is new.

    Raises AuylError where it was never adopted or is the only one.
    """
    if not reason.strip():
        raise AuylError(f"edition {edition}: expected a reason, found none")
    lake = lake_of(settings)
    decisions = {row["edition"]: row for row in ledger.edition_decisions(settings)}
    if edition not in decisions:
        raise AuylError(f"edition {edition}: expected one that was adopted, found {', '.join(decisions) or 'none'}")
    if not decisions[edition]["is_adopted"]:
        return current_edition(settings, lake), False
    left = [name for name, row in decisions.items() if row["is_adopted"] and name != edition]
    if not left:
        raise AuylError(f"edition {edition} is the only one that is adopted: adopt another one first")
    with transaction(settings) as database:
        database.execute(text("delete from serving.place_link where :e in (edition_from, edition_to)"), {"e": edition})
        ledger.add_edition_decision(database, edition, False, decisions[edition]["follows"], reason, decided_by)
    return current_edition(settings, lake), True


def note_first(settings: Settings, loaded: str, former: str | None) -> None:
    """Before any decision, the edition that was there stays current when another one is loaded."""
    if settings.dsn_or_none and former not in (None, loaded) and not ledger.edition_decisions(settings):
        with transaction(settings) as database:
            if database.execute(text("select to_regclass('ledger.edition_decision')")).scalar() is not None:
                ledger.add_edition_decision(database, str(former), True, None, BEFORE, "auyl territory load")


def _check(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, edition: str, former: str) -> None:
    def rows(of: str, table: str, where: str = "true") -> int:
        path = literal(lake.address(paths.territory_file(of, table)))
        return int(con.execute(f"select count(*) from read_parquet({path}) where {where}").fetchall()[0][0])

    if not rows(edition, "kato", f"level = 'okrug' and oblast_kato = {literal(settings.oblast_kato)}"):
        raise AuylError(f"edition {edition}: expected okrugs of the oblast {settings.oblast_kato}, found none")
    for table, option in (("crosswalk", "--crosswalk"), ("address", "--addresses")):
        if rows(former, table) and not rows(edition, table):
            raise AuylError(
                f"edition {edition}: expected the table {table} as edition {former} has it, found none: rows could not "
                f"be placed. Load it again with {option}. Fix: a data engineer"
            )


def _places(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, edition: str, former: str
) -> list[PlaceMove]:
    make_moves(con, settings, lake, former, edition)
    rule = duck.sql(settings.include / "sql" / "territory" / "continuation.sql")
    bound = duck.bind(rule, source="source_place", target="target_place", move="move")
    con.execute(f"create or replace temp table continuation as {bound}")
    rows = con.execute(
        "select kato, level, name_ru, kind, today_kato, places from continuation order by kato"
    ).fetchall()
    return [
        PlaceMove(kato, level, name, kind, today, tuple(sorted(places or ())))
        for kato, level, name, kind, today, places in rows
    ]


def _write_places(database: Connection, con: duckdb.DuckDBPyConnection, view: str, edition: str) -> None:
    known = database.execute(text("select 1 from serving.territory where edition = :e limit 1"), {"e": edition})
    if known.first() is None:
        rows = con.execute(f"select {', '.join(PLACE_COLUMNS)} from {view}").fetchall()
        named = ", ".join(f":{name}" for name in PLACE_COLUMNS)
        database.execute(
            text(f"insert into serving.territory ({', '.join(PLACE_COLUMNS)}) values ({named})"),
            [dict(zip(PLACE_COLUMNS, row, strict=True)) for row in rows],
        )


def _write_links(database: Connection, places: list[PlaceMove], edition: str, former: str) -> None:
    """Write which places continue which, both ways, and those of earlier editions through the former one."""
    database.execute(text("delete from serving.place_link where :new in (edition_from, edition_to)"), {"new": edition})
    insert = text("insert into serving.place_link values (:a, :b, :x, :y) on conflict do nothing")
    links = [(place.kato, place.today_kato) for place in places if place.today_kato]
    database.execute(insert, [{"a": former, "b": edition, "x": x, "y": y} for x, y in links])
    through = database.execute(
        text(
            "select a.edition_from, a.kato_from, b.kato_to from serving.place_link as a inner join serving.place_link "
            "as b on b.edition_from = :former and b.edition_to = :new and a.kato_to = b.kato_from "
            "where a.edition_to = :former and a.edition_from <> :new"
        ),
        {"former": former, "new": edition},
    ).all()
    if through:
        database.execute(insert, [{"a": e, "b": edition, "x": x, "y": y} for e, x, y in through])
    database.execute(
        text(
            "insert into serving.place_link select edition_to, edition_from, kato_to, kato_from "
            "from serving.place_link where edition_to = :new on conflict do nothing"
        ),
        {"new": edition},
    )


def _grants(database: Connection, edition: str, former: str) -> list[GrantMove]:
    rows: Any = database.execute(
        text(
            "select principal, role, territory_prefix, "
            "coalesce(array_agg(kato order by kato) filter (where edition = :former), '{}'), "
            "coalesce(array_agg(kato order by kato) filter (where edition = :new), '{}') "
            "from access.scope_of_edition where edition in (:former, :new) "
            "group by grant_id, principal, role, territory_prefix order by grant_id"
        ),
        {"former": former, "new": edition},
    )
    return [GrantMove(who, role, prefix, tuple(before), tuple(after)) for who, role, prefix, before, after in rows]


def _months(database: Connection) -> list[tuple[str, str]]:
    rows = database.execute(text("select period, edition from serving.current_snapshot order by period"))
    return [(str(period), str(edition)) for period, edition in rows]
