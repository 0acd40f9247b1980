"""Revisions: which is current, what each rests on, and what a person decided about them. Decisions are append-only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from auyl.ledger import tables
from auyl.ledger.batches import Batch, batch
from auyl.ledger.queries import record_or_none, records, scalar, scalars
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.store.audit import audit_decision
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Revision:
    """A published revision. `reason`, `decided_by` and `decided_at` are of the newest decision on it, null without one.

    `build_id` and `catalogue_sha256` are of the newest build that ended with its content.
    """

    period: str
    revision: int
    edition: str
    inputs_digest: str
    content_sha256: str
    published_at: datetime
    is_current: bool
    is_rolled_back: bool
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    build_id: int | None
    catalogue_sha256: str | None

    @property
    def decision(self) -> str:
        """Who decided when, and why."""
        when = f"{self.decided_at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if self.decided_at else ""
        return f"by {self.decided_by} on {when}: {self.reason}"


_REVISIONS = f"select {', '.join(field.name for field in fields(Revision))} from ledger.revision_state"


def revisions(settings: Settings, period: str | None = None) -> list[Revision]:
    """Revisions of a period or of all, the oldest period and revision first."""
    of = text(f"{_REVISIONS} where :period is null or period = :period order by period, revision")
    return records(settings, of.bindparams(period=period), Revision)


def current_revision(settings: Settings, period: str) -> Revision | None:
    """The current revision of a period."""
    current = text(f"{_REVISIONS} where period = :period and is_current")
    return record_or_none(settings, current.bindparams(period=period), Revision)


def revision_of_inputs(settings: Settings, period: str, inputs_digest: str) -> Revision | None:
    """The revision that these inputs made: the current one before the newest of others."""
    of = text(
        f"{_REVISIONS} where period = :period and revision in (select b.revision from ledger.build as b "
        "where b.period = :period and b.inputs_digest = :digest and b.outcome <> 'refused') "
        "order by is_current desc, is_rolled_back, revision desc limit 1"
    )
    return record_or_none(settings, of.bindparams(period=period, digest=inputs_digest), Revision)


def revision_of_content(settings: Settings, period: str, content_sha256: str, edition: str) -> Revision | None:
    """The revision with this content in this edition: the current one before the newest of others."""
    of = text(
        f"{_REVISIONS} where period = :period and content_sha256 = :content and edition = :edition "
        "order by is_current desc, is_rolled_back, revision desc limit 1"
    )
    return record_or_none(settings, of.bindparams(period=period, content=content_sha256, edition=edition), Revision)


def batches_of_build(settings: Settings, build_id: int) -> dict[str, list[Batch]]:
    """The batches that a build has read, by registry, oldest first."""
    of = text(
        "select i.batch_id from ledger.build_input as i inner join ledger.batch_ranked as b on i.batch_id = b.batch_id "
        "where i.build_id = :build_id order by b.registry, b.period, b.extracted_at, b.batch_id"
    )
    batches: dict[str, list[Batch]] = {}
    for batch_id in scalars(settings, of.bindparams(build_id=build_id)):
        read = batch(settings, batch_id)
        batches.setdefault(read.registry, []).append(read)
    return batches


@dataclass(frozen=True)
class CurrentMove:
    """A revision became current: by a build (`is_rolled_back` is null), a rollback (true) or forward (false).

    `revisions` are those that a decision is about.
    """

    revision: int
    is_rolled_back: bool | None
    revisions: list[int]


def current_moves(settings: Settings, period: str) -> list[CurrentMove]:
    """Which revision of a period became current, one after another, oldest first."""
    of = text(
        "select m.revision, m.is_rolled_back, m.revisions from ("
        "select b.revision, null::boolean as is_rolled_back, '{}'::integer[] as revisions, b.built_at as moved_at "
        "from ledger.build as b where b.period = :period and b.outcome in ('published', 'returned') union all "
        "select d.current_revision, d.is_rolled_back, d.revisions, d.decided_at from ledger.revision_decision as d "
        "where d.period = :period) as m order by m.moved_at"
    )
    return records(settings, of.bindparams(period=period), CurrentMove)


def rolled_back_batches(settings: Settings, period: str) -> frozenset[int]:
    """Batches that only rolled-back revisions of a period rest on: quality and contradictions go without them too."""
    of = text("select batch_id from ledger.rolled_back_batch where period = :period")
    return frozenset(scalars(settings, of.bindparams(period=period)))


def add_revision_decision(cursor: Any, decision: dict[str, Any]) -> None:
    """Write a decision (a row of ledger.revision_decision) down, in the ledger and in the audit, by a driver's cursor.

    It belongs to the transaction that moves the period.
    """
    cursor.execute(
        "insert into ledger.revision_decision "
        "(period, is_rolled_back, revisions, current_revision, reason, decided_by) values "
        "(%(period)s, %(is_rolled_back)s, %(revisions)s, %(current_revision)s, %(reason)s, %(decided_by)s)",
        decision,
    )
    cursor.execute(
        "select access.write_audit(%s, %s, 'done', %s, null, %s)",
        (
            "roll_back_snapshot" if decision["is_rolled_back"] else "roll_forward_snapshot",
            f"{decision['period']} revision {', '.join(map(str, decision['revisions']))}",
            decision["reason"],
            decision["decided_by"],
        ),
    )


def add_change_acceptance(settings: Settings, acceptance: dict[str, Any]) -> None:
    """Write down, in the ledger and in the audit, that changes are real (a row of ledger.change_acceptance)."""
    with transaction(settings) as con:
        con.execute(insert(tables.change_acceptance).values(acceptance))
        which = f"{acceptance['period']} inputs {acceptance['inputs_digest'][:16]}"
        audit_decision(con, "accept_change", which, acceptance["reason"], acceptance["decided_by"])


def accepted_change(settings: Settings, period: str, inputs_digest: str) -> str | None:
    """Who accepted the changes that these inputs bring, and why; None if nobody did."""
    of = text(
        "select decided_by || ': ' || reason from ledger.change_acceptance "
        "where period = :period and inputs_digest = :digest order by acceptance_id desc limit 1"
    )
    words: str | None = scalar(settings, of.bindparams(period=period, digest=inputs_digest))
    return words


def newest_refused_build(settings: Settings, period: str) -> dict[str, Any] | None:
    """inputs_digest and details of the newest build of a period, if the gate refused it."""
    of = text(
        "select inputs_digest, details, outcome from ledger.build where period = :period order by build_id desc limit 1"
    )
    with transaction(settings) as con:
        row = con.execute(of, {"period": period}).mappings().one_or_none()
    return dict(row) if row and row["outcome"] == "refused" else None
