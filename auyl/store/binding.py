"""Which lake belongs to which database: both hold the same id, and work on any other pair is refused.

The database writes a new id down first, then the lake gets it, then the database notes that it has. A process that is
killed between these steps leaves what the next one ends.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, text

from auyl.errors import AuylError, LakeRefused
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.audit import audit_decision
from auyl.store.lake import Lake
from auyl.store.locks import LAKE, lock_name
from auyl.store.postgres import engine

FIRST = "the first use"


@dataclass(frozen=True)
class AdoptedLake:
    """What `adopt` did: the id of the pair, and how many landings of the ledger the lake lacks."""

    lake_id: str
    is_new: bool
    lost: int


@dataclass(frozen=True)
class _Known:
    """What the database knows: the newest lake that got its id, and the id of one that may have got it."""

    settled: str | None = None
    since: str = ""
    begun_no: int | None = None
    begun: str | None = None


def lake_of(settings: Settings) -> Lake:
    """The lake of an installation. No other module of the library opens one.

    The first time in a process it asks whether lake and database belong together. A pair that is used for the first
    time is bound, if the lake has the landings that the ledger names. Raises LakeRefused, DatabaseUnusable.
    """
    lake = Lake(settings.lake)
    if settings.dsn_or_none:  # reference data alone are read without a database
        _check(settings.dsn, lake.root)
    return lake


def bind_existing(settings: Settings) -> None:
    """At a migration: bind a lake that is a folder of this machine with something in it. Raises LakeRefused.

    Whoever migrates need not reach the lake; then the first process that uses it binds it.
    """
    lake = Lake(settings.lake)
    if lake.is_local and lake.zones():
        lake_of(settings)


def adopt(
    settings: Settings, reason: str, decided_by: str, is_copy: bool = False, allow_lost: bool = False
) -> AdoptedLake:
    """Bind lake and database of these settings to each other, whatever each was bound to before.

    Bound to each other already they are left as they are, unless `is_copy`: then they get a new id, so that neither of
    them works with the originals. Raises LakeRefused where the lake lacks landings that the ledger names, unless
    `allow_lost`, and AuylError without a reason.
    """
    if not reason.strip():
        raise AuylError("the adoption of a lake: expected a reason, found none. Give --reason")
    lake = Lake(settings.lake)
    with engine(settings.dsn).connect() as con, _alone(con):
        known, marked, lost = _known(con), _id_in(lake), _lost(con, lake)
        if known.settled is not None and known.settled == marked and not is_copy:
            return AdoptedLake(marked, False, len(lost))
        if lost and not allow_lost:
            raise LakeRefused(
                f"the lake {_shown(lake.root)}: expected the landings that the ledger names, found {len(lost)} of them "
                f"missing, such as {lost[0]}. With --allow-lost it is adopted without them; the same bytes again put "
                "each back. Fix: a data engineer, AUYL_LAKE"
            )
        lake_no, lake_id = _begin(con, reason.strip(), decided_by)
        audit_decision(con, "adopt_lake", f"lake {lake_id}", reason.strip(), decided_by)
        _settle(con, lake, lake_no, lake_id)
    _check.cache_clear()
    return AdoptedLake(lake_id, True, len(lost))


@cache
def _check(dsn: str, root: str) -> None:
    """Ask once for a pair; a refusal is not remembered."""
    lake = Lake(root)
    with engine(dsn).connect() as con:
        known, marked = _known(con), _id_in(lake)
        if known.settled is not None and known.settled == marked:
            return
        with _alone(con):
            known, marked = _known(con), _id_in(lake)
            if known.settled is not None and known.settled == marked:
                return  # another process has bound them meanwhile
            if known.begun is not None and known.begun == marked:
                _settle(con, lake, known.begun_no, known.begun)  # its process was killed before it could say so
                return
            if known.settled is not None or marked is not None:
                raise _refusal(lake, known, marked)
            if lost := _lost(con, lake):
                raise LakeRefused(
                    f"the lake {_shown(root)}: expected the landings that the ledger names, since the two work "
                    f"together for the first time; found {len(lost)} of them missing, such as {lost[0]}. Correct "
                    "AUYL_LAKE or AUYL_DSN; if it is the right lake: auyl lake adopt --reason … --allow-lost. "
                    "Fix: a data engineer"
                )
            begun = (known.begun_no, known.begun) if known.begun else _begin(con, FIRST, None)
            _settle(con, lake, *begun)


@contextmanager
def _alone(con: Connection) -> Iterator[None]:
    """Bind in one process at a time. The server drops the lock of one that dies."""
    name = {"name": lock_name(LAKE)}
    con.execute(text("select pg_advisory_lock(hashtext(:name))"), name)
    con.commit()
    try:
        yield
    finally:
        con.rollback()
        con.execute(text("select pg_advisory_unlock(hashtext(:name))"), name)
        con.commit()


def _refusal(lake: Lake, known: _Known, marked: str | None) -> LakeRefused:
    expected = "one that no database has used yet"
    if known.settled is not None:
        expected = f"that of this database, {known.settled[:8]}, bound to it since {known.since}"
    found = "one of no database" if marked is None else f"that of another database, {marked[:8]}"
    return LakeRefused(
        f"the lake {_shown(lake.root)}: expected {expected}; found {found}. Nothing was read or written. Correct "
        "AUYL_LAKE or AUYL_DSN; for a lake that was moved or restored on purpose: auyl lake adopt --reason …. "
        "Fix: a data engineer"
    )


def _known(con: Connection) -> _Known:
    rows = con.execute(
        text(
            "select l.lake_no, l.lake_id, s.settled_at from ledger.lake as l "
            "left join ledger.lake_settled as s using (lake_no) order by l.lake_no desc"
        )
    ).all()
    con.rollback()
    settled = next((row for row in rows if row.settled_at is not None), None)
    begun = rows[0] if rows and rows[0].settled_at is None else None
    return _Known(
        settled.lake_id if settled else None,
        f"{settled.settled_at:%Y-%m-%d %H:%M}" if settled else "",
        begun.lake_no if begun else None,
        begun.lake_id if begun else None,
    )


def _begin(con: Connection, reason: str, decided_by: str | None) -> tuple[int, str]:
    """Write a new id down."""
    lake_no, lake_id = con.execute(
        text(
            "insert into ledger.lake (lake_no, lake_id, reason, decided_by) "
            "select coalesce(max(lake_no), 0) + 1, :id, :reason, coalesce(:who, current_user) "
            "from ledger.lake returning lake_no, lake_id"
        ),
        # Without hyphens: rotation of the hash key takes a uuid for one of its keys.
        {"id": uuid.uuid4().hex, "reason": reason, "who": decided_by},
    ).one()
    con.commit()
    return lake_no, lake_id


def _settle(con: Connection, lake: Lake, lake_no: int | None, lake_id: str | None) -> None:
    content = json.dumps({"lake": lake_id}).encode()
    if _id_in(lake) != lake_id:
        # Another process reads it whole or not at all.
        part = f"{paths.MARK}.{uuid.uuid4().hex}"
        lake.write(part, content)
        lake.replace(part, paths.MARK)
    con.execute(
        text("insert into ledger.lake_settled (lake_no) values (:n) on conflict (lake_no) do nothing"), {"n": lake_no}
    )
    con.commit()


def _id_in(lake: Lake) -> str | None:
    """The id that a lake holds. Raises LakeRefused for a file that holds none."""
    if not lake.exists(paths.MARK):
        return None
    try:
        return uuid.UUID(json.loads(lake.read(paths.MARK))["lake"]).hex
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LakeRefused(
            f"the lake {_shown(lake.root)}: expected its id in {paths.MARK}, found {type(error).__name__}. Restore "
            "that file, or remove it and run: auyl lake adopt --reason …. Fix: a data engineer"
        ) from error


def _lost(con: Connection, lake: Lake) -> list[str]:
    """Landings that the ledger names and the lake lacks, sorted."""
    query = "select landing_path from ledger.delivery where delivery_id not in (select delivery_id from {}) order by 1"
    named = con.execute(text(query.format("ledger.erased_delivery"))).scalars().all()
    con.rollback()
    there = {paths.folder_of(path) for path in lake.files(paths.LANDING.name)} if named else set()
    return [path for path in named if path not in there]


def _shown(root: str) -> str:
    """An address without what stands before an @, which may be a secret."""
    return re.sub(r"(?<=://)[^/@]*@", "", root)
