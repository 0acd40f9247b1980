"""The ledger in PostgreSQL: what arrived, what was accepted, what was published.

A row here, not an Airflow event, says that something has happened. Long questions are SQL files in
`include/sql/ledger`; the others are expressions over `tables`.
"""

from auyl.ledger.alarms import RaisedAlarm, add_alarm, add_sending, alarms_since, claim_alarms, newest_alarm_at
from auyl.ledger.answers import add_signed_answer, replayed
from auyl.ledger.batches import (
    ROWS_MOVED,
    Batch,
    Decision,
    accepted,
    add_batch,
    add_drifts,
    add_judgement,
    arrivals,
    batch,
    broken_rules,
    current_batches,
    drifts,
    drifts_since,
    find_batch,
    moved_from,
    newest_period,
    open_quarantine,
    periods,
    profiles,
    same_bytes,
    same_bytes_since,
    same_files,
)
from auyl.ledger.deliveries import (
    Delivery,
    add_delivery,
    arrived_at,
    correction_chain,
    current_files,
    delivery,
    extracts,
    files,
    find_delivery,
    landed,
    last_whole,
    newest_landed,
    page_extracts,
    previous_delivery,
    pull_note,
    write_pull_note,
)
from auyl.ledger.editions import add_edition_decision, edition_decisions, published_edition
from auyl.ledger.entities import EntitySet, add_entity_set, entity_sets
from auyl.ledger.erasures import (
    Erasure,
    add_erasure,
    closed_periods,
    contradiction_sets,
    corrections_of,
    end_erasure,
    erased_bytes,
    erasure,
    erasures,
    made_of,
    past_counting_term,
    past_term,
    refuse_erased,
    resting_periods,
)
from auyl.ledger.explanations import superseding_on_arrival
from auyl.ledger.lake import lake_files, lake_names, lake_sets
from auyl.ledger.looks import BY_HAND, Look, Outcome, add_look, last_arrival, last_pulled, last_seen, newest_outcome
from auyl.ledger.refusals import add_refusal, last_refusal, refusal_reasons, refusal_shapes, refusals_since
from auyl.ledger.reports import (
    DailyReport,
    add_daily_report,
    add_daily_report_mail,
    daily_report,
    missing_in_snapshot,
    newest_snapshot,
    period_overview,
    previous_report_at,
    refused_builds_since,
)
from auyl.ledger.revisions import (
    CurrentMove,
    Revision,
    accepted_change,
    add_change_acceptance,
    add_revision_decision,
    batches_of_build,
    current_moves,
    current_revision,
    newest_refused_build,
    revision_of_content,
    revision_of_inputs,
    revisions,
    rolled_back_batches,
)
from auyl.ledger.withdrawals import add_withdrawal, is_decided, withdrawn
