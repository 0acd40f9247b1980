"""Deliveries: the files of one registry and period as they arrived, and what pulls remember of their source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select
from sqlalchemy.dialects import postgresql

from auyl.ledger import tables
from auyl.ledger.explanations import explained
from auyl.ledger.looks import Look, insert_look
from auyl.ledger.queries import columns_of, dicts, execute, record, record_or_none, records, scalar, scalars, sql_file
from auyl.settings import Settings
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Delivery:
    """Files of one registry and period as they arrived."""

    delivery_id: int
    registry: str
    period: str
    digest: str
    extracted_at: datetime
    watermark: str | None
    landing_path: str
    source: str
    corrects_batch_id: int | None = None
    is_time_stated: bool = True
    is_whole: bool = False


_C = tables.delivery.c
_LOOK = tables.look.c
# The bytes of a delivery of changes may be read again as those of the whole period.
_READ_WHOLE = exists().where(_LOOK.delivery_id == _C.delivery_id, _LOOK.is_whole).correlate(tables.delivery)
_LANDED = columns_of(Delivery, tables.delivery).selected_columns
_DELIVERY = select(*((c | _READ_WHOLE).label("is_whole") if c.name == "is_whole" else c for c in _LANDED))


def find_delivery(settings: Settings, registry: str, period: str, digest: str) -> Delivery | None:
    """The delivery with these bytes, if they were landed before."""
    same = _DELIVERY.where(_C.registry == registry, _C.period == period, _C.digest == digest)
    return record_or_none(settings, same, Delivery)


def delivery(settings: Settings, delivery_id: int) -> Delivery:
    """The delivery with this number. Raises NoResultFound."""
    return record(settings, _DELIVERY.where(_C.delivery_id == delivery_id), Delivery)


def add_delivery(
    settings: Settings,
    registry: str,
    period: str,
    digest: str,
    files: list[tuple[str, str, int]],
    extracted_at: datetime,
    watermark: str | None,
    source: str,
    landing_path: str,
    corrects: int | None = None,
    is_time_stated: bool = True,
    is_whole: bool = False,
) -> Delivery:
    """Write a delivery, its files (name, sha256, bytes) and the look that found it.

    `is_time_stated`: `extracted_at` is what the extract says of itself, not the time stamp of a file. `is_whole`: of a
    registry that sends changes, a reading of the whole period. The same bytes, landed meanwhile, give the row there is.
    """
    new = postgresql.insert(tables.delivery).values(
        registry=registry,
        period=period,
        digest=digest,
        files=len(files),
        size_bytes=sum(size for _, _, size in files),
        extracted_at=extracted_at,
        watermark=watermark,
        source=source,
        landing_path=landing_path,
        corrects_batch_id=corrects,
        is_time_stated=is_time_stated,
        is_whole=is_whole,
    )
    new = new.on_conflict_do_nothing(index_elements=["registry", "period", "digest"])
    with transaction(settings) as con:
        row = con.execute(new.returning(*_LANDED)).mappings().one_or_none()
        if row is not None:
            con.execute(
                insert(tables.delivery_file),
                [{"delivery_id": row["delivery_id"], "name": n, "sha256": s, "size_bytes": b} for n, s, b in files],
            )
            insert_look(con, Look(registry, period, "landed", source, row["delivery_id"], watermark))
            return Delivery(**row)
    landed = find_delivery(settings, registry, period, digest)
    if landed is None:  # pragma: no cover - the conflict says that it is there
        raise LookupError(f"delivery {digest} of {registry} {period}")
    return landed


def files(settings: Settings, delivery_id: int) -> list[dict[str, Any]]:
    """Landed files of a delivery: name, sha256, size_bytes."""
    f = tables.delivery_file.c
    return dicts(settings, select(f.name, f.sha256, f.size_bytes).where(f.delivery_id == delivery_id).order_by(f.name))


def landed(settings: Settings, registries: list[str], period: str | None = None) -> list[Delivery]:
    """Deliveries of these registries, by period in the order of their landing; of one period where given."""
    wanted = _DELIVERY.where(_C.registry.in_(registries)).order_by(_C.period, _C.delivery_id)
    return records(settings, wanted if period is None else wanted.where(_C.period == period), Delivery)


def newest_landed(settings: Settings, registries: list[str]) -> str | None:
    """The newest period with a delivery of one of these registries that was neither withdrawn nor erased."""
    d = tables.decided_delivery.c
    is_out = exists().where(d.delivery_id == _C.delivery_id, d.is_withdrawn)
    is_erased = exists().where(tables.erased_delivery.c.delivery_id == _C.delivery_id)
    return scalar(settings, select(func.max(_C.period)).where(_C.registry.in_(registries), ~is_out, ~is_erased))


def arrived_at(settings: Settings, delivery_id: int) -> datetime:
    """When a delivery was landed."""
    return scalar(settings, select(_C.arrived_at).where(_C.delivery_id == delivery_id))


def correction_chain(settings: Settings, delivery_id: int) -> list[int]:
    """This delivery, and those that it corrects one after another down to the extract itself."""
    return scalars(settings, sql_file(settings, "correction_chain", delivery_id=delivery_id))


def previous_delivery(settings: Settings, registry: str, period: str, accepted: bool) -> Delivery | None:
    """The delivery that the source gave last, with the watermark that says how far that look has read.

    `accepted`: only one whose batch counts, so that refused and withdrawn changes are asked for again.
    """
    look = tables.look.c
    counts = exists().where(tables.batch_ranked.c.delivery_id == _C.delivery_id, ~tables.batch_ranked.c.is_withdrawn)
    others = [column for column in _DELIVERY.selected_columns if column.name != "watermark"]
    looked = (
        select(*others, look.watermark)
        .join_from(tables.look, tables.delivery, look.delivery_id == _C.delivery_id)
        .where(look.registry == registry, look.period == period, look.watermark.is_not(None))
        .order_by(look.look_id.desc())
    )
    # What an older program landed has no look.
    landed = _DELIVERY.where(_C.registry == registry, _C.period == period, _C.watermark.is_not(None))
    landed = landed.order_by(_C.delivery_id.desc())
    for found in (looked, landed):
        last = record_or_none(settings, (found.where(counts) if accepted else found).limit(1), Delivery)
        if last is not None:
            return last
    return None


def current_files(settings: Settings, registry: str, period: str) -> tuple[str, ...]:
    """Names of the files of the extract that counts for a period; of the extract itself, where rows were corrected."""
    b, f = tables.batch_ranked.c, tables.delivery_file.c
    accepted = exists().where(tables.batch.c.delivery_id == _C.delivery_id)
    # Nearly always the first extract of a period comes; see find_batch.
    if not scalar(settings, select(exists().where(_C.registry == registry, _C.period == period, accepted))):
        return ()
    root = select(b.root_id).where(b.registry == registry, b.period == period, b.current_rank == 1).scalar_subquery()
    return tuple(scalars(settings, select(f.name).where(f.delivery_id == root).order_by(f.name)))


def last_whole(settings: Settings, registry: str, period: str) -> datetime | None:
    """When the last whole reading of a registry that sends changes arrived, of those that were accepted."""
    counts = exists().where(tables.batch_ranked.c.delivery_id == _C.delivery_id, ~tables.batch_ranked.c.is_withdrawn)
    of_period = (_C.registry == registry, _C.period == period, counts)
    again = select(_LOOK.looked_at.label("at")).join_from(
        tables.delivery, tables.look, _LOOK.delivery_id == _C.delivery_id
    )
    arrivals = select(_C.arrived_at.label("at")).where(*of_period, _C.is_whole)
    read = arrivals.union_all(again.where(*of_period, _LOOK.is_whole)).subquery()
    return scalar(settings, select(func.max(read.c.at)))


def extracts(settings: Settings, deltas: list[str], registry: str | None = None) -> list[dict[str, Any]]:
    """All deliveries, newest first, each with its account or its last refusal. `deltas`: registries that send changes.

    `state` is landed (not judged yet), refused, withdrawn, current or superseded; `why` says so in words.
    """
    return explained(dicts(settings, sql_file(settings, "extracts", registry=registry, deltas=deltas)))


def page_extracts(settings: Settings, registry: str, period: str, is_delta: bool) -> list[dict[str, Any]]:
    """Deliveries of a registry and period, newest first, as an engineer's login reads them: delivery_id, arrived_at,
    files (count), state as of `extracts`, and the account of the batch.
    """
    wanted = {"registry": registry, "period": period, "is_delta": is_delta}
    return dicts(settings, sql_file(settings, "page_extracts", **wanted))


def pull_note(settings: Settings, registry: str, period: str) -> str | None:
    """What a pull that did not end left for the next one."""
    c = tables.pull_note.c
    newest = select(c.note).where(c.registry == registry, c.period == period).order_by(c.note_id.desc()).limit(1)
    return scalar(settings, newest)


def write_pull_note(settings: Settings, registry: str, period: str, note: str | None) -> None:
    """Leave a note for the next pull of this registry and period; None says that there is nothing to know."""
    execute(settings, insert(tables.pull_note).values(registry=registry, period=period, note=note))
