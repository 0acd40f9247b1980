"""The ledger in PostgreSQL: what came, what was accepted, what was published.

Not an Airflow event but a row here says that something has happened.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from auyl.settings import Settings
from auyl.store import paths
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Delivery:
    """Files of one registry and period as they came."""

    delivery_id: int
    registry: str
    period: str
    digest: str
    extracted_at: datetime
    watermark: str | None
    landing_path: str
    source: str
    corrects_batch_id: int | None = None


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


_DELIVERY = "delivery_id, registry, period, digest, extracted_at, watermark, landing_path, source, corrects_batch_id"
_BATCH = (
    "batch_id, delivery_id, registry, period, digest, rules_digest, extracted_at, raw_path, stage_path, "
    "quarantine_path, linkable_path, rows_in, staged, linkable, quarantined, duplicates, warned, notes"
)


def find_delivery(settings: Settings, registry: str, period: str, digest: str) -> Delivery | None:
    """The delivery with these bytes, if they came before."""
    with transaction(settings) as con:
        row = con.execute(
            text(f"select {_DELIVERY} from ledger.delivery where registry = :r and period = :p and digest = :d"),
            {"r": registry, "p": period, "d": digest},
        ).one_or_none()
    return Delivery(**row._mapping) if row else None


def delivery(settings: Settings, delivery_id: int) -> Delivery:
    """The delivery with this number. Raises NoResultFound."""
    with transaction(settings) as con:
        row = con.execute(
            text(f"select {_DELIVERY} from ledger.delivery where delivery_id = :id"), {"id": delivery_id}
        ).one()
    return Delivery(**row._mapping)


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
) -> Delivery:
    """Write a delivery and its files (name, sha256, bytes). The same bytes, landed meanwhile, give the row there is."""
    with transaction(settings) as con:
        row = con.execute(
            text(
                "insert into ledger.delivery (registry, period, digest, files, size_bytes, extracted_at, watermark, "
                "source, landing_path, corrects_batch_id) values (:r, :p, :d, :n, :b, :at, :w, :s, :path, :corrects) "
                f"on conflict (registry, period, digest) do nothing returning {_DELIVERY}"
            ),
            {
                "r": registry, "p": period, "d": digest, "n": len(files), "b": sum(size for _, _, size in files),
                "at": extracted_at, "w": watermark, "s": source, "path": landing_path, "corrects": corrects,
            },
        ).one_or_none()  # fmt: skip
        if row is not None:
            con.execute(
                text("insert into ledger.delivery_file values (:id, :name, :sha256, :size)"),
                [{"id": row.delivery_id, "name": n, "sha256": s, "size": b} for n, s, b in files],
            )
            return Delivery(**row._mapping)
    found = find_delivery(settings, registry, period, digest)
    if found is None:  # pragma: no cover - the conflict says that it is there
        raise LookupError(f"delivery {digest} of {registry} {period}")
    return found


def arrived_at(settings: Settings, delivery_id: int) -> datetime:
    """When a delivery was landed."""
    with transaction(settings) as con:
        found: datetime = con.execute(
            text("select arrived_at from ledger.delivery where delivery_id = :id"), {"id": delivery_id}
        ).scalar_one()
        return found


def find_batch(settings: Settings, delivery_id: int, rules_digest: str | None = None) -> Batch | None:
    """The accepted batch of a delivery under these rules, or its newest one."""
    with transaction(settings) as con:
        row = con.execute(
            text(
                f"select {_BATCH} from ledger.batch_ranked where delivery_id = :id "
                "and (rules_digest = :rules or :rules is null) order by batch_id desc limit 1"
            ),
            {"id": delivery_id, "rules": rules_digest},
        ).one_or_none()
    return Batch(**row._mapping) if row else None


def batch(settings: Settings, batch_id: int) -> Batch:
    """The batch with this number. Raises NoResultFound."""
    with transaction(settings) as con:
        row = con.execute(text(f"select {_BATCH} from ledger.batch_ranked where batch_id = :id"), {"id": batch_id})
        return Batch(**row.one()._mapping)


def correction_chain(settings: Settings, delivery_id: int) -> list[int]:
    """This delivery, and those that it corrects one after another down to the extract itself."""
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "with recursive chain as ("
                "select delivery_id, corrects_batch_id, 0 as step from ledger.delivery where delivery_id = :id "
                "union all select d.delivery_id, d.corrects_batch_id, c.step + 1 from chain as c "
                "inner join ledger.batch as b on c.corrects_batch_id = b.batch_id "
                "inner join ledger.delivery as d on b.delivery_id = d.delivery_id) "
                "select delivery_id from chain order by step"
            ),
            {"id": delivery_id},
        )
        return list(rows.scalars())


def add_batch(
    settings: Settings,
    account: dict[str, Any],
    outcomes: list[tuple[str, str, int]],
    columns: list[dict[str, Any]],
    drifts: list[dict[str, Any]],
) -> Batch:
    """Accept a batch in one transaction: its account, the rules that were broken (rule, severity, rows), its profile by
    column (rows of ledger.batch_column) and what drifted (rows of ledger.drift).
    """
    names = ", ".join(account)
    values = ", ".join(f":{name}" for name in account)
    row = {name: json.dumps(v, ensure_ascii=False) if name == "notes" else v for name, v in account.items()}
    with transaction(settings) as con:
        batch_id = con.execute(
            text(f"insert into ledger.batch ({names}) values ({values}) returning batch_id"), row
        ).scalar_one()
        if outcomes:
            con.execute(
                text("insert into ledger.rule_outcome values (:id, :rule, :severity, :failed)"),
                [{"id": batch_id, "rule": r, "severity": s, "failed": n} for r, s, n in outcomes],
            )
        for table, rows in (("batch_column", columns), ("drift", drifts)):
            if rows:
                fields = list(rows[0])
                con.execute(
                    text(
                        f"insert into ledger.{table} (batch_id, {', '.join(fields)}) "
                        f"values (:batch_id, {', '.join(f':{name}' for name in fields)})"
                    ),
                    [{"batch_id": batch_id, **row} for row in rows],
                )
        found = con.execute(text(f"select {_BATCH} from ledger.batch_ranked where batch_id = :id"), {"id": batch_id})
        return Batch(**found.one()._mapping)


def add_refusal(
    settings: Settings,
    registry: str,
    period: str,
    reason: str,
    details: dict[str, Any],
    delivery_id: int | None = None,
    rules_digest: str | None = None,
    quarantine_path: str | None = None,
) -> None:
    """Write down that an extract was not taken and why."""
    with transaction(settings) as con:
        con.execute(
            text(
                "insert into ledger.refusal (registry, period, delivery_id, rules_digest, reason, details, "
                "quarantine_path) values (:r, :p, :d, :rules, :reason, :details, :q)"
            ),
            {
                "r": registry, "p": period, "d": delivery_id, "rules": rules_digest, "reason": reason,
                "details": json.dumps(details, ensure_ascii=False, default=str), "q": quarantine_path,
            },
        )  # fmt: skip


def reasons_of_refusal(settings: Settings, registry: str, period: str) -> list[str]:
    """Why extracts of a registry and period were not taken, oldest first."""
    with transaction(settings) as con:
        rows = con.execute(
            text("select reason from ledger.refusal where registry = :r and period = :p order by refusal_id"),
            {"r": registry, "p": period},
        )
        return list(rows.scalars())


def periods(settings: Settings) -> list[str]:
    """Periods of which something was accepted, oldest first."""
    with transaction(settings) as con:
        return list(con.execute(text("select distinct period from ledger.batch_ranked order by 1")).scalars())


def same_bytes(settings: Settings, registry: str, period: str, digest: str) -> str | None:
    """The newest period before `period` whose accepted extract had the very same bytes."""
    with transaction(settings) as con:
        return con.execute(
            text("select max(period) from ledger.batch_ranked where registry = :r and period < :p and digest = :d"),
            {"r": registry, "p": period, "d": digest},
        ).scalar()


def current_batches(settings: Settings, registry: str, period: str, is_delta: bool = False) -> list[Batch]:
    """The batches of a registry that count for a period, oldest first: one, or all changes of a delta registry."""
    condition = "rank_in_delivery = 1 and not is_corrected" if is_delta else "current_rank = 1"
    with transaction(settings) as con:
        rows = con.execute(
            text(
                f"select {_BATCH} from ledger.batch_ranked where registry = :r and period = :p and {condition} "
                "order by extracted_at, delivery_id"
            ),
            {"r": registry, "p": period},
        )
        return [Batch(**row._mapping) for row in rows]


def former_delivery(settings: Settings, registry: str, period: str, accepted: bool) -> Delivery | None:
    """The last delivery of a registry and period that says how far it has read.

    `accepted`: only one whose batch was, so that changes which were refused are asked for again.
    """
    condition = "and exists (select 1 from ledger.batch as b where b.delivery_id = d.delivery_id)" if accepted else ""
    with transaction(settings) as con:
        row = con.execute(
            text(
                f"select {_DELIVERY} from ledger.delivery as d where registry = :r and period = :p "
                f"and watermark is not null {condition} order by delivery_id desc limit 1"
            ),
            {"r": registry, "p": period},
        ).one_or_none()
    return Delivery(**row._mapping) if row else None


def pull_note(settings: Settings, registry: str, period: str) -> str | None:
    """What a pull that did not end left for the next one."""
    with transaction(settings) as con:
        return con.execute(
            text("select note from ledger.pull_note where registry = :r and period = :p order by note_id desc limit 1"),
            {"r": registry, "p": period},
        ).scalar()


def write_pull_note(settings: Settings, registry: str, period: str, note: str | None) -> None:
    """Leave a note for the next pull of this registry and period; None says that there is nothing to know."""
    with transaction(settings) as con:
        con.execute(
            text("insert into ledger.pull_note (registry, period, note) values (:r, :p, :note)"),
            {"r": registry, "p": period, "note": note},
        )


def rows_of_former(settings: Settings, registry: str, period: str) -> int | None:
    """Rows of the current batch for this period or the nearest one before it."""
    with transaction(settings) as con:
        return con.execute(
            text(
                "select rows_in from ledger.batch_ranked where registry = :r and period <= :p and current_rank = 1 "
                "order by period desc limit 1"
            ),
            {"r": registry, "p": period},
        ).scalar()


def profiles(settings: Settings, registry: str, period: str, periods: int) -> list[tuple[int, list[dict[str, Any]]]]:
    """Rows and profile by column of the current batches of the periods before `period`, newest first."""
    with transaction(settings) as con:
        found = con.execute(
            text(
                "select b.batch_id, b.rows_in, c.name, c.heading, c.place, c.filled, c.share_unreadable, c.categories "
                "from (select batch_id, rows_in, period from ledger.batch_ranked where registry = :r "
                "and period < :p and current_rank = 1 order by period desc limit :n) as b "
                "inner join ledger.batch_column as c using (batch_id) order by b.period desc, c.name"
            ),
            {"r": registry, "p": period, "n": periods},
        ).all()
    batches: dict[int, tuple[int, list[dict[str, Any]]]] = {}
    for row in found:
        column = {k: v for k, v in row._mapping.items() if k not in ("batch_id", "rows_in")}
        batches.setdefault(row.batch_id, (row.rows_in, []))[1].append(column)
    return list(batches.values())


def drifts(settings: Settings, registry: str | None = None, period: str | None = None) -> list[dict[str, Any]]:
    """What drifted in the current batches, newest period first; for one registry or period where given."""
    with transaction(settings) as con:
        rows = con.execute(text(_sql_file(settings.include, "drifts")), {"registry": registry, "period": period})
        return [dict(row._mapping) for row in rows]


def extracts(settings: Settings, deltas: list[str], registry: str | None = None) -> list[dict[str, Any]]:
    """All deliveries, newest first, each with its account or its last refusal. `deltas`: registries that send changes.

    `state` is landed (not judged yet), refused, current or superseded.
    """
    with transaction(settings) as con:
        rows = con.execute(text(_sql_file(settings.include, "extracts")), {"registry": registry, "deltas": deltas})
        return [dict(row._mapping) for row in rows]


def came(settings: Settings) -> list[dict[str, Any]]:
    """Registries and periods of which something came.

    Columns registry, period, extracted_at (of the newest accepted batch, or null), refused_at and details (of the last
    refusal, or null).
    """
    with transaction(settings) as con:
        return [dict(row._mapping) for row in con.execute(text(_sql_file(settings.include, "came")))]


def missing_in_snapshot(settings: Settings, period: str) -> list[dict[str, Any]]:
    """What the current revision of `period` goes without: registry, last_period, reason (late, refused, never)."""
    with transaction(settings) as con:
        rows = con.execute(text(_sql_file(settings.include, "snapshot_missing")), {"period": period})
        return [dict(row._mapping) for row in rows]


@dataclass(frozen=True)
class Digest:
    """What was told of a day. `since` is when the digest before was composed; `sent_at` is null without a mail."""

    day: date
    composed_at: datetime
    since: datetime | None
    has_news: bool
    content: dict[str, Any]
    text: str
    sent_at: datetime | None


_DIGEST = (
    "select d.day, d.composed_at, d.since, d.has_news, d.content, d.text, m.sent_at "
    "from ledger.daily_report as d left join ledger.daily_report_mail as m using (day) "
)


def digest(settings: Settings, day: date | None = None) -> Digest | None:
    """The digest of a day, or the newest one."""
    with transaction(settings) as con:
        row = con.execute(
            text(_DIGEST + "where d.day = :day or cast(:day as date) is null order by d.day desc limit 1"), {"day": day}
        ).one_or_none()
    return Digest(**row._mapping) if row else None


def add_digest(
    settings: Settings, day: date, since: datetime | None, has_news: bool, content: dict[str, Any], words: str
) -> None:
    """Keep the digest of a day; one that is there already stays as it is."""
    with transaction(settings) as con:
        con.execute(
            text(
                "insert into ledger.daily_report (day, since, has_news, content, text) "
                "values (:day, :since, :news, :content, :text) on conflict (day) do nothing"
            ),
            {
                "day": day, "since": since, "news": has_news, "text": words,
                "content": json.dumps(content, ensure_ascii=False, default=str),
            },
        )  # fmt: skip


def add_digest_mail(settings: Settings, day: date, recipients: int) -> None:
    """Write down that the digest of a day was sent."""
    with transaction(settings) as con:
        con.execute(
            text(
                "insert into ledger.daily_report_mail (day, recipients) values (:day, :n) on conflict (day) do nothing"
            ),
            {"day": day, "n": recipients},
        )


def digest_before(settings: Settings, day: date) -> datetime | None:
    """When the newest digest of an earlier day was composed."""
    with transaction(settings) as con:
        return con.execute(
            text("select max(composed_at) from ledger.daily_report where day < :day"), {"day": day}
        ).scalar()


def refusals(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Deliveries refused after `since`, oldest first: registry, period, refused_at, details. Each told once."""
    with transaction(settings) as con:
        rows = con.execute(text(_sql_file(settings.include, "refusals")), {"since": since})
        return [dict(row._mapping) for row in rows]


def open_quarantine(settings: Settings, deltas: list[str]) -> list[dict[str, Any]]:
    """Rows kept back by the batches that count: registry, rows, since, newest (times of acceptance).

    `deltas` are the registries all of whose batches count.
    """
    with transaction(settings) as con:
        rows = con.execute(text(_sql_file(settings.include, "open_quarantine")), {"deltas": deltas})
        return [dict(row._mapping) for row in rows]


def newest_snapshot(settings: Settings) -> dict[str, Any] | None:
    """Period, revision and published_at of the newest period current."""
    with transaction(settings) as con:
        row = con.execute(
            text(
                "select s.period, s.revision, s.published_at from serving.current_snapshot as f "
                "inner join serving.snapshot as s using (period, revision) order by s.period desc limit 1"
            )
        ).one_or_none()
    return dict(row._mapping) if row else None


def accepted(settings: Settings, first: str, last: str) -> list[Batch]:
    """The newest batch of every accepted delivery of these periods, oldest extract first.

    A delivery whose rejected rows came back corrected is left out: the corrected one stands in its place.
    """
    with transaction(settings) as con:
        rows = con.execute(
            text(
                f"select {_BATCH} from ledger.batch_ranked where period between :first and :last "
                "and rank_in_delivery = 1 and not is_corrected order by extracted_at, delivery_id"
            ),
            {"first": first, "last": last},
        )
        return [Batch(**row._mapping) for row in rows]


@dataclass(frozen=True)
class EntitySet:
    """Attributes of one kind of entity, made of the batches of a period and kept in the lake at `path`."""

    kind: str
    period: str
    inputs_digest: str
    batches_digest: str
    path: str
    entities: int
    attributes: int
    disputed: int
    size_bytes: int


_ENTITY_SET = "kind, period, inputs_digest, batches_digest, path, entities, attributes, disputed, size_bytes"


def add_entity_set(settings: Settings, made: EntitySet) -> None:
    """Write a set down; one of the same inputs that is there already stays as it is."""
    with transaction(settings) as con:
        con.execute(
            text(
                f"insert into ledger.entity_set ({_ENTITY_SET}) values "
                f"({', '.join(':' + name for name in _ENTITY_SET.split(', '))}) "
                "on conflict (kind, period, inputs_digest) do nothing"
            ),
            asdict(made),
        )


def entity_sets(settings: Settings, kind: str | None = None, period: str | None = None) -> list[EntitySet]:
    """Sets that were made, of one kind or period or of all, in the order in which they were made."""
    with transaction(settings) as con:
        rows = con.execute(
            text(
                f"select {_ENTITY_SET} from ledger.entity_set where (kind = :kind or cast(:kind as text) is null) "
                "and (period = :period or cast(:period as text) is null) order by set_id"
            ),
            {"kind": kind, "period": period},
        )
        return [EntitySet(**row._mapping) for row in rows]


@cache
def _sql_file(include: Path, name: str) -> str:
    return (include / "sql" / "ledger" / f"{name}.sql").read_text(encoding="utf-8")
