"""Suites of `expectations/`: the one source of rules, read as the row rules of a scan and as what a batch must hold.

Great Expectations never returns all failing rows, so its row expectations are compiled here into SQL conditions that
one scan evaluates for every row; it judges the batch on the outcome (`auyl.stage.judge`). A test holds both readings
of every row expectation equal.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from auyl.errors import ContractInvalid
from auyl.store.duck import identifier, literal

RANK = "_rank_in_key"
# The rule of every suite that asks for it: the key is counted by another row.
RANK_RULE = "one_row_per_key"
# Rules that all registries share: on batches, and on cells that hold no value.
BATCH = "_batch.json"
CELLS = "_cells.json"
# What a batch rule can ask beside `share_failed:<rule>`. Great Expectations is not asked about an absent column, so a
# misspelt one would switch its rule off.
BATCH_COLUMNS = ("rows_in", "share_quarantined", "share_partly", "share_duplicates", "rows_to_previous")
# Those whose reason is followed by the names of the columns.
REQUIRED_CELL = "required_cell_unreadable"
OTHER_KIND = "cell_of_another_kind"
CELL_RULES = (REQUIRED_CELL, "cell_unreadable", OTHER_KIND)
# `about` of a rule on the person's number. A row that breaks only such rules can be linked to its person.
PERSON_NUMBER = "person_number"
# `about` of a rule on what a row is: a total, a heading, a test, a row of another month. Nothing is missing without it.
NO_CASE = "no_case"


@dataclass(frozen=True)
class RowRule:
    """A rule on one row. `broken` is the SQL condition under which a row breaks it; null does not break it.

    `about` names what the rule is about where that decides what becomes of the row (`PERSON_NUMBER`, `NO_CASE`).
    `costs` are the columns of stage that are not believed in such a row: the row counts without them, and goes back to
    its owner all the same.
    """

    rule: str
    severity: str
    broken: str
    reason_ru: str
    reason_kk: str
    mostly: float | None = None
    about: str | None = None
    costs: tuple[str, ...] = ()

    @property
    def is_critical(self) -> bool:
        """Does it quarantine the row?"""
        return self.severity == "critical"

    @property
    def counts_nothing(self) -> bool:
        """Is a row that breaks it about nothing which the period counts?"""
        return self.about == NO_CASE

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

    @property
    def immediate(self) -> list[RowRule]:
        """Rules that a row answers by itself, in the order of their bits."""
        return [rule for rule in self.row_rules if not rule.needs_rank]

    @property
    def bits(self) -> list[RowRule]:
        """All row rules in the order of their bits."""
        return [*self.immediate, *self.ranked]

    @property
    def ranked(self) -> list[RowRule]:
        """Rules that need the rank of the row among those of its key."""
        return [rule for rule in self.row_rules if rule.needs_rank]


# What a format says of a line that never becomes a row; no suite can see these.
LINE_RULES = tuple(
    RowRule(rule, "critical", "false", reason_ru, reason_kk, about=NO_CASE if rule == "heading_repeated" else None)
    for rule, reason_ru, reason_kk in (
        ("column_count", "Другое число столбцов, чем в заголовке", "Бағандар саны тақырыптағыдай емес"),
        ("heading_repeated", "Заголовок таблицы среди строк данных", "Деректер арасында кесте тақырыбы қайталанған"),
        ("record_unreadable", "Запись повреждена и не читается", "Жазба бүлінген, оқылмайды"),
        ("above_heading", "Строка данных выше заголовка таблицы", "Деректер жолы кесте тақырыбынан жоғары тұр"),
        (
            "line_not_in_encoding",
            "Строка записана в другой кодировке, чем файл",
            "Жол файлдың өзінен басқа кодтауда жазылған",
        ),
        (
            "line_quotes",
            "Кавычки внутри ячейки не удвоены, столбцы строки не определить",
            "Ұяшық ішіндегі тырнақшалар қосарланбаған, жолдың бағандарын анықтау мүмкін емес",
        ),
        ("line_unreadable", "Строка не читается как запись JSON", "Жол JSON жазбасы ретінде оқылмайды"),
    )
)


# Compiled for each registry whose rows have a KATO (`auyl.stage.oblast`). A batch that breaks it mostly is refused.
WRONG_OBLAST = 0.5
IN_OBLAST = RowRule(
    "kato_in_oblast",
    "critical",
    "false",
    "Код КАТО другой области, не той, которой служит система",
    "КАТО коды басқа облыстікі, жүйе қызмет ететін облыстікі емес",
    mostly=1 - WRONG_OBLAST,
)


def load(name: str, folder: Path, *more: RowRule) -> Suite:
    """Read the suite `name`, with the rules that all registries share (`_batch.json`, `_cells.json`) and `more`.

    `meta.batch_limits` of a suite gives its own limits by shared rule; null leaves the rule out.
    Raises ContractInvalid when a rule cannot be compiled.
    """
    file = f"{name}.json"
    document = _read(folder / file)
    rules = [_row_rule(item, file) for item in document["expectations"] if item["meta"]["level"] == "row"]
    rules += [_row_rule(item, CELLS) for item in _read(folder / CELLS)["expectations"]]
    rules += more
    names = [rule.rule for rule in rules]
    if len(set(names)) < len(names) or len(names) > 62:
        raise ContractInvalid(f"{file}: expected different rule names, 62 row rules at most; found {len(names)} rules")
    batch = [
        *_shared(document.get("meta", {}).get("batch_limits", {}), folder, file),
        *(item for item in document["expectations"] if item["meta"]["level"] == "batch"),
        *(_share_failed(rule, rule.mostly) for rule in rules if rule.mostly is not None),
    ]
    outcomes = {*BATCH_COLUMNS, *(f"share_failed:{rule.rule}" for rule in (*rules, *LINE_RULES))}
    for item in batch:
        asked = item["kwargs"].get("column")
        if asked not in outcomes:
            near = get_close_matches(str(asked), sorted(outcomes), n=1, cutoff=0)
            expected = f"rule «{item['meta']['rule']}»: expected a column of a batch, such as {near[0]}"
            raise ContractInvalid(f"{file}: {expected}, found «{asked}»")
    return Suite(document["name"], tuple(rules), tuple(batch))


def files(name: str, folder: Path) -> list[Path]:
    """The files that a suite is read from."""
    return [folder / f"{name}.json", folder / BATCH, folder / CELLS]


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractInvalid(f"{path.name}: {error}") from error
    return document


def _shared(limits: dict[str, dict[str, float] | None], folder: Path, file: str) -> list[dict[str, Any]]:
    """The batch rules of all registries, with the suite's own `limits`."""
    shared = {item["meta"]["rule"]: item for item in _read(folder / BATCH)["expectations"]}
    if unknown := limits.keys() - shared.keys():
        raise ContractInvalid(f"{file}: batch_limits: expected rules of {BATCH}, found {', '.join(sorted(unknown))}")
    own = {rule: limits.get(rule, {}) for rule in shared}
    return [
        shared[rule] | {"kwargs": shared[rule]["kwargs"] | kwargs} for rule, kwargs in own.items() if kwargs is not None
    ]


def _row_rule(item: dict[str, Any], file: str) -> RowRule:
    meta = item["meta"]
    about = meta.get("about")
    if about not in (None, PERSON_NUMBER, NO_CASE):
        raise ContractInvalid(f"{file}: {meta['rule']}: about: expected {PERSON_NUMBER} or {NO_CASE}, found {about}")
    costs = tuple(meta.get("costs", ()))
    if costs and item["severity"] == "critical":
        raise ContractInvalid(f"{file}: {meta['rule']}: costs: expected of a warning; a critical rule costs the row")
    broken, mostly = _compile(item, file), meta.get("mostly")
    return RowRule(meta["rule"], item["severity"], broken, meta["reason_ru"], meta["reason_kk"], mostly, about, costs)


def _share_failed(rule: RowRule, mostly: float) -> dict[str, Any]:
    """The expectation that at least a share `mostly` of the rows keeps `rule`.

    The outcome of a batch is one row, and the maximum of a column is judged twice as fast as its values.
    """
    return {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": f"share_failed:{rule.rule}", "max_value": round(1 - mostly, 9)},
        "severity": rule.severity,
        "meta": {"rule": rule.rule, "reason_ru": rule.reason_ru, "reason_kk": rule.reason_kk},
    }


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
