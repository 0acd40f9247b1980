"""The comparisons of the model of persons: for each field, the levels at which two people may agree.

Training gives each level its weight, and Splink writes the conditions into `include/linkage/person.json`. The labels
have words in `include/linkage/words.yaml`. The first level that holds counts.
"""

from __future__ import annotations

from typing import Any

JARO_HIGH = 0.92
JARO_LOW = 0.8


def comparisons() -> list[Any]:
    """Splink's comparisons of surname, given_name, patronymic, born, place and sex, over columns of person_features."""
    return [_surname(), _given_name(), _patronymic(), _born(), _place(), _compare("sex", "sex", _exact("sex"))]


def _surname() -> Any:
    part = _when("surname_l = surname_other_r or surname_other_l in (surname_r, surname_other_r)", "part")
    woman = _when("sex_l = 'f' or sex_r = 'f'", "woman")
    name = "surname"
    return _compare(name, name, _exact(name), part, _near(name), _swapped(), _two_letters(name), _alike(name), woman)


def _given_name() -> Any:
    name = "given_name"
    return _compare(name, name, _exact(name), _initial(name), _near(name), _swapped(), _two_letters(name), _alike(name))


def _patronymic() -> Any:
    name = "patronymic"
    return _compare(name, name, _exact(name), _initial(name), _near(name), _two_letters(name), _alike(name))


def _born() -> Any:
    return _compare(
        "born",
        "born",
        _exact("born"),
        _when("born_l = born_swapped_r", "swapped"),
        # one digit is another, or two neighbours changed places
        _when(
            "hamming(born_l, born_r) = 1 or (hamming(born_l, born_r) = 2 and damerau_levenshtein(born_l, born_r) = 1)",
            "digit",
        ),
        # 1 January is what a clerk writes who knows the year alone
        _when("birth_year_l = birth_year_r and (birth_day_r = '0101' or birth_day_l = '0101')", "new_year"),
        _when("left(born_l, 6) = left(born_r, 6)", "day"),
        _when("birth_day_l = birth_day_r", "year"),
        _when("birth_year_l = birth_year_r", "same_year"),
    )


def _place() -> Any:
    # A record may name the district alone, so only a missing district is a missing place.
    settlement, district = _exact("settlement_kato", "settlement"), _exact("district_kato", "district")
    return _compare("place", "district_kato", settlement, district)


def _compare(name: str, column: str, *chosen: Any) -> Any:
    import splink.comparison_level_library as levels
    from splink.comparison_library import CustomComparison

    other = levels.ElseLevel().configure(label_for_charts="other")
    return CustomComparison(output_column_name=name, comparison_levels=[levels.NullLevel(column), *chosen, other])


def _when(sql: str, label: str) -> Any:
    import splink.comparison_level_library as levels

    return levels.CustomLevel(sql, label_for_charts=label)


def _exact(column: str, label: str = "exact") -> Any:
    import splink.comparison_level_library as levels

    return levels.ExactMatchLevel(column).configure(label_for_charts=label)


def _initial(column: str) -> Any:
    return _when(
        f"least(strlen({column}_l), strlen({column}_r)) = 1 and {column}_l[1] = {column}_r[1]",
        "initial",
    )


def _near(column: str) -> Any:
    # One letter in a short name is too large a difference for Jaro–Winkler. Damerau–Levenshtein is ten times as
    # expensive as the other comparisons: names one edit apart differ by at most one letter in length and by at most
    # two in plain Levenshtein distance, which is cheaper to find out.
    names = f"{column}_l, {column}_r"
    return _when(
        f"(abs(strlen({column}_l) - strlen({column}_r)) <= 1 and levenshtein({names}) <= 2 "
        f"and damerau_levenshtein({names}) <= 1) or jaro_winkler_similarity({names}) >= {JARO_HIGH}",
        "near",
    )


def _swapped() -> Any:
    # A surname made of the father's name agrees with his daughter's patronymic, which counts already.
    return _when(
        "surname_l = given_name_r or given_name_l = surname_r "
        "or (surname_l = patronymic_r and patronymic_l is distinct from patronymic_r)",
        "swapped",
    )


def _two_letters(column: str) -> Any:
    names = f"{column}_l, {column}_r"
    return _when(
        f"least(strlen({column}_l), strlen({column}_r)) >= 6 and abs(strlen({column}_l) - strlen({column}_r)) <= 2 "
        f"and levenshtein({names}) <= 4 and damerau_levenshtein({names}) <= 2",
        "two_letters",
    )


def _alike(column: str) -> Any:
    return _when(f"jaro_winkler_similarity({column}_l, {column}_r) >= {JARO_LOW}", "alike")
