"""Sets of entities that were made, and of which batches."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.dialects import postgresql

from auyl.ledger import tables
from auyl.ledger.queries import columns_of, execute, records
from auyl.settings import Settings


@dataclass(frozen=True)
class EntitySet:
    """Attributes of one kind of entity, made of the batches of a period and stored in the lake at `path`."""

    kind: str
    period: str
    inputs_digest: str
    batches_digest: str
    path: str
    entities: int
    attributes: int
    disputed: int
    size_bytes: int


def add_entity_set(settings: Settings, entity_set: EntitySet) -> None:
    """Write a set down; one of the same inputs that is there already stays as it is."""
    new = postgresql.insert(tables.entity_set).values(asdict(entity_set))
    execute(settings, new.on_conflict_do_nothing(index_elements=["kind", "period", "inputs_digest"]))


def entity_sets(settings: Settings, kind: str | None = None, period: str | None = None) -> list[EntitySet]:
    """Sets of one kind or period or of all, in the order in which they were made."""
    c = tables.entity_set.c
    sets = columns_of(EntitySet, tables.entity_set).order_by(c.set_id)
    if kind is not None:
        sets = sets.where(c.kind == kind)
    if period is not None:
        sets = sets.where(c.period == period)
    return records(settings, sets, EntitySet)
