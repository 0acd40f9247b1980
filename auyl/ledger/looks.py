"""Looks: when a source was looked at, or files were brought by hand, and what was seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select

from auyl.ledger import tables
from auyl.ledger.queries import scalar
from auyl.settings import Settings
from auyl.store.postgres import transaction

Outcome = Literal["landed", "again", "unchanged", "not_ready", "unavailable", "refused"]
BY_HAND = "by hand"

_C = tables.look.c
_D = tables.delivery.c


@dataclass(frozen=True)
class Look:
    """A look; `seen` is where and what in words, `delivery_id` the delivery that holds what was seen.

    `is_whole`: it read the whole period of a registry that sends changes.
    """

    registry: str
    period: str
    outcome: Outcome
    seen: str
    delivery_id: int | None = None
    watermark: str | None = None
    is_whole: bool = False


def add_look(settings: Settings, look: Look) -> None:
    """Write down a look."""
    with transaction(settings) as con:
        insert_look(con, look)


def insert_look(con: Connection, look: Look) -> None:
    """The same, in the caller's transaction."""
    con.execute(insert(tables.look).values(asdict(look)))


def last_arrival(settings: Settings, registry: str, period: str) -> int | None:
    """The delivery whose bytes arrived last, by whatever way."""
    again = select(_C.delivery_id, _C.looked_at.label("arrived_at"))
    again = again.where(_C.registry == registry, _C.period == period, _C.outcome == "again")
    first = select(_D.delivery_id, _D.arrived_at).where(_D.registry == registry, _D.period == period)
    arrivals = first.union_all(again).subquery()
    newest = arrivals.c.arrived_at.desc(), arrivals.c.delivery_id.desc()
    return scalar(settings, select(arrivals.c.delivery_id).order_by(*newest).limit(1))


def last_pulled(settings: Settings, registry: str, period: str) -> int | None:
    """The delivery that the source gave last."""
    pulled = select(_C.delivery_id).where(
        _C.registry == registry, _C.period == period, _C.delivery_id.is_not(None), ~_C.seen.startswith(BY_HAND)
    )
    return scalar(settings, pulled.order_by(_C.look_id.desc()).limit(1))


def last_seen(settings: Settings, registry: str, period: str) -> str | None:
    """What the last look saw, if nothing was there to be taken."""
    newest = select(_C.outcome, _C.seen).where(_C.registry == registry, _C.period == period)
    look = newest.order_by(_C.look_id.desc()).limit(1).subquery()
    return scalar(settings, select(look.c.seen).where(look.c.outcome.in_(["not_ready", "unavailable"])))


def newest_outcome(settings: Settings, delivery_id: int) -> Outcome | None:
    """How the last look that gave the bytes of a delivery ended: landed, again or unchanged."""
    of_delivery = select(_C.outcome).where(_C.delivery_id == delivery_id).order_by(_C.look_id.desc()).limit(1)
    outcome: Outcome | None = scalar(settings, of_delivery)
    return outcome
