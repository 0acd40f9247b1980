"""Link rows whose only fault is the person number to persons, by names, birth date and place.

Weights are those of the project's model. Only persons who share a birth date or two names with some record are merged;
pairs are compared in Python, one by one, since they are few.
"""

from __future__ import annotations

import json
from functools import cache
from math import log2
from typing import Any

import numpy as np
import pandas as pd

from bench import REPOSITORY
from bench.pandas_way.clean import LEGACY, RUSSIFIED, corrected, is_typo, keyed_hash, over_distinct
from bench.pandas_way.judge import Batch
from bench.pandas_way.read import WHERE

NUMBER_RULES = {"iin_present", "iin_checksum"}
LINK, REVIEW, MARGIN = 4.0, 0.0, 3.0
NAMES = ["surname", "given_name", "patronymic"]
STATED = [*NAMES, "birth_date", "settlement", "district"]
FIELDS = [*NAMES, "born", "place", "sex"]
LINK_COLUMNS = ["registry", *WHERE, "record_key", "person_key", "method", "outcome", "weight", "next_weight"]
PAIR_COLUMNS = ["record_key", "person_key", "weight", *(f"{field}_level" for field in FIELDS)]
# Blocking rules: pairs that agree on all columns of one of them are compared. Columns of the record, of the person.
BLOCKS = (
    ("born given_1 surname_1", "born given_1 surname_1"),
    ("born surname_1 given_1", "born given_1 surname_1"),
    ("swapped given_1 surname_1", "born given_1 surname_1"),
    ("born patronymic", "born patronymic"),
    ("swapped patronymic", "born patronymic"),
    ("born settlement", "born settlement"),
    ("surname given_name year", "surname given_name year"),
    ("given_name surname year", "surname given_name year"),
    ("surname given_name patronymic", "surname given_name patronymic"),
    ("surname given_name settlement", "surname given_name settlement"),
    ("surname patronymic year", "surname patronymic year"),
    ("surname patronymic settlement", "surname patronymic settlement"),
    ("given_name patronymic year", "given_name patronymic year"),
    ("given_name patronymic settlement", "given_name patronymic settlement"),
)


def _root(endings: str, letters: int, key: pd.Series) -> pd.Series:
    return key.where(key.str.len() < letters, key.str.replace(rf"(?:{endings})$", "", regex=True))


def _name_key(names: pd.Series) -> pd.Series:
    names = corrected(names.str.translate(LEGACY)).str.lower().str.translate(RUSSIFIED)
    return names.str.replace(r"[\W_ьъ]+", "", regex=True)


def _surname(names: pd.Series) -> pd.Series:
    return _root("й?(?:улы|кызы)|(?:ов|ев|ин)(?:ич|на|а)?|ский|ская", 5, _name_key(names))


def _patronymic(names: pd.Series) -> pd.Series:
    return _root("[ий]?(?:улы|кызы)|[ий]?[ое](?:вич|вна)|инична|ич", 4, _name_key(names))


def features(rows: pd.DataFrame) -> pd.DataFrame:
    """Compared columns for each of `rows` (names, birth_date, settlement, district), with the same index."""
    days = rows["birth_date"].dt
    keys = {"surname": _surname, "given_name": _name_key, "patronymic": _patronymic}
    names = pd.DataFrame({name: over_distinct(rows[name], keys[name]) for name in NAMES})
    return names.assign(
        born=days.year * 10_000 + days.month * 100 + days.day,
        settlement=rows["settlement"],
        district=rows["district"],
        sex=rows["sex"] if "sex" in rows else pd.Series(np.nan, index=rows.index, dtype="str"),
    )


def without_number(batch: Batch) -> pd.DataFrame:
    """Typed rows of a batch that are quarantined solely because of their number."""
    critical = set(batch.failed.loc[batch.failed["severity"] == "critical", "rule"])
    quarantined = batch.quarantine.dropna(subset="_record").query("_outcome == 'quarantined'")
    broken = [set(rules.split("; ")) & critical for rules in quarantined["_rules"]]
    only = quarantined.loc[[bool(rules) and rules <= NUMBER_RULES for rules in broken], WHERE]
    return batch.typed.merge(only.astype({"_record": batch.typed["_record"].dtype}), on=WHERE)


def link(records: pd.DataFrame, people: pd.DataFrame, secret: bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Links and pairs. `records`: registry, is_singular, WHERE, iin and STATED of rows `without_number`.

    Links have a row for each of `records`: record_key, person_key, method, outcome (link, review, none), weight,
    next_weight. Pairs: record_key, person_key, weight and the level of each field. A singular registry has one row per
    person.
    """
    stated = records[["registry", "iin", *STATED]].astype("str").fillna("")
    records = records.assign(record_key=keyed_hash(stated.agg("\x1f".join, axis=1).astype("str"), secret))
    distinct = records.drop_duplicates("record_key").set_index("record_key")
    of_records = _with_parts(features(distinct)).rename_axis("record_key")
    near = _near(features(people.set_index("person_key")), of_records)
    pairs = _pairs(of_records, _with_parts(near).rename_axis("person_key"))
    weighed = _weigh(pairs, of_records, near)
    repaired = _repaired(pairs, of_records, near, distinct["iin"], people.set_index("person_key")["iin"])
    chosen = _choose(weighed, distinct["registry"], distinct["is_singular"])
    chosen = pd.concat([repaired, chosen]).drop_duplicates("record_key")
    links = records[["registry", *WHERE, "record_key"]].merge(chosen, on="record_key", how="left")
    return links.fillna({"method": "none", "outcome": "none"}).reindex(columns=LINK_COLUMNS), weighed


def _near(people: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    days = pd.concat([records["born"], records["swapped"]]).dropna()
    names = pd.concat([records["surname"], records["given_name"]]).dropna()
    shared = (
        people["surname"].isin(names).astype(int)
        + people["given_name"].isin(names)
        + people["patronymic"].isin(records["patronymic"].dropna())
    )
    return people[people["born"].isin(days) | (shared >= 2)]


def _with_parts(rows: pd.DataFrame) -> pd.DataFrame:
    born = rows["born"]
    return rows.assign(
        swapped=born // 10_000 * 10_000 + born % 100 * 100 + born // 100 % 100,
        year=born // 10_000,
        surname_1=rows["surname"].str[:1],
        given_1=rows["given_name"].str[:1],
    )


def _pairs(records: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    found = []
    for of_record, of_person in BLOCKS:
        left, right = of_record.split(), of_person.split()
        some = records.dropna(subset=left).reset_index()[["record_key", *left]]
        others = people.reset_index()[["person_key", *right]]
        found.append(some.merge(others, left_on=left, right_on=right)[["record_key", "person_key"]])
    return pd.concat(found, ignore_index=True).drop_duplicates(ignore_index=True)


def _model() -> tuple[float, dict[str, dict[str, tuple[int, float]]]]:
    """The prior in bits; by field and name of a level its number, as the model counts them, and its weight in bits."""
    model: dict[str, Any] = json.loads((REPOSITORY / "include/linkage/person.json").read_text(encoding="utf-8"))
    prior = model["probability_two_random_records_match"]
    weights = {}
    for comparison in model["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        weights[comparison["output_column_name"]] = {
            level["label_for_charts"]: (len(levels) - n, log2(level["m_probability"] / level["u_probability"]))
            for n, level in enumerate(levels, 1)
        }
    return log2(prior / (1 - prior)), weights


def _weigh(pairs: pd.DataFrame, records: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    prior, weights = _model()
    left, right = records.to_dict("index"), people.to_dict("index")
    rows = []
    for record, person in pairs.itertuples(index=False):
        weight, levels = prior, []
        for field, level in zip(FIELDS, _levels(left[record], right[person]), strict=True):
            number, bits = weights[field][level] if level else (-1, 0.0)
            weight += bits
            levels.append(number)
        if weight >= REVIEW:
            rows.append((record, person, round(weight, 4), *levels))
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _levels(a: dict[str, Any], b: dict[str, Any]) -> tuple[str | None, ...]:
    """At which level each of FIELDS agrees; None where a side has none."""

    def given(*values: object) -> bool:
        return all(value == value and value is not None for value in values)

    swapped = a["surname"] == b["given_name"] or a["given_name"] == b["surname"]
    woman = "f" in (a["sex"], b["sex"])
    surname = given(a["surname"], b["surname"]) and (
        _alike(a["surname"], b["surname"], swapped, True) or ("woman" if woman else "other")
    )
    given_name = given(a["given_name"], b["given_name"]) and (
        _alike(a["given_name"], b["given_name"], swapped, True) or "other"
    )
    father = given(a["patronymic"], b["patronymic"]) and (
        _alike(a["patronymic"], b["patronymic"], False, False) or "other"
    )
    born = given(a["born"], b["born"]) and _born(int(a["born"]), int(b["born"]))
    place = given(a["settlement"], b["settlement"]) and (
        "settlement"
        if a["settlement"] == b["settlement"]
        else "district"
        if a["district"] == b["district"]
        else "other"
    )
    sex = given(a["sex"], b["sex"]) and ("exact" if a["sex"] == b["sex"] else "other")
    return tuple(level or None for level in (surname, given_name, father, born, place, sex))


def _alike(a: str, b: str, swapped: bool, asks_alike: bool) -> str | None:
    if a == b:
        return "exact"
    if is_typo(a, b) or jaro_winkler(a, b) >= 0.92:
        return "near"
    if swapped:
        return "swapped"
    return "alike" if asks_alike and jaro_winkler(a, b) >= 0.8 else None


def _born(a: int, b: int) -> str:
    if a == b:
        return "exact"
    if a == b // 10_000 * 10_000 + b % 100 * 100 + b // 100 % 100:
        return "swapped"
    if a // 100 == b // 100:
        return "day"
    return "year" if a % 10_000 == b % 10_000 and abs(a // 10_000 - b // 10_000) in (1, 10) else "other"


@cache
def jaro_winkler(a: str, b: str) -> float:
    """Likeness of Jaro and Winkler, 0 to 1. No package for it is among those that the project pins."""
    reach = max(max(len(a), len(b)) // 2 - 1, 0)
    free, matched = list(b), []
    for i, letter in enumerate(a):
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            if free[j] == letter:
                free[j] = ""
                matched.append((letter, j))
                break
    if not matched:
        return 0.0
    turned = sum(letter != b[j] for (letter, _), j in zip(matched, sorted(j for _, j in matched), strict=True)) // 2
    m = len(matched)
    jaro = (m / len(a) + m / len(b) + (m - turned) / m) / 3
    prefix = next((n for n, (x, y) in enumerate(zip(a[:4], b[:4], strict=False)) if x != y), min(len(a), len(b), 4))
    return jaro + prefix * 0.1 * (1 - jaro) if jaro > 0.7 else jaro


def _repaired(
    pairs: pd.DataFrame, records: pd.DataFrame, people: pd.DataFrame, stated: pd.Series, numbers: pd.Series
) -> pd.DataFrame:
    """Records whose number is one slip from that of the only person of its whole name and birth date."""
    both = pairs.assign(stated=pairs["record_key"].map(stated), number=pairs["person_key"].map(numbers))
    both = both[both["stated"].str.len().between(8, 12)]
    a, b = records.loc[both["record_key"]].reset_index(), people.loc[both["person_key"]].reset_index()
    same = (a["born"] == b["born"]) & (a["surname"] == b["surname"]) & (a["given_name"] == b["given_name"])
    same &= a["patronymic"].isna() | (a["patronymic"] == b["patronymic"])
    both = both[same.to_numpy()]
    slips = [is_typo(x.zfill(12), y) and x != y for x, y in zip(both["stated"], both["number"], strict=True)]
    found = both.loc[slips, ["record_key", "person_key"]].drop_duplicates("record_key", keep=False)
    return found.assign(method="number_repaired", outcome="link")


def _choose(weighed: pd.DataFrame, registry: pd.Series, is_singular: pd.Series) -> pd.DataFrame:
    """The heaviest pair of each record; in a singular registry it must be the heaviest of its person too."""
    held = weighed[["record_key", "person_key", "weight"]].sort_values(
        ["weight", "person_key"], ascending=[False, True]
    )
    held["registry"], held["is_singular"] = held["record_key"].map(registry), held["record_key"].map(is_singular)
    held["next_weight"] = held.groupby("record_key")["weight"].shift(-1)
    of_person = held.groupby(["registry", "person_key"])["weight"]
    torn = (of_person.transform("max") > held["weight"]) | held.duplicated(
        ["registry", "person_key", "weight"], keep=False
    )
    best = held.drop_duplicates("record_key")
    is_link = (best["weight"] >= LINK) & ~(best["weight"] - best["next_weight"] < MARGIN)
    is_link &= ~(best["is_singular"].astype(bool) & torn.reindex(best.index))
    chosen = best[["record_key", "person_key", "weight", "next_weight"]]
    return chosen.assign(method="weighed", outcome=np.where(is_link, "link", "review"))
