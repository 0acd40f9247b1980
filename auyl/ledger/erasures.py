"""Erasures: the bytes of a delivery are gone on purpose; its rows say when, why and by whom. Append-only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from auyl.errors import RowsErased
from auyl.ledger import tables
from auyl.ledger.batches import Batch
from auyl.ledger.deliveries import Delivery
from auyl.ledger.queries import dicts, execute, records, scalars, sql_file
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.audit import audit_decision
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Erasure:
    """A delivery whose bytes were erased. `ended_at` is null while files of it may be left."""

    delivery_id: int
    registry: str
    period: str
    digest: str
    landing_path: str
    erasure_id: int
    is_by_term: bool
    reason: str
    decided_by: str
    decided_at: datetime
    ended_at: datetime | None

    def __str__(self) -> str:
        when = f"{self.decided_at.astimezone(LOCAL):%Y-%m-%d}"
        return f"delivery {self.delivery_id} was erased on {when} by {self.decided_by}, because: {self.reason}"


_ERASED = (
    "select d.delivery_id, d.registry, d.period, d.digest, d.landing_path, e.erasure_id, e.is_by_term, e.reason, "
    "e.decided_by, e.decided_at, e.ended_at "
    "from ledger.erased_delivery as e inner join ledger.delivery as d on e.delivery_id = d.delivery_id"
)


def erasures(settings: Settings, deliveries: Collection[int] | None = None) -> list[Erasure]:
    """Erased deliveries, oldest first; of these where given."""
    wanted = text(f"{_ERASED} where cast(:ids as bigint[]) is null or d.delivery_id = any(:ids) order by 1")
    ids = None if deliveries is None else list(deliveries)
    return records(settings, wanted.bindparams(ids=ids), Erasure)


def erasure(settings: Settings, delivery_id: int) -> Erasure | None:
    """The erasure of a delivery; None while its bytes may be there."""
    return next(iter(erasures(settings, [delivery_id])), None)


def erased_bytes(settings: Settings, registry: str, sums: Collection[str]) -> Erasure | None:
    """The delivery of a registry that was erased by a decision and had a file of one of these sha256; None without."""
    wanted = text(
        f"{_ERASED} where d.registry = :registry and not e.is_by_term and exists (select from ledger.delivery_file "
        "as f where f.delivery_id = d.delivery_id and f.size_bytes > 0 and f.sha256 = any(:sums)) order by 1 limit 1"
    )
    return next(iter(records(settings, wanted.bindparams(registry=registry, sums=list(sums)), Erasure)), None)


def add_erasure(
    settings: Settings, delivery: Delivery, is_erased: bool, reason: str, decided_by: str, is_by_term: bool = False
) -> None:
    """Write a decision down, in the ledger and in the audit."""
    row = {
        "delivery_id": delivery.delivery_id, "is_erased": is_erased, "is_by_term": is_by_term, "reason": reason,
        "decided_by": decided_by,
    }  # fmt: skip
    action = "erase_delivery" if is_erased else "readmit_delivery"
    with transaction(settings) as con:
        con.execute(insert(tables.erasure).values(row))
        which = f"{delivery.registry} {delivery.period} delivery {delivery.delivery_id}"
        audit_decision(con, action, which, reason, decided_by)


def end_erasure(settings: Settings, erasure_id: int, files: int) -> None:
    """Write down that no file of it is left, and how many the last run removed."""
    row = {"id": erasure_id, "files": files}
    new = "insert into ledger.erasure_end (erasure_id, files) values (:id, :files) on conflict do nothing"
    execute(settings, text(new).bindparams(**row))


def refuse_erased(settings: Settings, batches: Collection[Batch], what: str) -> None:
    """Raise RowsErased where `what` rests on a batch whose bytes were erased."""
    for one in erasures(settings, [batch.delivery_id for batch in batches]):
        raise RowsErased(f"{what}: expected the rows that it rests on, found that {one.registry} {one.period}: {one}")


def resting_periods(settings: Settings, deliveries: Collection[int]) -> list[str]:
    """Periods whose current revision rests on a batch of these deliveries."""
    wanted = text(
        "select distinct s.period from ledger.revision_state as s "
        "inner join ledger.build_input as i on s.build_id = i.build_id "
        "inner join ledger.batch as b on i.batch_id = b.batch_id "
        "where s.is_current and b.delivery_id = any(:ids) order by 1"
    )
    return scalars(settings, wanted.bindparams(ids=list(deliveries)))


def corrections_of(settings: Settings, delivery_id: int) -> list[int]:
    """This delivery, and those that hold its rows because they correct some of them."""
    return scalars(settings, sql_file(settings, "corrections_of", delivery_id=delivery_id))


def past_term(settings: Settings, registry: str, before: datetime, is_delta: bool) -> list[int]:
    """Deliveries of a registry that arrived before a time, count no more, and no current revision rests on."""
    wanted = sql_file(settings, "past_term", registry=registry, before=before, is_delta=is_delta)
    return scalars(settings, wanted)


def past_counting_term(settings: Settings, registry: str, first: str, carried: str) -> list[int]:
    """Deliveries of a registry for periods before `carried` that nothing of `first` or later rests on."""
    wanted = sql_file(settings, "past_counting_term", registry=registry, first=first, carried=carried)
    return scalars(settings, wanted)


def closed_periods(settings: Settings, deltas: Collection[str]) -> list[str]:
    """Periods with an extract that counts and was erased, oldest first; `deltas` are registries that send changes."""
    return scalars(settings, sql_file(settings, "closed_periods", deltas=list(deltas)))


def contradiction_sets(settings: Settings, batches: Collection[int], period: str | None) -> list[dict[str, Any]]:
    """Period and lake_path of the contradictions that rest on one of these batches, and of those of a period."""
    wanted = text(
        "select s.period, s.lake_path from serving.contradiction_set as s where s.period = :period or exists ("
        "select from serving.contradiction_source as c where c.period = s.period and c.batch_id = any(:ids)) order by 1"
    )
    return dicts(settings, wanted.bindparams(ids=list(batches), period=period))


def made_of(settings: Settings, delivery_id: int, with_current: bool) -> tuple[list[int], list[str]]:
    """Batches of a delivery, and the folders of core tables and links that rest on it and are current no more; of the
    current ones too if wanted."""
    batches = scalars(
        settings,
        text("select batch_id from ledger.batch where delivery_id = :id order by 1").bindparams(id=delivery_id),
    )
    rows = dicts(settings, sql_file(settings, "made_of_delivery", delivery_id=delivery_id, with_current=with_current))
    return batches, [folder for row in rows for folder in _folders(row)]


def _folders(row: dict[str, Any]) -> list[str]:
    if row["path"] is None:
        return [paths.core_folder(row["period"], row["inputs_digest"])]
    return [paths.folder_of(row["path"]), paths.folder_of(paths.person_details_file(row["path"]))]
