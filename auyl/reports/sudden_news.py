"""The part of the daily report that tells what happened since the previous one, most of which was an alarm.

Gate refusals, failed runs, extracts that were superseded on arrival or withdrawn, drift, alarms that could not be sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from auyl import contracts, ledger
from auyl.settings import Settings

Content = dict[str, Any]
RUNS = ("failed", "run_late", "source_late")
DRIFTS = {
    "column_gone": "нет столбца",
    "column_new": "новый столбец",
    "column_renamed": "столбец назван иначе",
    "column_retyped": "столбец другого вида",
    "column_reordered": "другой порядок столбцов",
    "category_new": "новое значение справочника",
    "null_share": "другая доля пустых",
    "volume": "другой объём",
    "rows_moved": "строки перешли в другой период",
    "rows_gone": "строки исчезли",
    "rows_late": "строки записаны задним числом",
    "rows_changed": "строки изменены задним числом",
}
# Names that the extract gave, not the contract.
FOREIGN = ("column_new",)


def since(settings: Settings, moment: datetime | None) -> Content:
    """What happened after `moment`, by kind; an empty list where nothing did."""
    alarms = ledger.alarms_since(settings, moment)
    extracts = ledger.extracts(settings, contracts.deltas(settings.include))
    return {
        "gate": [
            {"period": row["period"], "built_at": row["built_at"], "breaches": row["details"].get("breaches", [])}
            for row in ledger.refused_builds_since(settings, moment)
        ],
        "runs": [
            {name: one[name] for name in ("kind", "subject", "text", "link")} for one in alarms if one["kind"] in RUNS
        ],
        "superseded": [
            {"registry": row["registry"], "period": row["period"], "delivery_id": row["delivery_id"], "by": by}
            for row in extracts
            if _is_new(row["arrived_at"], moment) and (by := ledger.superseding_on_arrival(row))
        ],
        "withdrawn": [
            {
                "registry": row["registry"],
                "period": row["period"],
                "delivery_id": row["delivery_id"],
                "by": row["withdrawn_by"],
            }
            for row in extracts
            if row["withdrawn_at"] and _is_new(row["withdrawn_at"], moment)
        ],
        "drift": ledger.drifts_since(settings, moment),
        "unsent": [
            {"subject": one["subject"], "text": one["text"], "failed": one["failed"]} for one in alarms if one["failed"]
        ],
    }


def sections(content: Content) -> list[tuple[str, list[str]]]:
    """Titles and lines, in Russian; reports of an older program lack them."""
    return [
        (
            "Снимок не прошёл проверку и не опубликован",
            [f"{row['period']}: {'; '.join(row['breaches'])}" for row in content.get("gate", ())],
        ),
        (
            "Запуски не удались или не закончились в срок",
            [f"{row['subject']}: {row['text']}" for row in content.get("runs", ())],
        ),
        (
            "Приняты, но сразу заменены более поздней выгрузкой",
            [
                f"{row['registry']} за {row['period']}: выгрузка {row['delivery_id']}, действует выгрузка {row['by']}"
                for row in content.get("superseded", ())
            ],
        ),
        (
            "Отозваны",
            [
                f"{row['registry']} за {row['period']}: выгрузка {row['delivery_id']}, отозвал "
                f"{row['by'] or 'вместе с исходной'}"
                for row in content.get("withdrawn", ())
            ],
        ),
        ("Изменились против прежних выгрузок", [_drift(row) for row in content.get("drift", ())]),
        (
            "Тревоги, которые не удалось отправить",
            [f"{row['subject']}: {row['failed']}" for row in content.get("unsent", ())],
        ),
    ]


def _is_new(when: datetime, moment: datetime | None) -> bool:
    return moment is None or when > moment


def _drift(row: Content) -> str:
    line = f"{row['registry']} за {row['period']}: {DRIFTS.get(row['kind'], row['kind'])}"
    if row["names"] and row["kind"] not in FOREIGN:
        line += f" ({row['names']})"
    return line + (f", {row['findings']}" if row["findings"] > 1 else "")
