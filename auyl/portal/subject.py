"""A coordinator's page: districts or settlements as rows of words and numbers, as the subject's description says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection

from auyl.portal.database import rows
from auyl.portal.language import Language
from auyl.subjects import Subject


@dataclass(frozen=True)
class SubjectRow:
    """A settlement, or a district with its code. `lines` are (name, text, whether it is an alarm)."""

    name: str
    okrug: str
    district_kato: str
    headline: str
    whole: str
    parts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, bool], ...]


def subject_rows(
    conn: connection, subject: Subject, lang: Language, period: str, district: str | None
) -> list[SubjectRow]:
    """The settlements of a district, or all districts without one; the worst first."""
    counts = [name for name, type_ in subject.columns.items() if type_ == "integer"]
    figures = [f"sum(v.{name}) as {name}" for name in counts]
    order = [_worst_first(subject)]
    if district:
        # A settlement is one row, unless the subject has a further key: then the highest of its rows.
        figures += [f"max(v.{name}) as {name}" for name in subject.columns if name not in counts]
        if by := subject.by:
            pair = f"json_build_array(v.{by.column}, v.{by.counted})"
            figures.append(f"json_agg({pair} order by v.{by.counted} desc) as parts")
        if ties := subject.page.ties:
            order.append(f"max(v.{ties}) desc")
    found = rows(
        conn,
        "subject_settlements" if district else "subject_districts",
        {"subject": subject.id, "figures": ", ".join(figures), "worst_first": ", ".join(order)},
        period=period,
        district=district,
    )
    return [_row(row._asdict(), subject, lang) for row in found]


def _worst_first(subject: Subject) -> str:
    headline = subject.page.headline
    value = f"sum(v.{headline.part})"
    if headline.shown == "share":
        value = f"{value}::numeric / nullif(sum(v.{headline.whole}), 0)"
    return f"{value} {'asc' if headline.worst == 'lowest' else 'desc'} nulls last"


def _row(row: dict[str, Any], subject: Subject, lang: Language) -> SubjectRow:
    headline = subject.page.headline
    part, whole = row[headline.part], row[headline.whole]
    figures = [lang.share(part, whole), lang.number(part)]
    if headline.shown == "number":
        figures.reverse()
    is_district = "district_kato" in row
    lines = []
    for line in subject.page.lines:
        if (is_district and line.level == "settlement") or any(row.get(name) is None for name in line.columns):
            continue
        figures_of_line = {name: lang.number(row[name], subject.decimals(name)) for name in line.columns}
        text = line.text[lang.code].format_map(figures_of_line)
        lines.append((line.names[lang.code] if line.names else "", text, bool(line.alarm and row[line.alarm])))
    return SubjectRow(
        name=lang.name(row) if is_district else lang.name(row, "settlement"),
        okrug="" if is_district else lang.name(row, "okrug"),
        district_kato=row.get("district_kato", ""),
        headline=figures[0],
        whole=lang.say("n_of_d", n=figures[1], d=lang.number(whole)),
        parts=tuple((subject.by.values[value][lang.code], lang.number(count)) for value, count in row.get("parts", ()))
        if subject.by
        else (),
        lines=tuple(lines),
    )
