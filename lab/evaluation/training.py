"""Training of the model of persons on a synthetic oblast, whose records say which person each of them is.

Nothing of the model depends on the records at hand: the prior is the same whatever came, and name frequencies are not
used. So a pair has the same match weight today and tomorrow, alone and among millions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from auyl.linkage.persons.match_weights import create_features, create_linker, open_splink
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.duck import literal
from lab.evaluation.comparisons import comparisons
from lab.synthetic import foreign_noise, keyless
from lab.synthetic.keyless import Laboratory

if TYPE_CHECKING:
    import duckdb

# Prior: one true match among this many people, an oblast's order of magnitude. A smaller number trusts a pair more.
PRIOR_POPULATION = 2_000_000
# Probability of an agreement level that training never saw.
SMOOTHING = 0.001


def read_synthetic(con: duckdb.DuckDBPyConnection, known: Path, *keyless: Path) -> None:
    """Create `lab_known`, `lab_record` (both with label) and `ground_truth` (record, person, kinds).

    The Parquet files are those of `lab.synthetic.keyless`. Records of several files are numbered through.
    """
    files = ", ".join(literal(str(file)) for file in keyless)
    con.execute(
        "create or replace temp view lab_keyless as select * replace (row_number() over () as record) "
        f"from read_parquet([{files}])"
    )
    con.execute(
        f"create or replace temp table lab_known as select person as unique_id, person as label, * exclude (person) "
        f"from read_parquet({literal(str(known))})"
    )
    con.execute(
        "create or replace temp table lab_record as select record::varchar as unique_id, "
        "coalesce(person, 'stranger ' || record) as label, * exclude (record, person, kinds) "
        "from lab_keyless"
    )
    con.execute(
        "create or replace temp table ground_truth as select record::varchar as record, person, kinds from lab_keyless"
    )


def make_records(folder: Path, noise: str, people: int, seed: int, is_training: bool = False) -> Laboratory:
    """Synthetic persons and records with our own noise or with the foreign one, of which training sees half."""
    if noise == "foreign":
        return foreign_noise.make(folder, people, seed, variants="even" if is_training else "all")
    return keyless.make(folder, people, seed)


def train_on(settings: Settings, folder: Path, people: int, seed: int, noises: list[str]) -> dict[str, Any]:
    """Splink settings trained on an oblast of `people` persons whose records have each of these kinds of noise."""
    with duck.connect(settings) as con:
        parts = [make_records(folder / noise, noise, people, seed, is_training=True) for noise in noises]
        read_synthetic(con, parts[0].known, *(part.keyless for part in parts))
        return train(con, settings.include, "lab_known", "lab_record", seed)


def train(con: duckdb.DuckDBPyConnection, include: Path, known: str, keyless: str, seed: int) -> dict[str, Any]:
    """Splink settings with weights learned from two relations, in which equal values of `label` mean the same person.

    Random pairs drawn by `seed` show how often strangers agree; pairs with the same label, how often one person does.
    """
    for relation in (known, keyless):
        create_features(con, include, relation)
        con.execute(
            f"create or replace temp table {relation}_labelled as select f.*, r.label from {relation}_features as f "
            f"inner join {relation} as r using (unique_id) order by unique_id"
        )
    # One thread: the order of summation changes the last digit of a weight.
    con.execute("set threads = 1")
    try:
        linker = create_linker(
            open_splink(con), _untrained(include), {"known": f"{known}_labelled", "record": f"{keyless}_labelled"}
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=seed)
        linker.training.estimate_m_from_label_column("label")
        settings: dict[str, Any] = linker.misc.save_model_to_json()
    finally:
        con.execute("reset threads")
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level.setdefault("m_probability", SMOOTHING)
                level.setdefault("u_probability", SMOOTHING)
    settings["probability_two_random_records_match"] = 1 / PRIOR_POPULATION
    settings["linker_uid"] = "person"  # otherwise a random word
    return settings


def _untrained(include: Path) -> Any:
    from splink import SettingsCreator
    from splink.blocking_rule_library import CustomRule

    rules = yaml.safe_load((include / "linkage" / "blocking.yaml").read_text(encoding="utf-8"))
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="unique_id",
        comparisons=comparisons(),
        blocking_rules_to_generate_predictions=[CustomRule(rule) for rule in rules],
        # Splink returns the levels at which columns agree only together with the columns.
        retain_matching_columns=True,
    )


def write(include: Path, settings: dict[str, Any], trained: dict[str, Any]) -> None:
    """Replace the current model by trained settings. The thresholds stay as they are."""
    folder = include / "linkage"
    (folder / "person.json").write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path = folder / "person.yaml"
    text = path.read_text(encoding="utf-8")
    thresholds = yaml.safe_load(text) | {"trained": trained}
    comment = "".join(line for line in text.splitlines(True) if line.startswith("#"))
    path.write_text(comment + yaml.safe_dump(thresholds, allow_unicode=True, sort_keys=False), encoding="utf-8")
