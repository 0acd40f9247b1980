"""The tables of the ledger and of serving that its questions read, by their columns.

The revisions (`auyl/store/migrations`) say what a column is; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import TableClause, column, table
from sqlalchemy.dialects.postgresql import JSONB


def _table(schema: str, name: str, columns: str, json: str = "") -> TableClause:
    described = [column(c, JSONB) if c in json.split() else column(c) for c in columns.split()]
    return table(name, *described, schema=schema)


# Grain: the files of one registry and period as they arrived. The same bytes again are the same row.
delivery = _table(
    "ledger",
    "delivery",
    "delivery_id registry period digest files size_bytes extracted_at watermark source landing_path arrived_at "
    "corrects_batch_id is_time_stated is_whole",
)
# Grain: one file of a delivery, with the name it arrived with.
delivery_file = _table("ledger", "delivery_file", "delivery_id name sha256 size_bytes")
# Grain: look at a source, or files brought by hand. outcome: landed, again (the bytes of an earlier delivery, after
# those of another one), unchanged, not_ready, unavailable, refused; `delivery_id` of the first three. is_whole: it read
# the whole period of a registry that sends changes.
look = _table("ledger", "look", "look_id registry period outcome delivery_id watermark seen looked_at is_whole")
# Grain: decision that a batch does not count, or counts again. The newest of a delivery decides.
withdrawal = _table("ledger", "withdrawal", "withdrawal_id batch_id is_withdrawn reason decided_by decided_at")
# Grain: judgement of a delivery, by a load or a reload, that makes this batch count; of a delivery, the newest decides.
# Reason and decided_by: of a reload. Batches of programs before it have none.
judgement = _table("ledger", "judgement", "judgement_id batch_id reason decided_by judged_at")
# A view. Grain: delivery about whose batches somebody has decided; the newest decision.
decided_delivery = _table(
    "ledger", "decided_delivery", "delivery_id batch_id is_withdrawn reason decided_by decided_at"
)
# Grain: decision that the bytes of a delivery are erased, or may come again. The newest of a delivery decides.
erasure = _table("ledger", "erasure", "erasure_id delivery_id is_erased is_by_term reason decided_by decided_at")
# A view. Grain: erased delivery. ended_at: null while files of it may be left.
erased_delivery = _table(
    "ledger", "erased_delivery", "delivery_id erasure_id is_by_term reason decided_by decided_at ended_at"
)
# Grain: what a pull leaves for the next one of its registry and period. The newest row counts; a null note is none.
pull_note = _table("ledger", "pull_note", "note_id registry period note noted_at")

_BATCH = (
    "batch_id delivery_id rules_digest raw_path stage_path linkable_path quarantine_path rows_in staged linkable "
    "quarantined duplicates warned notes accepted_at"
)
# Grain: a delivery that was accepted under the rules of one day.
batch = _table("ledger", "batch", _BATCH, json="notes")
# A view. current_rank: 1 for the batch that counts for a registry and period, null when withdrawn; rank_in_delivery: 1
# for the batch of a delivery that was judged last; is_corrected: a later delivery corrects its rejected rows; root_id:
# the delivery that it corrects, or its own; counts_as_change: counts for a registry that sends changes.
batch_ranked = _table(
    "ledger",
    "batch_ranked",
    f"{_BATCH} registry period extracted_at digest current_rank rank_in_delivery is_corrected is_withdrawn "
    "root_id counts_as_change",
    json="notes",
)
# Grain: a rule that some rows of a batch broke.
rule_outcome = _table("ledger", "rule_outcome", "batch_id rule severity failed")
# Grain: a column of an accepted batch, as its contract names it, or one that the contract does not know.
batch_column = _table("ledger", "batch_column", "batch_id name heading place filled share_unreadable categories")
# Grain: something that changed since the registry's earlier batches. It blocks nothing.
drift = _table("ledger", "drift", "drift_id batch_id kind name expected found")
# Grain: a delivery that was not accepted, each time it was tried.
refusal = _table(
    "ledger",
    "refusal",
    "refusal_id registry period delivery_id rules_digest reason details quarantine_path refused_at",
    json="details",
)
# Grain: set of attributes of one kind of entity, period and inputs.
entity_set = _table(
    "ledger",
    "entity_set",
    "set_id kind period inputs_digest batches_digest path entities attributes disputed size_bytes built_at",
)
# Grain: day, Asia/Almaty. No personal data in it.
daily_report = _table("ledger", "daily_report", "day composed_at since has_news content text", json="content")
# Grain: report that a mail server took.
daily_report_mail = _table("ledger", "daily_report_mail", "day recipients sent_at")
# Grain: what cannot wait for the daily report; the same words about a subject once a day. No personal data in it.
alarm = _table("ledger", "alarm", "alarm_id kind subject day digest text link raised_at")
# Grain: alarm that a process set out to send (claimed, no channel), or that a channel took (sent) or did not (failed).
alarm_sending = _table("ledger", "alarm_sending", "sending_id alarm_id channel outcome detail at")
# Grain: decision that `revisions` of a period are rolled back, or not any more, and which is current then. The newest
# about a revision decides.
revision_decision = _table(
    "ledger",
    "revision_decision",
    "decision_id period is_rolled_back revisions current_revision reason decided_by decided_at",
)
# Grain: decision that the changes of a period that these inputs bring are real.
change_acceptance = _table(
    "ledger", "change_acceptance", "acceptance_id period inputs_digest reason decided_by decided_at"
)
# Grain: answer whose signature was verified, the first time that it came. signed_sha256: of what was signed, by part.
signed_answer = _table("ledger", "signed_answer", "answer_id registry period signed_sha256 delivery_id taken_at")
# Grain: decision on an edition of KATO: adopted after the edition `follows`, or not any more. The newest decides.
edition_decision = _table(
    "ledger", "edition_decision", "decision_id edition is_adopted follows reason decided_by decided_at"
)

snapshot = _table("serving", "snapshot", "period revision edition inputs_digest content_sha256 published_at")
current_snapshot = _table("serving", "current_snapshot", "period revision edition")
# Grain: registry that a revision goes without.
snapshot_missing = _table("serving", "snapshot_missing", "period revision registry last_period reason")
