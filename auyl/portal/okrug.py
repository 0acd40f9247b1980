"""The okrug's page as lines of words: one line per indicator of the catalogue, also where there is no value."""

import datetime as dt
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from auyl.portal.language import SPACE, Language

FEWEST_CASES = 30  # below it a month's difference is mostly chance, and the page does not call it better or worse


@dataclass(frozen=True)
class Change:
    """Difference to the previous month. `tone` is good, bad or none; `word` is the same without colour."""

    text: str
    tone: str
    word: str


@dataclass(frozen=True)
class Line:
    """One indicator. `bound` says before a value that it is a lower bound.

    `value` is None when there is none, and `flag` is the reason in words.
    """

    name: str
    bound: str
    value: str | None
    unit: str
    fraction: str
    flag: str
    why: str
    change: Change | None
    as_of: str
    age: str
    sources: tuple[tuple[str, str], ...]
    responsible: str
    definition: str
    coverage: str


@dataclass
class ThemeRows:
    """A heading with its lines."""

    theme: str
    name: str
    lines: list[Line] = field(default_factory=list)


def themes(rows: Sequence[Any], sources: dict[str, dt.datetime], today: dt.date, lang: Language) -> list[ThemeRows]:
    """Lines of `sql/indicators.sql` grouped by theme, in the order of the catalogue.

    `sources` is registry → time of the extract that the revision rests on.
    """
    grouped: list[ThemeRows] = []
    for row in rows:
        if not grouped or grouped[-1].theme != row.theme:
            grouped.append(ThemeRows(row.theme, lang.name(row, "theme")))
        grouped[-1].lines.append(_line(row, sources, today, lang))
    return grouped


def _line(row: Any, sources: dict[str, dt.datetime], today: dt.date, lang: Language) -> Line:
    is_pct = row.unit == "pct"
    value = None if row.value is None else lang.number(row.value, row.decimals)
    fraction = ""
    if value is not None and row.numerator is not None and row.denominator is not None:
        n, d = lang.count(row.numerator), lang.count(row.denominator)
        fraction = lang.say("n_of_d" if is_pct else "n_per_d", n=n, d=d)
    dates = [(registry, sources[registry].date()) for registry in row.registries if registry in sources]
    received = tuple(
        (registry_name(r, lang), lang.say("received", date=lang.date(d), ago=lang.ago(d, today))) for r, d in dates
    )
    absent = tuple((registry_name(r, lang), str(lang["not_received"])) for r in row.registries if r not in sources)
    # a registry delivered today may be about a month ago: the page shows the older age
    known = [d for _, d in dates] + ([row.as_of] if row.as_of else [])
    flag, why = _flag(row, [name for name, _ in absent], lang)
    is_complete = row.coverage_pct is None or row.coverage_pct >= 100
    return Line(
        name=lang.name(row),
        bound=lang["at_least"] if row.flag == "at_least" else "",
        value=value,
        unit=lang.name(row, "unit"),
        fraction=fraction,
        flag=flag,
        why=why,
        change=_change(row, is_pct, lang),
        as_of=lang.say("as_of", date=lang.date(row.as_of)) if row.as_of and value is not None else "",
        age=lang.ago(min(known), today) if known and value is not None else "",
        sources=received + absent,
        responsible=lang.name(row, "responsible"),
        definition=lang.name(row, "definition"),
        coverage="" if is_complete else lang.number(row.coverage_pct, 1) + SPACE + "%",
    )


def _flag(row: Any, absent: list[str], lang: Language) -> tuple[str, str]:
    if row.flag == "suppressed":
        return lang["hidden"], lang["hidden_why"]
    if row.flag == "estimated":
        return lang["estimate"], lang["estimate_why"]
    if row.flag in ("at_least", "partial"):
        others = lang.say("not_counted", near=lang.count(row.rows_near), elsewhere=lang.count(row.rows_elsewhere))
        return lang["lower_bound" if row.flag == "at_least" else "partial"], others
    if row.flag == "ok":
        return "", ""
    if absent:
        return lang["no_data"], lang.say("missing_registry", names=", ".join(absent))
    if row.numerator is not None and not row.denominator:
        return lang["no_data"], lang["missing_denominator"]
    return lang["no_data"], lang["missing_rows"]


def _change(row: Any, is_pct: bool, lang: Language) -> Change | None:
    if row.value is None or row.value_before is None:
        return None
    step = Decimal(1).scaleb(-row.decimals)
    difference = row.value.quantize(step) - row.value_before.quantize(step)
    if not difference:
        return Change(lang["same_as_before"], "none", "")
    text = (
        ("▲" if difference > 0 else "▼")
        + SPACE
        + ("+" if difference > 0 else "")
        + lang.number(difference, row.decimals)
    )
    if is_pct:
        text += SPACE + lang["points"]
    cases = row.value if row.numerator is None else row.numerator
    if row.better == "none" or cases < FEWEST_CASES:
        return Change(text, "none", "")
    is_better = (difference > 0) == (row.better == "up")
    return Change(text, "good" if is_better else "bad", lang["better"] if is_better else lang["worse"])


def absent(registries: Set[str], missing: Sequence[Any], lang: Language) -> str:
    """Registries that are missing in the revision, in one line, each with what is known of it.

    `missing` are rows of `sql/missing.sql`; revisions published before there was that table have none.
    """
    known = {row.registry: row for row in missing}
    names = []
    for registry in sorted(registries):
        row = known.get(registry)
        notes = [lang["was_refused"]] if row and row.reason == "refused" else []
        if row:
            notes.append(
                lang.say("last_for", period=lang.month(row.last_period)) if row.last_period else lang["never_came"]
            )
        names.append(registry_name(registry, lang) + (f" ({', '.join(notes)})" if notes else ""))
    return ", ".join(names)


def registry_name(registry: str, lang: Language) -> str:
    """The registry in words; its id where the catalogue of words does not know it."""
    return str(lang["registries"].get(registry, registry))
