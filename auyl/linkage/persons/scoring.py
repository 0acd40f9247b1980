"""Scoring: a trained Splink model as SQL over candidate pairs.

Splink trains the model; running its own prediction costs more (docs/decisions/0011-linkage.md). A test holds the
weights and levels of this SQL equal to Splink's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log2
from typing import Any

COMPARED = (
    "surname", "given_name", "patronymic", "born", "born_swapped", "birth_year", "birth_day", "sex",
    "settlement_kato", "district_kato",
)  # fmt: skip


def candidates(blocking_rules: Sequence[str], known: str, records: str) -> str:
    """SQL of the pairs of two tables that meet a blocking rule: person_row and record_row, some more than once."""
    return " union all ".join(
        f"select l.rowid as person_row, r.rowid as record_row from {known} as l inner join {records} as r on {rule}"
        for rule in blocking_rules
    )


def compared_columns() -> str:
    """SQL of the columns of both sides as the model names them."""
    return ", ".join(f"{side}.{column} as {column}_{side}" for column in COMPARED for side in "lr")


def levels(settings: dict[str, Any]) -> str:
    """SQL of the level at which each field of a pair agrees: -1 where a side has none, 0 where it does not."""
    return ", ".join(
        f"(case {_conditions(comparison)} end)::tinyint as {comparison['output_column_name']}"
        for comparison in settings["comparisons"]
    )


def match_weight(settings: dict[str, Any]) -> str:
    """SQL of a pair's match weight in bits from its levels."""
    prior = settings["probability_two_random_records_match"]
    parts = [f"{log2(prior / (1 - prior))!r}::double"]
    for comparison in settings["comparisons"]:
        field = comparison["output_column_name"]
        parts.append(f"case {field} {_weights(comparison)} end")
    return " + ".join(parts)


def _numbered(comparison: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Levels with Splink's numbers: down to 0 for the last, and -1 for a missing value."""
    left = sum(not level.get("is_null_level") for level in comparison["comparison_levels"])
    numbered = []
    for level in comparison["comparison_levels"]:
        left -= not level.get("is_null_level")
        numbered.append((-1 if level.get("is_null_level") else left, level))
    return numbered


def _conditions(comparison: dict[str, Any]) -> str:
    return " ".join(
        f"else {number}" if level["sql_condition"] == "ELSE" else f"when {_cheap(level['sql_condition'])} then {number}"
        for number, level in _numbered(comparison)
    )


def _weights(comparison: dict[str, Any]) -> str:
    return " ".join(
        f"when {number} then {0.0 if number < 0 else log2(level['m_probability'] / level['u_probability'])!r}::double"
        for number, level in _numbered(comparison)
    )


def _cheap(condition: str) -> str:
    """The same condition, but Damerau–Levenshtein, ten times as expensive as the others, is evaluated last.

    Two names one edit apart differ by at most one in length and by at most two in plain Levenshtein distance.
    """
    return re.sub(
        r"damerau_levenshtein\((\w+), (\w+)\) <= 1",
        r"(abs(strlen(\1) - strlen(\2)) <= 1 and levenshtein(\1, \2) <= 2 and damerau_levenshtein(\1, \2) <= 1)",
        condition,
    )
