"""Social assistance: CSV of the labour ministry's system, cp1251, with Kazakh letters in the slots of old fonts."""

from __future__ import annotations

from pathlib import Path

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.registry import Registry
from auyl.synthetic.territory import LEGACY_SLOTS
from auyl.synthetic.writing import Written, write_file

LABELS = {
    "no": "№",
    "iin": "ИИН",
    "surname": "ФАМИЛИЯ",
    "name": "ИМЯ",
    "patronymic": "ОТЧЕСТВО",
    "birth_date": "ДАТА РОЖДЕНИЯ",
    "kind": "ВИД ПОМОЩИ",
    "amount": "СУММА, ТЕНГЕ",
    "period": "ПЕРИОД",
    "assigned": "ДАТА НАЗНАЧЕНИЯ",
    "account": "ЛИЦЕВОЙ СЧЕТ СЕМЬИ",
    "members": "ЧЛЕНОВ СЕМЬИ",
    "district": "РАЙОН",
    "okrug": "СЕЛЬСКИЙ ОКРУГ",
    "settlement": "НАСЕЛЕННЫЙ ПУНКТ",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file. A line that lacks its last field lacks the separator before it too."""
    fields = list(LABELS)
    query = f"""
        select concat_ws(';', {", ".join(fields[:-1])})
            || case when _kind = 'column_count' then '' else ';' || {fields[-1]} end || chr(13) || chr(10) as line
        from social_assistance_row
    """
    head = ";".join(LABELS.values()) + "\r\n"
    return [write_file(con, query, folder / f"social_assistance_{month.period}.csv", head, encode=_cp1251)]


def _cp1251(data: memoryview) -> bytes:
    return bytes(data).decode("utf-8").translate(LEGACY_SLOTS).encode("cp1251")


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'social_assistance_{month.period}.csv'", "n + 1"


REGISTRY = Registry("social_assistance", "iin", LABELS, write, _where, order="no::bigint")
