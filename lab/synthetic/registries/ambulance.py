"""Ambulance calls: the rows of the dispatch database as CSV, loaded by `lab.simulated_sources.dispatch`."""

from lab.synthetic.files.delimited import Delimited
from lab.synthetic.registry import Cell, Extra, Fault, Registry

COLUMNS = (
    "call_id", "received_at", "category", "address", "patient_iin", "patient_age", "patient_sex", "reason", "brigade",
    "dispatched_at", "arrived_at", "finished_at", "outcome", "updated_at",
)  # fmt: skip
LABELS = {column: column for column in COLUMNS}
# an empty text column is a quoted empty field, so that COPY does not read it as null
FILE = Delimited(",", fields={column: f"'\"' || {column} || '\"'" for column in ("address", "reason")})


def file_name(period: str) -> str:
    """Name of the file of a period."""
    return f"ambulance_{period}.csv"


# A call without a valid ИИН or end time is still counted, with a warning.
FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell(
        "patient_iin", "wrong_check_digit(patient_iin, key)", "length(patient_iin) = 12", outcome="warned"
    ),
    "iin_missing": Cell("patient_iin", "''", "length(patient_iin) = 12", outcome="kept"),
    "iin_short": Cell(
        "patient_iin",
        "ltrim(patient_iin, '0')",
        "length(patient_iin) = 12 and patient_iin[1] = '0'",
        outcome="warned",
    ),
    "homoglyph": Cell("address", "homoglyphs(address)"),
    "lost_letters": Cell("address", "lost_letters(address)"),
    "exact_duplicate": Extra(),
    "test_row": Extra(
        {
            "call_id": "(call_id::bigint + 9000000)::varchar",
            "address": "'1 Для Теста'",
            "patient_iin": "''",
            "reason": "'ТЕСТ'",
        }
    ),
    "trailing_spaces": Cell("address", "address || ' '"),
    "future_date": Cell(
        "finished_at",
        "(finished_at::timestamp + interval 1 year)::varchar",
        "finished_at <> ''",
        outcome="warned",
    ),
    "arrival_before_call": Cell(
        "arrived_at",
        "(received_at::timestamp - to_minutes(5 + roll(key, 'before', 55)))::varchar",
        "arrived_at <> ''",
        outcome="warned",
    ),
    "arrival_missing": Cell("arrived_at", "''", "arrived_at <> ''"),
    "wrong_period": Cell("received_at", "(received_at::timestamp - to_days(day(getvariable('as_of'))))::varchar"),
    "unknown_status": Cell("category", "'9'", outcome="warned"),
}

REGISTRY = Registry(
    "ambulance",
    "call_id",
    LABELS,
    FILE,
    order="key",
    faults=FAULTS,
    place_truth="call_id, h_settlement_kato as settlement_kato, h_okrug_kato as okrug_kato, "
    "h_district_kato as district_kato, h_form as form, h_dirt as dirt, h_is_repeated as is_repeated, "
    "h_told_by as told_by",
)
