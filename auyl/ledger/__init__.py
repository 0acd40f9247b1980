"""The ledger in PostgreSQL: what came, what was accepted, what was published.

A row here, not an Airflow event, says that something has happened. Long questions are SQL files in
`include/sql/ledger`; the others are expressions over `tables`.
"""

from auyl.ledger.batches import (
    Batch,
    accepted,
    add_batch,
    arrivals,
    batch,
    broken_rules,
    current_batches,
    drifts,
    find_batch,
    newest_period,
    open_quarantine,
    periods,
    previous_rows,
    profiles,
    same_bytes,
)
from auyl.ledger.deliveries import (
    Delivery,
    add_delivery,
    arrived_at,
    correction_chain,
    delivery,
    extracts,
    find_delivery,
    previous_delivery,
    pull_note,
    write_pull_note,
)
from auyl.ledger.entities import EntitySet, add_entity_set, entity_sets
from auyl.ledger.refusals import add_refusal, refusal_reasons, refusals_since
from auyl.ledger.reports import (
    DailyReport,
    add_daily_report,
    add_daily_report_mail,
    daily_report,
    missing_in_snapshot,
    newest_snapshot,
    previous_report_at,
)

__all__ = [
    "Batch", "DailyReport", "Delivery", "EntitySet", "accepted", "add_batch", "add_daily_report",
    "add_daily_report_mail", "add_delivery", "add_entity_set", "add_refusal", "arrivals", "arrived_at", "batch",
    "broken_rules",
    "correction_chain", "current_batches", "daily_report", "delivery", "drifts", "entity_sets", "extracts",
    "find_batch", "find_delivery", "missing_in_snapshot", "newest_period", "newest_snapshot", "open_quarantine",
    "periods", "previous_delivery", "previous_report_at", "previous_rows", "profiles", "pull_note",
    "refusal_reasons", "refusals_since", "same_bytes", "write_pull_note",
]  # fmt: skip
