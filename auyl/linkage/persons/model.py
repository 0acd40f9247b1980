"""The model of persons: which fields are compared at which levels, and how it is trained.

What runs is the file `include/linkage/person.json`, as Splink writes it, with the trained weights; this module makes it
anew. `include/linkage/person.yaml` holds the thresholds and says what the model was trained on.
Nothing of a model depends on the records at hand: the prior is that of `KNOWN_PERSONS` whatever there are, and no
frequency of names is taken from them. So a pair weighs the same today and tomorrow, alone and among millions.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from auyl.store import duck
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb

# Of so many persons one is meant: an oblast's order of magnitude. A smaller number would trust a pair more.
KNOWN_PERSONS = 2_000_000
# What training never saw may still happen.
UNSEEN = 0.001
NEAR = 0.92
ALIKE = 0.8
# Within these Splink would look at pairs; they stand in the model's file. What runs is narrower: scoring.BLOCKS.
BLOCKING = (
    "l.born = r.born and substr(l.given_name, 1, 2) = substr(r.given_name, 1, 2)",
    "l.born = r.born and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)",
    "l.born = r.born and substr(l.patronymic, 1, 3) = substr(r.patronymic, 1, 3)",
    "l.born = r.born and l.settlement_kato = r.settlement_kato",
    "l.born = r.born and substr(l.surname, 1, 3) = substr(r.given_name, 1, 3)",
    "l.born_swapped = r.born and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)",
    "l.surname = r.surname and l.given_name = r.given_name and l.birth_year = r.birth_year",
    "l.surname = r.surname and l.given_name = r.given_name and l.patronymic = r.patronymic",
    "l.surname = r.surname and l.given_name = r.given_name and l.birth_day = r.birth_day",
    "l.surname = r.surname and l.given_name = r.given_name and l.settlement_kato = r.settlement_kato",
    "l.surname = r.surname and l.patronymic = r.patronymic and l.birth_year = r.birth_year",
    "l.surname = r.surname and l.patronymic = r.patronymic and l.settlement_kato = r.settlement_kato",
    "l.given_name = r.given_name and l.patronymic = r.patronymic and l.birth_year = r.birth_year",
    "l.given_name = r.given_name and l.patronymic = r.patronymic and l.settlement_kato = r.settlement_kato",
    "l.surname = r.given_name and l.given_name = r.surname and l.birth_year = r.birth_year",
    "l.surname = r.given_name and l.given_name = r.surname and l.settlement_kato = r.settlement_kato",
)


@dataclass(frozen=True)
class Model:
    """A trained model. Weights are in bits: ten make a pair a thousand times likelier.

    `link_weight`: from here on a pair is a link. `review_weight`: from here on a person looks at it.
    `margin`: by so much a record's best pair must outweigh its second, or nobody can tell which is meant.
    """

    settings: dict[str, Any]
    link_weight: float
    review_weight: float
    margin: float
    trained: dict[str, Any]


def load(include: Path) -> Model:
    """The current model. Raises FileNotFoundError where there is none."""
    facts = yaml.safe_load((include / "linkage" / "person.yaml").read_text(encoding="utf-8"))
    settings = json.loads((include / "linkage" / "person.json").read_text(encoding="utf-8"))
    weights = facts["weights"]
    return Model(settings, weights["link"], weights["review"], weights["margin"], facts["trained"])


def spelling(con: duckdb.DuckDBPyConnection, include: Path, names: str) -> str:
    """Create `<names>_spelling` with the keys of the names in a relation, and return its name."""
    query = duck.bind(duck.sql(include / "sql" / "linkage" / "person_spelling.sql"), names=names)
    con.execute(f"create or replace temp table {names}_spelling as {query}")
    return f"{names}_spelling"


def features(con: duckdb.DuckDBPyConnection, include: Path, records: str, target: str) -> None:
    """Create the table `target` with what the model compares, a row for each of the relation `records`."""
    query = duck.bind(
        duck.sql(include / "sql" / "linkage" / "person_features.sql"),
        records=records,
        spelling=spelling(con, include, records),
    )
    con.execute(f"create or replace temp table {target} as {query}")


def linker(con: duckdb.DuckDBPyConnection, settings: Any, known: str, keyless: str) -> Any:
    """Splink's linker over two tables of features; in its answers they are called `known` and `record`."""
    return quiet_linker(con, settings, {"known": known, "record": keyless})


def quiet_linker(con: duckdb.DuckDBPyConnection, settings: Any, tables: dict[str, str]) -> Any:
    """Splink's linker over tables of a connection, by the names that its answers give them."""
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    # It tells of its progress as warnings.
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(con)
    registered = [api.register(table, dataset_display_name=name) for name, table in tables.items()]
    return Linker(registered, settings, log_level=logging.ERROR)


def train(con: duckdb.DuckDBPyConnection, include: Path, known: str, keyless: str, seed: int) -> dict[str, Any]:
    """The settings with weights learned from two relations whose column `label` tells who is meant.

    How often strangers agree is counted on pairs drawn by `seed`, how often one person agrees on the labelled pairs.
    """
    for relation in (known, keyless):
        features(con, include, relation, f"{relation}_features")
        con.execute(
            f"create or replace temp table {relation}_labelled as select f.*, r.label from {relation}_features as f "
            f"inner join {relation} as r using (unique_id) order by unique_id"
        )
    # One thread: sums of several come in any order, and the last digit of a weight with them.
    con.execute("set threads = 1")
    try:
        trained = linker(con, _untrained(), f"{known}_labelled", f"{keyless}_labelled")
        trained.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=seed)
        trained.training.estimate_m_from_label_column("label")
        settings: dict[str, Any] = trained.misc.save_model_to_json()
    finally:
        con.execute("reset threads")
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level.setdefault("m_probability", UNSEEN)
                level.setdefault("u_probability", UNSEEN)
    settings["probability_two_random_records_match"] = 1 / KNOWN_PERSONS
    settings["linker_uid"] = "person"  # a random word otherwise
    return settings


def _untrained() -> Any:
    import splink.comparison_level_library as levels
    from splink import SettingsCreator
    from splink.blocking_rule_library import CustomRule
    from splink.comparison_library import CustomComparison

    def when(sql: str, label: str) -> Any:
        return levels.CustomLevel(sql, label_for_charts=label)

    def near(column: str, label: str) -> Any:
        # One letter in a short name is too much for Jaro and Winkler.
        return when(
            f"damerau_levenshtein({column}_l, {column}_r) <= 1 "
            f"or jaro_winkler_similarity({column}_l, {column}_r) >= {NEAR}",
            label,
        )

    def alike(column: str) -> Any:
        return when(f"jaro_winkler_similarity({column}_l, {column}_r) >= {ALIKE}", "alike")

    def compare(name: str, *chosen: Any) -> Any:
        return CustomComparison(output_column_name=name, comparison_levels=list(chosen))

    def exact(column: str, label: str = "exact") -> Any:
        return levels.ExactMatchLevel(column).configure(label_for_charts=label)

    otherwise = levels.ElseLevel().configure(label_for_charts="other")
    null = levels.NullLevel
    swapped = when("surname_l = given_name_r or given_name_l = surname_r", "swapped")
    comparisons = [
        compare(
            "surname",
            null("surname"),
            exact("surname"),
            near("surname", "near"),
            swapped,
            alike("surname"),
            when("sex_l = 'f' or sex_r = 'f'", "woman"),
            otherwise,
        ),
        compare(
            "given_name",
            null("given_name"),
            exact("given_name"),
            near("given_name", "near"),
            swapped,
            alike("given_name"),
            otherwise,
        ),
        compare("patronymic", null("patronymic"), exact("patronymic"), near("patronymic", "near"), otherwise),
        compare(
            "born",
            null("born"),
            exact("born"),
            when("born_l = born_swapped_r", "swapped"),
            when("left(born_l, 6) = left(born_r, 6)", "day"),
            when("birth_day_l = birth_day_r and abs(birth_year_l - birth_year_r) in (1, 10)", "year"),
            otherwise,
        ),
        compare(
            "place",
            null("settlement_kato"),
            exact("settlement_kato", "settlement"),
            exact("district_kato", "district"),
            otherwise,
        ),
        compare("sex", null("sex"), exact("sex"), otherwise),
    ]  # fmt: skip
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="unique_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[CustomRule(rule) for rule in BLOCKING],
        # With the columns come the levels at which they agree.
        retain_matching_columns=True,
    )


def write(include: Path, settings: dict[str, Any], facts: dict[str, Any]) -> None:
    """Put a trained current model. The thresholds stay as they are."""
    folder = include / "linkage"
    (folder / "person.json").write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path = folder / "person.yaml"
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    kept["trained"] = facts
    head = "".join(line for line in path.read_text(encoding="utf-8").splitlines(True) if line.startswith("#"))
    path.write_text(head + yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")


def read_laboratory(con: duckdb.DuckDBPyConnection, known: Path, keyless: Path) -> None:
    """Create `lab_known`, `lab_record` (with label) and `lab_truth` (record, person, kinds) from two Parquet files."""
    con.execute(
        f"create or replace temp table lab_known as select person as unique_id, person as label, * exclude (person) "
        f"from read_parquet({literal(str(known))})"
    )
    con.execute(
        f"create or replace temp table lab_record as select record::varchar as unique_id, "
        f"coalesce(person, 'stranger ' || record) as label, * exclude (record, person, kinds) "
        f"from read_parquet({literal(str(keyless))})"
    )
    con.execute(
        f"create or replace temp table lab_truth as select record::varchar as record, person, kinds "
        f"from read_parquet({literal(str(keyless))})"
    )
