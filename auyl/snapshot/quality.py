"""Quality of what registries send, by registry and okrug: completeness, validity, timeliness, duplicates.

Measured on the current batches of a period, on staged and rejected rows alike, each placed by the resolver.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import psycopg2.extras
from sqlalchemy import text

from auyl import contracts, ledger
from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.periods import LOCAL, last_day
from auyl.settings import Settings, from_environment
from auyl.stage.current import staged_rows
from auyl.stage.inputs import closed_periods
from auyl.stage.scan import STAGED_PREFIX
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.postgres import driver_cursor, publishing, transaction
from auyl.territory.resolver import (
    SETTLING_ROLES,
    address_key,
    claim_key,
    current_edition,
    open_territory,
    resolve,
)

if TYPE_CHECKING:
    import duckdb

COLUMNS = (
    "registry", "period", "level", "kato", "edition", "rows_in", "staged", "quarantined", "duplicates", "warned",
    "completeness_pct", "validity_pct", "duplicates_pct", "days_late",
)  # fmt: skip


@dataclass(frozen=True)
class Quality:
    """Quality of a registry in a period; the rows by okrug are in serving.quality."""

    registry: str
    period: str
    rows_in: int
    staged: int
    quarantined: int
    duplicates: int
    warned: int
    completeness_pct: float | None
    validity_pct: float | None
    duplicates_pct: float | None
    days_late: float


def measure_quality(period: str, settings: Settings | None = None) -> list[Quality]:
    """Measure every registry that has a current batch for `period` and replace its rows of serving.quality.

    Raises TerritoryMissing when no edition of KATO is loaded.
    """
    settings = settings or from_environment()
    lake = lake_of(settings)
    edition = current_edition(settings, lake)
    published: list[tuple[object, ...]] = []
    con = duck.connect(settings, lake)
    try:
        set_person_key(con, settings)
        open_territory(con, settings, lake, edition)
        late: dict[str, float] = {}
        claims = []
        without = ledger.rolled_back_batches(settings, period)
        for contract in contracts.load_all(settings.include):
            batches = ledger.current_batches(settings, contract.registry, period, contract.is_delta, without)
            ledger.refuse_erased(settings, batches, f"quality of {period}")
            if batches:
                late[contract.registry] = _days_late(settings, contract, period, batches)
                claims.append((contract, _rows(con, lake, contract, batches)))
        resolve(con, settings, claims)
        for contract, relation in claims:
            rows = con.execute(_by_okrug(settings, contract, relation)).fetchall()
            published += [
                (contract.registry, period, r[0], r[1], edition, *r[2:], late[contract.registry]) for r in rows
            ]
    finally:
        con.close()
    _publish(settings, period, published)
    return [Quality(row[0], period, *row[5:]) for row in published if row[2] == "registry"]  # type: ignore[arg-type]


def by_okrug(settings: Settings, registry: str, period: str) -> list[dict[str, Any]]:
    """The published quality of a registry by okrug, the worst validity first, with the change since the last period."""
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select q.kato, coalesce(t.name_ru, 'в округ не отнесено') as okrug, q.rows_in, q.staged, "
                "q.quarantined, q.duplicates, q.warned, q.completeness_pct, q.validity_pct, q.validity_change_pct "
                "from serving.quality_trend as q left join serving.territory as t "
                "on q.kato = t.kato and q.edition = t.edition "
                "where q.registry = :r and q.period = :p and q.level <> 'registry' order by q.validity_pct, q.kato"
            ),
            {"r": registry, "p": period},
        )
        return [dict(row._mapping) for row in rows]


def unmeasured(settings: Settings) -> list[str]:
    """Periods in which something was decided about what counts after their quality was last measured, oldest first.

    That is: a batch was accepted, judged, withdrawn, restored or came again, or a revision was rolled back or forward.
    """
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select b.period from ledger.batch_ranked as b left join ("
                "select period, min(measured_at) as measured_at from serving.quality group by period) as q "
                "using (period) where q.period is null or b.accepted_at > q.measured_at or exists ("
                "select from ledger.withdrawal as w where w.batch_id = b.batch_id and w.decided_at > q.measured_at) "
                "or exists (select from ledger.judgement as j where j.batch_id = b.batch_id "
                "and j.judged_at > q.measured_at) "
                "or exists (select from ledger.look as l where l.delivery_id = b.delivery_id and l.outcome = 'again' "
                "and l.looked_at > q.measured_at) or exists (select from ledger.revision_decision as d "
                "where d.period = b.period and d.decided_at > q.measured_at) group by 1 order by 1"
            )
        )
        periods = list(rows.scalars())
    closed = closed_periods(settings)
    return [period for period in periods if period not in closed]


def _days_late(settings: Settings, contract: Contract, period: str, batches: list[ledger.Batch]) -> float:
    """Days between the contract's deadline and the arrival of the last batch; below zero is early."""
    due = datetime.combine(last_day(period) + timedelta(days=1 + contract.latency_days), time(), LOCAL)
    arrived = max(ledger.arrived_at(settings, batch.delivery_id) for batch in batches)
    return round((arrived - due).total_seconds() / 86400, 2)


def _rows(con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, batches: list[ledger.Batch]) -> str:
    """View `quality_<registry>`: the place columns, outcome, is_warned, filled, asked; staged and rejected rows alike.

    Raises AuylError for a batch that was loaded before quarantine had the place of its rows.
    """
    view = f"quality_{contract.registry}"
    of_batches = (f"select * from {staged_rows(lake, contract, batch, with_address=True)}" for batch in batches)
    staged = f"({' union all by name '.join(of_batches)})"
    files = ", ".join(literal(lake.address(batch.quarantine_path)) for batch in batches)
    rejected = f"read_parquet([{files}], union_by_name = true)"
    columns = {row[0] for row in con.execute(f"describe select * from {staged}").fetchall()}
    places = list(dict.fromkeys(contract.place.values()))
    asked = [column.name for column in contract.columns if column.required and column.name in columns]
    asked += [name for role, name in contract.place.items() if role not in SETTLING_ROLES and name not in asked]
    known = {row[0] for row in con.execute(f"describe select * from {rejected}").fetchall()}
    missing = [name for name in {*places, *asked} if STAGED_PREFIX + name not in known]
    if missing:
        raise AuylError(
            f"{contract.registry}: expected the place of rejected rows in quarantine, found a batch of an earlier "
            f"version. Fix: load deliveries {', '.join(str(batch.delivery_id) for batch in batches)} again."
        )

    def shape(prefix: str, outcome: str, is_warned: str) -> str:
        named = "".join(f"{identifier(prefix + name)} as {identifier(name)}, " for name in places)
        filled = " + ".join([*(f"({identifier(prefix + name)} is not null)::integer" for name in asked), "0"])
        return f"{named}{outcome} as outcome, {is_warned} as is_warned, {filled} as filled, {len(asked)} as asked"

    con.execute(
        f"create or replace temp view {view} as "
        f"select {shape('', literal('staged'), '_warned is not null')} from {staged} "
        f"union all by name select {shape(STAGED_PREFIX, '_outcome', 'false')} from {rejected} "
        f"where _outcome <> 'staged'"
    )
    return view


def _by_okrug(settings: Settings, contract: Contract, relation: str) -> str:
    """SQL of the quality of a registry, from its relation of `_rows`."""
    address = address_key(contract, "q.")
    place, key = ("address_place", address) if address else ("place", claim_key(contract, "q."))
    text_of_quality = duck.sql(settings.include / "sql" / "snapshot" / "quality.sql")
    return duck.bind(text_of_quality, relation=relation, place=place, key=key)


def _publish(settings: Settings, period: str, rows: list[tuple[object, ...]]) -> None:
    with publishing(settings) as con:
        cursor = driver_cursor(con)
        cursor.execute("delete from serving.quality where period = %s", (period,))
        psycopg2.extras.execute_values(
            cursor, f"insert into serving.quality ({', '.join(COLUMNS)}) values %s", rows, page_size=5000
        )
