"""Suites of `expectations/`: the one source of rules, read as the row rules of a scan and as what a batch must hold.

Great Expectations never returns all failing rows, so its row expectations are compiled here into SQL conditions that
one scan evaluates for every row; it judges the batch on the outcome (`auyl.stage.judge`). A test holds both readings
of every row expectation equal.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auyl.errors import ContractInvalid
from auyl.store.duck import identifier, literal

RANK = "_rank_in_key"
# `about` of a rule on the person's number. A row that breaks only such rules can be linked to its person.
PERSON_NUMBER = "person_number"


@dataclass(frozen=True)
class RowRule:
    """A rule on one row. `broken` is the SQL condition under which a row breaks it; null does not break it.

    `about` names what the rule is about where that decides what becomes of the row (`PERSON_NUMBER`).
    """

    rule: str
    severity: str
    broken: str
    reason_ru: str
    reason_kk: str
    mostly: float | None = None
    about: str | None = None

    @property
    def is_critical(self) -> bool:
        """Does it quarantine the row?"""
        return self.severity == "critical"

    @property
    def needs_rank(self) -> bool:
        """Can it only be asked after rows of one key were ranked?"""
        return RANK in self.broken


@dataclass(frozen=True)
class Suite:
    """A suite: rules on rows, and the expectations on the batch as Great Expectations takes them."""

    name: str
    row_rules: tuple[RowRule, ...]
    batch_expectations: tuple[dict[str, Any], ...]
    text: str

    @property
    def immediate(self) -> list[RowRule]:
        """Rules that a row answers by itself, in the order of their bits."""
        return [rule for rule in self.row_rules if not rule.needs_rank]

    @property
    def ranked(self) -> list[RowRule]:
        """Rules that need the rank of the row among those of its key."""
        return [rule for rule in self.row_rules if rule.needs_rank]


# What a format says of a line that never becomes a row; no suite can see these.
LINE_RULES = tuple(
    RowRule(rule, "critical", "false", reason_ru, reason_kk)
    for rule, reason_ru, reason_kk in (
        ("column_count", "Другое число столбцов, чем в заголовке", "Бағандар саны тақырыптағыдай емес"),
        ("heading_repeated", "Заголовок таблицы среди строк данных", "Деректер арасында кесте тақырыбы қайталанған"),
        ("line_unreadable", "Строка не читается как запись JSON", "Жол JSON жазбасы ретінде оқылмайды"),
    )
)


def load(name: str, folder: Path) -> Suite:
    """Read the suite `name`. Raises ContractInvalid when a rule cannot be compiled."""
    path = folder / f"{name}.json"
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise ContractInvalid(f"{path.name}: {error}") from error
    rules: list[RowRule] = []
    batch: list[dict[str, Any]] = []
    for item in document["expectations"]:
        meta = item["meta"]
        if meta["level"] == "batch":
            batch.append(item)
            continue
        broken = _compile(item, path.name)
        about = meta.get("about")
        if about not in (None, PERSON_NUMBER):
            raise ContractInvalid(f"{path.name}: {meta['rule']}: about: expected {PERSON_NUMBER}, found {about}")
        rules.append(
            RowRule(
                meta["rule"], item["severity"], broken, meta["reason_ru"], meta["reason_kk"], meta.get("mostly"), about
            )
        )
    names = [rule.rule for rule in rules]
    if len(set(names)) < len(names) or len(names) > 62:
        raise ContractInvalid(f"{path.name}: rule names must differ, and 62 row rules are the most that one scan takes")
    return Suite(document["name"], tuple(rules), tuple(batch), text)


def _compile(item: dict[str, Any], file: str) -> str:
    kind, kwargs = item["type"], item["kwargs"]
    if kind == "unexpected_rows_expectation":
        # Great Expectations formats the query, hence the doubled braces in the file.
        query = kwargs["unexpected_rows_query"].format(batch="batch")
        match = re.fullmatch(r"select \* from batch where (.+)", query, flags=re.DOTALL)
        if not match:
            raise ContractInvalid(f"{file}: {item['meta']['rule']}: a row rule reads «select * from {{batch}} where …»")
        return match.group(1)
    column = identifier(kwargs["column"])
    if kind == "expect_column_values_to_not_be_null":
        return f"{column} is null"
    if kind == "expect_column_values_to_be_in_set":
        return f"{column} not in ({', '.join(_constant(v) for v in kwargs['value_set'])})"
    if kind == "expect_column_values_to_match_regex":
        return f"not regexp_matches({column}, {literal(kwargs['regex'])})"
    if kind == "expect_column_value_lengths_to_equal":
        return f"length({column}) <> {int(kwargs['value'])}"
    if kind == "expect_column_values_to_be_between":
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        conditions = [f"{column} < {_constant(low)}"] if low is not None else []
        conditions += [f"{column} > {_constant(high)}"] if high is not None else []
        return "(" + " or ".join(conditions) + ")"
    raise ContractInvalid(f"{file}: {item['meta']['rule']}: no compiler for {kind}")


def _constant(value: object) -> str:
    return literal(value) if isinstance(value, str) else repr(value)
