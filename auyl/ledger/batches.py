"""Batches: accepted deliveries with their accounts, and which of them count."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, case, cast, exists, func, insert, select

from auyl.ledger import tables
from auyl.ledger.queries import columns_of, dicts, record, record_or_none, records, scalar, scalars, sql_file
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.audit import audit_decision
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Decision:
    """Why a person decided something, and who."""

    reason: str
    decided_by: str


@dataclass(frozen=True)
class Batch:
    """An accepted delivery with its account."""

    batch_id: int
    delivery_id: int
    registry: str
    period: str
    digest: str
    rules_digest: str
    extracted_at: datetime
    raw_path: str
    stage_path: str
    quarantine_path: str
    linkable_path: str | None
    rows_in: int
    staged: int
    linkable: int
    quarantined: int
    duplicates: int
    warned: int
    notes: dict[str, Any]

    @property
    def rejected(self) -> int:
        """Rows that the owner gets back to correct."""
        return self.linkable + self.quarantined

    @property
    def name(self) -> str:
        """What its files in the lake have in common."""
        return paths.batch_of(self.stage_path)


# The drift of a batch with keys that another period, its name, has too.
ROWS_MOVED = "rows_moved"
_BATCH = columns_of(Batch, tables.batch_ranked)
_C = tables.batch_ranked.c


def find_batch(settings: Settings, delivery_id: int, rules_digest: str | None = None) -> Batch | None:
    """The accepted batch of a delivery under these rules; without them the one that counts for it."""
    b = tables.batch.c
    under = () if rules_digest is None else (b.rules_digest == rules_digest,)
    # Most deliveries have none. To plan a query of the view takes longer than all else that the ledger is asked.
    if scalar(settings, select(b.batch_id).where(b.delivery_id == delivery_id, *under).limit(1)) is None:
        return None
    of_delivery = _BATCH.where(_C.delivery_id == delivery_id)
    wanted = _C.rank_in_delivery == 1 if rules_digest is None else _C.rules_digest == rules_digest
    return record_or_none(settings, of_delivery.where(wanted), Batch)


def batch(settings: Settings, batch_id: int) -> Batch:
    """The batch with this number. Raises NoResultFound."""
    return record(settings, _BATCH.where(_C.batch_id == batch_id), Batch)


def add_batch(
    settings: Settings,
    account: dict[str, Any],
    outcomes: list[tuple[str, str, int]],
    columns: list[dict[str, Any]],
    drifts: list[dict[str, Any]],
    why: Decision | None = None,
) -> int:
    """Accept a batch in one transaction: its account, the rules that were broken (rule, severity, rows), its profile by
    column (rows of ledger.batch_column) and what drifted (rows of ledger.drift). Of its delivery it counts from now on.
    Returns its number.
    """
    broken = [{"rule": rule, "severity": severity, "failed": failed} for rule, severity, failed in outcomes]
    with transaction(settings) as con:
        new = insert(tables.batch).values(account).returning(tables.batch.c.batch_id)
        batch_id: int = con.execute(new).scalar_one()
        for table, rows in ((tables.rule_outcome, broken), (tables.batch_column, columns), (tables.drift, drifts)):
            if rows:
                con.execute(insert(table), [{"batch_id": batch_id, **row} for row in rows])
        _judge(con, batch_id, why)
    return batch_id


def add_judgement(settings: Settings, batch_id: int, why: Decision | None = None) -> None:
    """Let an earlier batch of a delivery count again: the rules under which it was made are those of today again."""
    with transaction(settings) as con:
        _judge(con, batch_id, why)


def _judge(con: Connection, batch_id: int, why: Decision | None) -> None:
    decided = {"reason": why.reason, "decided_by": why.decided_by} if why else {}
    con.execute(insert(tables.judgement).values(batch_id=batch_id, **decided))
    if why:
        of = select(_C.registry + " " + _C.period + " batch " + cast(_C.batch_id, Text)).where(_C.batch_id == batch_id)
        which = con.execute(of).scalar_one()
        audit_decision(con, "reload_batch", which, why.reason, why.decided_by)


def add_drifts(settings: Settings, batch_id: int, drifts: list[dict[str, Any]]) -> None:
    """Add what drifted (rows of ledger.drift) to a batch, except what is known of it already."""
    d = tables.drift.c
    with transaction(settings) as con:
        known = {tuple(row) for row in con.execute(select(d.kind, d.name).where(d.batch_id == batch_id))}
        new = [{"batch_id": batch_id, **row} for row in drifts if (row["kind"], row["name"]) not in known]
        if new:
            con.execute(insert(tables.drift), new)


def periods(settings: Settings, registry: str | None = None) -> list[str]:
    """Periods with an accepted batch, oldest first; of one registry where given."""
    of = select(_C.period).distinct().order_by(_C.period)
    return scalars(settings, of if registry is None else of.where(_C.registry == registry))


def newest_period(settings: Settings) -> str | None:
    """The newest period with an accepted batch that nobody has withdrawn."""
    return scalar(settings, select(func.max(_C.period)).where(_C.is_withdrawn.is_(False)))


def same_bytes(settings: Settings, registry: str, period: str, digest: str) -> str | None:
    """The nearest other period whose accepted extract had exactly the same bytes; an earlier one before a later one."""
    d = tables.delivery.c
    is_accepted = exists().where(tables.batch.c.delivery_id == d.delivery_id)
    same = select(d.period).where(d.registry == registry, d.period != period, d.digest == digest, is_accepted)
    nearest = case((d.period < period, d.period)).desc().nulls_last()
    return scalar(settings, same.order_by(nearest, d.period).limit(1))


def same_files(settings: Settings, delivery_id: int) -> list[dict[str, Any]]:
    """Files of a delivery whose bytes an accepted extract of another period had: name, period (the newest one)."""
    d, o = tables.delivery.c, tables.delivery.alias("other").c
    f, g = tables.delivery_file.c, tables.delivery_file.alias("same").c
    same = (
        select(f.name, func.max(o.period).label("period"))
        .where(
            d.delivery_id == delivery_id,
            f.delivery_id == d.delivery_id,
            g.sha256 == f.sha256,
            o.delivery_id == g.delivery_id,
            o.registry == d.registry,
            o.period != d.period,
            exists().where(tables.batch.c.delivery_id == o.delivery_id),
        )
        .group_by(f.name)
        .order_by(f.name)
    )
    return dicts(settings, same)


def same_bytes_since(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Batches that count, were accepted after `since` and hold bytes of another period: registry, period, name (of a
    file, or null for the whole extract), found (in words).
    """
    d = tables.drift.c
    same = select(_C.registry, _C.period, d.name, d.expected).join_from(
        tables.drift, tables.batch_ranked, d.batch_id == _C.batch_id
    )
    same = same.where(d.kind == "same_bytes", _C.rank_in_delivery == 1, ~_C.is_withdrawn)
    if since is not None:
        same = same.where(_C.accepted_at > since)
    return dicts(settings, same.order_by(_C.registry, _C.period, d.drift_id))


def current_batches(
    settings: Settings, registry: str, period: str, is_delta: bool = False, without: Collection[int] = ()
) -> list[Batch]:
    """The batches of a registry that count for a period, oldest first: one, or all changes of a delta registry.

    `without` are batches that count for something else only, as after a rollback.
    """
    wanted = _BATCH.where(_C.registry == registry, _C.period == period, _C.batch_id.not_in(without))
    if is_delta:
        return records(settings, wanted.where(_C.counts_as_change).order_by(_C.current_rank.desc()), Batch)
    newest = wanted.where(_C.current_rank.is_not(None)).order_by(_C.current_rank).limit(1)
    return records(settings, newest, Batch)


def moved_from(settings: Settings, registry: str, period: str) -> list[Batch]:
    """The current changes of other periods that share keys with `period`, oldest first.

    Whichever of the two was accepted later says so, in either direction.
    """
    d, o = tables.drift.c, tables.batch_ranked.alias("other").c
    moved = d.kind == ROWS_MOVED
    took = exists().where(d.batch_id == _C.batch_id, moved, d.name == period)
    gave = exists().where(
        o.registry == registry,
        o.period == period,
        o.counts_as_change,
        d.batch_id == o.batch_id,
        moved,
        d.name == _C.period,
    )
    wanted = _BATCH.where(_C.registry == registry, _C.period != period, _C.counts_as_change, took | gave)
    return records(settings, wanted.order_by(_C.extracted_at, _C.batch_id), Batch)


def accepted(settings: Settings, first: str, last: str) -> list[Batch]:
    """The newest batch of every accepted delivery of these periods, oldest extract first.

    Left out is a delivery whose rejected rows have been corrected, since the corrected one replaces it, and one that
    was withdrawn or erased.
    """
    is_erased = exists().where(tables.erased_delivery.c.delivery_id == _C.delivery_id)
    counts = (_C.rank_in_delivery == 1) & ~_C.is_corrected & ~_C.is_withdrawn & ~is_erased
    wanted = _BATCH.where(_C.period.between(first, last), counts)
    return records(settings, wanted.order_by(_C.extracted_at, _C.current_rank.desc()), Batch)


def profiles(settings: Settings, registry: str, period: str, periods: int) -> list[tuple[int, list[dict[str, Any]]]]:
    """Rows and profile by column of the current batches of the periods before `period`, newest first."""
    current = select(_C.batch_id, _C.rows_in, _C.period)
    current = current.where(_C.registry == registry, _C.period < period, _C.current_rank == 1)
    b = current.order_by(_C.period.desc()).limit(periods).subquery()
    c = tables.batch_column.c
    profile = select(
        b.c.batch_id, b.c.rows_in, c.name, c.heading, c.place, c.filled, c.share_unreadable, c.categories
    ).join_from(b, tables.batch_column, b.c.batch_id == c.batch_id)
    batches: dict[int, tuple[int, list[dict[str, Any]]]] = {}
    for row in dicts(settings, profile.order_by(b.c.period.desc(), c.name)):
        batch_id, rows_in = row.pop("batch_id"), row.pop("rows_in")
        batches.setdefault(batch_id, (rows_in, []))[1].append(row)
    return list(batches.values())


def drifts(settings: Settings, registry: str | None = None, period: str | None = None) -> list[dict[str, Any]]:
    """What drifted in the current batches, newest period first; for one registry or period where given."""
    d = tables.drift.c
    finding = select(_C.registry, _C.period, _C.batch_id, d.kind, d.name, d.expected, d.found)
    finding = finding.join_from(tables.drift, tables.batch_ranked, d.batch_id == _C.batch_id).where(
        _C.rank_in_delivery == 1
    )
    if registry is not None:
        finding = finding.where(_C.registry == registry)
    if period is not None:
        finding = finding.where(_C.period == period)
    return dicts(settings, finding.order_by(_C.period.desc(), _C.registry, d.drift_id))


def drifts_since(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Drift of batches accepted after `since`: registry, period, kind, findings (count), names."""
    return dicts(settings, sql_file(settings, "drifts_since", since=since))


def arrivals(settings: Settings) -> list[dict[str, Any]]:
    """Registries and periods with a delivery or a look.

    Columns registry, period, extracted_at (of the newest batch that counts, or null), is_withdrawn (all accepted ones
    are), refused_at and details (of the last refusal, or null), pulled_at (when the source last gave something or had
    nothing new), seen (what the last look saw instead of a delivery).
    """
    return dicts(settings, sql_file(settings, "arrivals"))


def open_quarantine(settings: Settings, deltas: list[str]) -> list[dict[str, Any]]:
    """Rejected rows of the batches that count: registry, rows, since, newest (times of acceptance).

    `deltas` are the registries all of whose batches count.
    """
    return dicts(settings, sql_file(settings, "open_quarantine", deltas=deltas))


def broken_rules(settings: Settings, registry: str, period: str, is_delta: bool = False) -> list[dict[str, Any]]:
    """Rules that rows of the current batches break: rule, severity, rows; the most rows first."""
    wanted = {"registry": registry, "period": period, "is_delta": is_delta}
    return dicts(settings, sql_file(settings, "broken_rules", **wanted))
