"""The ledger in PostgreSQL: what came, what was accepted, what was published.

Not an Airflow event but a row here says that something has happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from auyl.settings import Settings


@cache
def engine(dsn: str) -> Engine:
    """The engine for `dsn`. No pool: an Airflow task is a process of its own and ends after a few statements."""
    return create_engine(driver_url(dsn), poolclass=NullPool)


def driver_url(address: str) -> URL:
    """`address` with the driver that this project brings: SQLAlchemy 2.1 takes psycopg 3 for a bare postgresql://."""
    url = make_url(address)
    return url.set(drivername="postgresql+psycopg2") if url.drivername in ("postgres", "postgresql") else url


def migrate(settings: Settings) -> list[str]:
    """Apply every file of `include/sql/serving` in the order of their names; return their names.

    The files may be applied again at any time. Two processes that do it at once wait for each other.
    """
    files = sorted((settings.include / "sql" / "serving").glob("*.sql"))
    with engine(settings.dsn).begin() as con:
        check_locale(con)
        con.execute(text("select pg_advisory_xact_lock(hashtext('auyl.migrate'))"))
        for path in files:
            con.exec_driver_sql(path.read_text(encoding="utf-8").replace("%", "%%"))
    return [path.name for path in files]


def check_locale(con: Connection) -> None:
    """Raise RuntimeError when the server would compare Kazakh letters wrongly, as it silently does with locale C."""
    if not con.execute(text("select 'Қ' ilike 'қ'")).scalar():
        raise RuntimeError(
            "this PostgreSQL does not know the case of Kazakh letters ('Қ' ilike 'қ' is false): create the database "
            "with locale provider builtin and locale PG_UNICODE_FAST or C.UTF-8"
        )


@contextmanager
def lock(settings: Settings, name: str) -> Iterator[None]:
    """Hold the lock `name` against every other process; the server drops it when this one dies."""
    with engine(settings.dsn).connect() as con:
        con.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": f"auyl.{name}"})
        try:
            yield
        finally:
            con.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": f"auyl.{name}"})


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
    rows_in: int
    staged: int
    quarantined: int
    duplicates: int
    warned: int
    notes: dict[str, Any]


_DELIVERY = "delivery_id, registry, period, digest, extracted_at, watermark, landing_path, source"
_BATCH = (
    "batch_id, delivery_id, registry, period, digest, rules_digest, extracted_at, raw_path, stage_path, "
    "quarantine_path, rows_in, staged, quarantined, duplicates, warned, notes"
)


def find_delivery(settings: Settings, registry: str, period: str, digest: str) -> Delivery | None:
    """The delivery with these bytes, if they came before."""
    with engine(settings.dsn).connect() as con:
        row = con.execute(
            text(f"select {_DELIVERY} from ledger.delivery where registry = :r and period = :p and digest = :d"),
            {"r": registry, "p": period, "d": digest},
        ).one_or_none()
    return Delivery(**row._mapping) if row else None


def delivery(settings: Settings, delivery_id: int) -> Delivery:
    """The delivery with this number. Raises NoResultFound."""
    with engine(settings.dsn).connect() as con:
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
) -> Delivery:
    """Write a delivery and its files (name, sha256, bytes). The same bytes, landed meanwhile, give the row there is."""
    with engine(settings.dsn).begin() as con:
        row = con.execute(
            text(
                "insert into ledger.delivery (registry, period, digest, files, size_bytes, extracted_at, watermark, "
                "source, landing_path) values (:r, :p, :d, :n, :b, :at, :w, :s, :path) "
                f"on conflict (registry, period, digest) do nothing returning {_DELIVERY}"
            ),
            {
                "r": registry, "p": period, "d": digest, "n": len(files), "b": sum(size for _, _, size in files),
                "at": extracted_at, "w": watermark, "s": source, "path": landing_path,
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


def find_batch(settings: Settings, delivery_id: int, rules_digest: str | None = None) -> Batch | None:
    """The accepted batch of a delivery under these rules, or its newest one."""
    with engine(settings.dsn).connect() as con:
        row = con.execute(
            text(
                f"select {_BATCH} from ledger.batch_standing where delivery_id = :id "
                "and (rules_digest = :rules or :rules is null) order by batch_id desc limit 1"
            ),
            {"id": delivery_id, "rules": rules_digest},
        ).one_or_none()
    return Batch(**row._mapping) if row else None


def add_batch(settings: Settings, account: dict[str, Any], outcomes: list[tuple[str, str, int]]) -> Batch:
    """Accept a batch: its account and the rules that were broken (rule, severity, rows), in one transaction."""
    names = ", ".join(account)
    values = ", ".join(f":{name}" for name in account)
    row = {name: json.dumps(v, ensure_ascii=False) if name == "notes" else v for name, v in account.items()}
    with engine(settings.dsn).begin() as con:
        batch_id = con.execute(
            text(f"insert into ledger.batch ({names}) values ({values}) returning batch_id"), row
        ).scalar_one()
        if outcomes:
            con.execute(
                text("insert into ledger.rule_outcome values (:id, :rule, :severity, :failed)"),
                [{"id": batch_id, "rule": r, "severity": s, "failed": n} for r, s, n in outcomes],
            )
        found = con.execute(text(f"select {_BATCH} from ledger.batch_standing where batch_id = :id"), {"id": batch_id})
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
    with engine(settings.dsn).begin() as con:
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


def in_force(settings: Settings, registry: str, period: str, is_delta: bool = False) -> list[Batch]:
    """The batches of a registry that count for a period, oldest first: one, or all changes of a delta registry."""
    condition = "standing_in_delivery = 1" if is_delta else "standing = 1"
    with engine(settings.dsn).connect() as con:
        rows = con.execute(
            text(
                f"select {_BATCH} from ledger.batch_standing where registry = :r and period = :p and {condition} "
                "order by extracted_at, delivery_id"
            ),
            {"r": registry, "p": period},
        )
        return [Batch(**row._mapping) for row in rows]


def watermark(settings: Settings, registry: str, period: str) -> str | None:
    """How far an accepted pull of this registry and period has read."""
    with engine(settings.dsn).connect() as con:
        return con.execute(
            text(
                "select max(d.watermark) from ledger.delivery as d inner join ledger.batch as b using (delivery_id) "
                "where d.registry = :r and d.period = :p"
            ),
            {"r": registry, "p": period},
        ).scalar()


def rows_of_former(settings: Settings, registry: str, period: str) -> int | None:
    """Rows of the batch in force for this period or the nearest one before it."""
    with engine(settings.dsn).connect() as con:
        return con.execute(
            text(
                "select rows_in from ledger.batch_standing where registry = :r and period <= :p and standing = 1 "
                "order by period desc limit 1"
            ),
            {"r": registry, "p": period},
        ).scalar()


def extracts(settings: Settings, registry: str | None = None) -> list[dict[str, Any]]:
    """All deliveries, newest first, each with its account or its last refusal."""
    with engine(settings.dsn).connect() as con:
        rows = con.execute(text(_sql_file(settings.include, "extracts")), {"registry": registry})
        return [dict(row._mapping) for row in rows]


def came(settings: Settings) -> list[dict[str, Any]]:
    """Registries and periods of which something came.

    Columns registry, period, extracted_at (of the newest accepted batch, or null), refused_at and details (of the last
    refusal, or null).
    """
    with engine(settings.dsn).connect() as con:
        return [dict(row._mapping) for row in con.execute(text(_sql_file(settings.include, "came")))]


def missing_in_snapshot(settings: Settings, period: str) -> list[dict[str, Any]]:
    """What the revision in force of `period` goes without: registry, last_period, reason (late, refused, never)."""
    with engine(settings.dsn).connect() as con:
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
    "from ledger.digest as d left join ledger.digest_mail as m using (day) "
)


def digest(settings: Settings, day: date | None = None) -> Digest | None:
    """The digest of a day, or the newest one."""
    with engine(settings.dsn).connect() as con:
        row = con.execute(
            text(_DIGEST + "where d.day = :day or cast(:day as date) is null order by d.day desc limit 1"), {"day": day}
        ).one_or_none()
    return Digest(**row._mapping) if row else None


def add_digest(
    settings: Settings, day: date, since: datetime | None, has_news: bool, content: dict[str, Any], words: str
) -> None:
    """Keep the digest of a day; one that is there already stays as it is."""
    with engine(settings.dsn).begin() as con:
        con.execute(
            text(
                "insert into ledger.digest (day, since, has_news, content, text) "
                "values (:day, :since, :news, :content, :text) on conflict (day) do nothing"
            ),
            {
                "day": day, "since": since, "news": has_news, "text": words,
                "content": json.dumps(content, ensure_ascii=False, default=str),
            },
        )  # fmt: skip


def add_digest_mail(settings: Settings, day: date, recipients: int) -> None:
    """Write down that the digest of a day was sent."""
    with engine(settings.dsn).begin() as con:
        con.execute(
            text("insert into ledger.digest_mail (day, recipients) values (:day, :n) on conflict (day) do nothing"),
            {"day": day, "n": recipients},
        )


def digest_before(settings: Settings, day: date) -> datetime | None:
    """When the newest digest of an earlier day was composed."""
    with engine(settings.dsn).connect() as con:
        return con.execute(text("select max(composed_at) from ledger.digest where day < :day"), {"day": day}).scalar()


def refusals(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Deliveries refused after `since`, oldest first: registry, period, refused_at, details. Each told once."""
    with engine(settings.dsn).connect() as con:
        rows = con.execute(text(_sql_file(settings.include, "refusals")), {"since": since})
        return [dict(row._mapping) for row in rows]


def open_quarantine(settings: Settings, deltas: list[str]) -> list[dict[str, Any]]:
    """Rows kept back by the batches that count: registry, rows, since, newest (times of acceptance).

    `deltas` are the registries all of whose batches count.
    """
    with engine(settings.dsn).connect() as con:
        rows = con.execute(text(_sql_file(settings.include, "open_quarantine")), {"deltas": deltas})
        return [dict(row._mapping) for row in rows]


def newest_snapshot(settings: Settings) -> dict[str, Any] | None:
    """Period, revision and published_at of the newest period in force."""
    with engine(settings.dsn).connect() as con:
        row = con.execute(
            text(
                "select s.period, s.revision, s.published_at from serving.snapshot_in_force as f "
                "inner join serving.snapshot as s using (period, revision) order by s.period desc limit 1"
            )
        ).one_or_none()
    return dict(row._mapping) if row else None


@cache
def _sql_file(include: Path, name: str) -> str:
    return (include / "sql" / "ledger" / f"{name}.sql").read_text(encoding="utf-8")
