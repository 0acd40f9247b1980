"""What the set of a period says to people: counts by type, and a workbook for each registry owner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from auyl import contracts, exports
from auyl.intake.locate import locate
from auyl.linkage.contradictions import catalogue
from auyl.linkage.contradictions.catalogue import ContradictionType
from auyl.settings import Settings
from auyl.store.postgres import transaction

# Line on which a row begins, by registry, file and record.
Lines = dict[tuple[str, str, int], int]
# What a contradiction is about, as its owner reads it.
SUBJECTS = {
    "animal": "животное / жануар",
    "application": "заявка / өтінім",
    "family": "семья / отбасы",
    "herd": "стадо / мал",
    "household": "хозяйство / шаруашылық",
    "okrug": "округ / округ",
    "organisation": "организация / ұйым",
    "person": "лицо / адам",
    "plot": "участок / жер телімі",
    "post": "должность / лауазым",
    "settlement": "населённый пункт / елді мекен",
    "site": "свалка / қоқыс орны",
    "sole_trader": "индивидуальный предприниматель / жеке кәсіпкер",
}
SEVERITIES = {"high": "высокая / жоғары", "medium": "средняя / орташа", "low": "низкая / төмен"}
UNITS = {"heads": "голов / бас", "hectares": "га"}


def summary(
    settings: Settings, period: str, registry: str | None = None, type_id: str | None = None, okrug: str | None = None
) -> list[dict[str, Any]]:
    """Counts of a period's set by type, in the order of the catalogue; types without any are left out.

    Keys: type, owner, severity, name, open, opened and closed (in this period), people, tenge, affected,
    unit. `registry` is the owner's; `okrug` the KATO of an okrug.
    """
    query = (settings.include / "sql" / "ledger" / "contradictions.sql").read_text(encoding="utf-8")
    with transaction(settings) as con:
        rows = con.execute(text(query), {"period": period, "registry": registry, "type": type_id, "okrug": okrug})
        return [dict(row._mapping) for row in rows]


def export(
    settings: Settings,
    period: str,
    folder: Path,
    registry: str | None = None,
    type_id: str | None = None,
    okrug: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write one workbook for each registry whose owner has to act: `contradictions_<registry>_<period>.xlsx`.

    Both sides with value, date, file and the line in the landed file; the reason in Russian and Kazakh. Only the owner
    of a file can read it.
    """
    types = {one.id: one for one in catalogue.load(settings.include)}
    query = (settings.include / "sql" / "ledger" / "contradiction_rows.sql").read_text(encoding="utf-8")
    with transaction(settings) as con:
        rows = [
            dict(row._mapping)
            for row in con.execute(
                text(query), {"period": period, "registry": registry, "type": type_id, "okrug": okrug}
            )
        ]
        sources: dict[str, list[int]] = {}
        for name, batch_id in con.execute(
            text("select registry, batch_id from serving.contradiction_source where period = :p"), {"p": period}
        ):
            sources.setdefault(name, []).append(batch_id)
    lines = _lines(settings, sources, types, rows)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for owner in sorted({row["owner_registry"] for row in rows}):
        table = [_workbook_row(types[row["type_id"]], row, lines) for row in rows if row["owner_registry"] == owner]
        target = folder / f"contradictions_{owner}_{period}.xlsx"
        target.touch(mode=0o600)
        target.write_bytes(exports.to_xlsx(list(table[0]), [list(row.values()) for row in table], "Противоречия"))
        written.append(target)
        say(f"{len(table)} contradictions for {contracts.load(owner, settings.include).owner} in {target}")
    return written


def _lines(
    settings: Settings, sources: dict[str, list[int]], types: dict[str, ContradictionType], rows: list[dict[str, Any]]
) -> Lines:
    """Line on which each row of both sides begins."""
    wanted: dict[str, set[tuple[str, int]]] = {}
    for row in rows:
        one = types[row["type_id"]]
        for name, side in (("left", one.left), ("right", one.right)):
            if row[f"{name}_file"] is not None:
                wanted.setdefault(side.registry, set()).add((row[f"{name}_file"], row[f"{name}_record"]))
    lines: Lines = {}
    for registry, places in wanted.items():
        located = locate(settings, registry, sources.get(registry, []), sorted(places))
        lines |= {(registry, file, record): line for (file, record), line in located.items()}
    return lines


def _workbook_row(one: ContradictionType, row: dict[str, Any], lines: Lines) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "Противоречие": one.names["ru"],
        "Қайшылық": one.names["kk"],
        "Важность / Маңызы": SEVERITIES[one.severity],
        "Округ / Округ": row["okrug_kato"],
        "Предмет / Нысан": SUBJECTS[row["subject_kind"]],
        "Ключ / Кілт": row["subject_key"],
        "Открыто с / Ашылған": row["opened_period"],
    }
    for number, name, side in ((1, "left", one.left), (2, "right", one.right)):
        file, record = row[f"{name}_file"], row[f"{name}_record"]
        cells |= {
            f"Реестр {number} / Тізілім {number}": side.registry,
            f"Файл {number}": file,
            f"Строка {number} / Жол {number}": lines.get((side.registry, file, record)),
            f"Значение {number} / Мәні {number}": row[f"{name}_value"],
            f"Дата {number} / Күні {number}": row[f"{name}_date"],
        }
    for title, language in (("Причина", "ru"), ("Себебі", "kk")):
        cells[title] = "; ".join(
            " ".join(str(part) for part in (side.says[language], row[f"{name}_value"]) if part is not None)
            for name, side in (("left", one.left), ("right", one.right))
        )
    return cells | {
        "Людей / Адам": row["people"],
        "Тенге": None if row["tenge"] is None else float(row["tenge"]),
        "Затронуто / Қамтылған": None if row["affected"] is None else float(row["affected"]),
        "Единица / Өлшем": UNITS.get(one.affected or ""),
    }
