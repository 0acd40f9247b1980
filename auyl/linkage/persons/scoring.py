"""Scoring: a trained model as SQL over pairs, and the blocks within which pairs are looked at.

Splink trains the model and gives it its form; it would also weigh the pairs, at a cost that grows faster than they do
(docs/decisions/0011-linkage.md). What is written here gives its weights and levels, which a test holds.
"""

from __future__ import annotations

import re
from math import log2
from typing import Any

COMPARED = (
    "surname", "given_name", "patronymic", "born", "born_swapped", "birth_year", "birth_day", "sex",
    "settlement_kato", "district_kato",
)  # fmt: skip


def _alike(column: str, letters: int, other: str | None = None) -> str:
    return f"substr(l.{column}, 1, {letters}) = substr(r.{other or column}, 1, {letters})"


_BORN = "l.born = r.born"
_SETTLED = "l.settlement_kato = r.settlement_kato"
_FULL_NAME = "l.surname = r.surname and l.given_name = r.given_name"
_FATHER = "l.surname = r.surname and l.patronymic = r.patronymic"
_CALLED = "l.given_name = r.given_name and l.patronymic = r.patronymic"
_SWAPPED = "l.surname = r.given_name and l.given_name = r.surname"
# Narrower than the model's own (auyl.linkage.persons.model, BLOCKING): who is born on a day and shares the first two
# letters of one name are ever more strangers as people are, so a second name, or the settlement, must begin alike.
BLOCKS = (
    f"{_BORN} and {_alike('given_name', 2)} and {_alike('surname', 1)}",
    f"{_BORN} and {_alike('given_name', 1)} and {_alike('surname', 2)}",
    f"{_BORN} and {_alike('given_name', 1)} and {_alike('patronymic', 3)}",
    f"{_BORN} and {_alike('surname', 1)} and {_alike('patronymic', 3)}",
    f"{_BORN} and {_alike('given_name', 1)} and {_SETTLED}",
    f"{_BORN} and {_alike('surname', 1)} and {_SETTLED}",
    f"{_BORN} and {_alike('patronymic', 1)} and {_SETTLED}",
    f"{_BORN} and {_alike('surname', 3, 'given_name')} and {_alike('given_name', 1, 'surname')}",
    f"{_BORN} and {_alike('given_name', 3, 'surname')} and {_alike('surname', 1, 'given_name')}",
    f"l.born_swapped = r.born and {_alike('given_name', 1)} and {_alike('surname', 2)}",
    "l.born_swapped = r.born and l.patronymic = r.patronymic",
    f"{_FULL_NAME} and l.birth_year = r.birth_year",
    f"{_FULL_NAME} and l.patronymic = r.patronymic",
    f"{_FULL_NAME} and l.birth_day = r.birth_day",
    f"{_FULL_NAME} and {_SETTLED}",
    f"{_FATHER} and l.birth_year = r.birth_year",
    f"{_FATHER} and l.birth_day = r.birth_day",
    f"{_FATHER} and {_SETTLED}",
    f"{_CALLED} and l.birth_year = r.birth_year and {_alike('surname', 1)}",
    f"{_CALLED} and {_SETTLED}",
    f"{_SWAPPED} and l.birth_year = r.birth_year",
    f"{_SWAPPED} and {_SETTLED}",
)


def candidates(known: str, records: str, blocks: tuple[str, ...] = BLOCKS) -> str:
    """SQL of the pairs of two tables that share a block: person_row and record_row, some more than once."""
    return " union all ".join(
        f"select l.rowid as person_row, r.rowid as record_row from {known} as l inner join {records} as r on {block}"
        for block in blocks
    )


def compared() -> str:
    """SQL of the columns of both sides as the model names them."""
    return ", ".join(f"{side}.{column} as {column}_{side}" for column in COMPARED for side in "lr")


def levels(settings: dict[str, Any]) -> str:
    """SQL of the level at which each field of a pair agrees: -1 where a side has none, 0 where it does not."""
    return ", ".join(
        f"(case {_conditions(comparison)} end)::tinyint as {comparison['output_column_name']}"
        for comparison in settings["comparisons"]
    )


def weight(settings: dict[str, Any]) -> str:
    """SQL of a pair's weight in bits from its levels."""
    prior = settings["probability_two_random_records_match"]
    parts = [f"{log2(prior / (1 - prior))!r}::double"]
    for comparison in settings["comparisons"]:
        field = comparison["output_column_name"]
        parts.append(f"case {field} {_weights(comparison)} end")
    return " + ".join(parts)


def _numbered(comparison: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Levels with the numbers that Splink gives them: down to 0 for the last, and -1 for what is not given."""
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
    """The same condition; the distance of Damerau and Levenshtein, ten times as dear as the others, is asked last.

    Who is one slip apart is at most two letters put in, left out or changed apart, and one longer or shorter.
    """
    return re.sub(
        r"damerau_levenshtein\((\w+), (\w+)\) <= 1",
        r"(abs(strlen(\1) - strlen(\2)) <= 1 and levenshtein(\1, \2) <= 2 and damerau_levenshtein(\1, \2) <= 1)",
        condition,
    )


# Every block holds to one of these: for each key the columns of the person, and the columns of the record in the turns
# in which a block may ask them.
_FIRST = {
    "surname_1": "substr(surname, 1, 1)",
    "given_name_1": "substr(given_name, 1, 1)",
    "patronymic_3": "substr(patronymic, 1, 3)",
}
KEYS: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (
        ("born", "given_name_1", "surname_1"),
        (
            ("born", "given_name_1", "surname_1"),
            ("born", "surname_1", "given_name_1"),
            ("born_swapped", "given_name_1", "surname_1"),
        ),
    ),
    (("born", "patronymic_3"), (("born", "patronymic_3"), ("born_swapped", "patronymic_3"))),
    (("born", "settlement_kato"), (("born", "settlement_kato"),)),
    (
        ("surname", "given_name", "birth_year"),
        (("surname", "given_name", "birth_year"), ("given_name", "surname", "birth_year")),
    ),
    (("surname", "given_name", "patronymic"), (("surname", "given_name", "patronymic"),)),
    (("surname", "given_name", "birth_day"), (("surname", "given_name", "birth_day"),)),
    (
        ("surname", "given_name", "settlement_kato"),
        (("surname", "given_name", "settlement_kato"), ("given_name", "surname", "settlement_kato")),
    ),
    (("surname", "patronymic", "birth_year"), (("surname", "patronymic", "birth_year"),)),
    (("surname", "patronymic", "birth_day"), (("surname", "patronymic", "birth_day"),)),
    (("surname", "patronymic", "settlement_kato"), (("surname", "patronymic", "settlement_kato"),)),
    (("given_name", "patronymic", "birth_year"), (("given_name", "patronymic", "birth_year"),)),
    (("given_name", "patronymic", "settlement_kato"), (("given_name", "patronymic", "settlement_kato"),)),
)


def keys_of_known(known: str, person: str) -> str:
    """SQL of the keys of persons, k0 and on, from their features; `person` is the SQL of who it is. Halves of hashes.

    Two keys may be one by chance: that brings a person who is then in no block.
    """
    keys = ", ".join(f"{_key(columns)} as k{n}" for n, (columns, _) in enumerate(KEYS))
    return f"select {person} as person, {keys} from {known}"


def near_by_key(index: str, records: str) -> str:
    """SQL of the persons of an index of keys who share one with a record of a table of features: person."""
    return " union ".join(
        f"select i.person from {index} as i semi join ({_keys_of_records(records, turns)}) as r on i.k{n} = r.key"
        for n, (_, turns) in enumerate(KEYS)
    )


def _keys_of_records(records: str, turns: tuple[tuple[str, ...], ...]) -> str:
    return " union ".join(
        f"select {_key(columns)} as key from {records} "
        f"where {' and '.join(f'{_FIRST.get(column, column)} is not null' for column in columns)}"
        for columns in turns
    )


def _key(columns: tuple[str, ...]) -> str:
    return f"(hash({', '.join(_FIRST.get(column, column) for column in columns)}) >> 32)::uinteger"
