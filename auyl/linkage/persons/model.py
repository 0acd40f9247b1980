"""The model of persons that linkage runs: a trained Splink model in a file, and the thresholds set for it.

`include/linkage/person.json` is the model as Splink writes it: blocking rules, comparisons, trained weights.
`include/linkage/person.yaml` holds the thresholds. Training belongs to the laboratory (`lab.evaluation.training`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auyl.store import duck

FIELDS = ("surname", "given_name", "patronymic", "born", "place", "sex")


@dataclass(frozen=True)
class Model:
    """A trained model. Match weights are in bits: ten bits make a pair a thousand times likelier.

    `link_weight`: from this weight on a pair is a link. `review_weight`: from this weight on a person reviews it.
    `margin`: a record's best pair must outweigh its second best by this, or the record is ambiguous.
    `evidence`: the levels beside the names of which a link needs one, for a full name and for a part of a name.
    `trained`: the number of people and the seed of the synthetic oblast it was trained on.
    """

    settings: dict[str, Any]
    link_weight: float
    review_weight: float
    margin: float
    evidence: dict[str, dict[str, list[str]]]
    trained: dict[str, Any]

    @property
    def blocking_rules(self) -> list[str]:
        """SQL conditions over `l` (person) and `r` (record); a pair that meets any of them is compared."""
        return [rule["blocking_rule"] for rule in self.settings["blocking_rules_to_generate_predictions"]]

    @property
    def level_labels(self) -> dict[str, dict[int, str]]:
        """The label of each level of each field. Splink counts levels down to 0 for the last; -1 is a missing value."""
        labels: dict[str, dict[int, str]] = {}
        for comparison in self.settings["comparisons"]:
            levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
            numbered = {len(levels) - 1 - n: level["label_for_charts"] for n, level in enumerate(levels)}
            labels[comparison["output_column_name"]] = {**numbered, -1: "none"}
        return labels

    @property
    def is_evident(self) -> str:
        """SQL over the levels of a pair: whether it agrees in enough beside the names to be a link."""
        full_name, part_of_name = (self._any_level(self.evidence[kind]) for kind in ("full_name", "part_of_name"))
        is_part = self._any_level({"surname": ["none"], "given_name": ["none", "initial"]})
        return f"case when {is_part} then {part_of_name} else {full_name} end"

    def _any_level(self, fields: dict[str, list[str]]) -> str:
        labels = self.level_labels
        conditions = [
            f"{field} in ({', '.join(str(level) for level, label in labels[field].items() if label in chosen)})"
            for field, chosen in fields.items()
        ]
        return f"({' or '.join(conditions)})"


def load(include: Path) -> Model:
    """The current model. Raises FileNotFoundError if there is none."""
    thresholds = yaml.safe_load((include / "linkage" / "person.yaml").read_text(encoding="utf-8"))
    settings = json.loads((include / "linkage" / "person.json").read_text(encoding="utf-8"))
    weights = thresholds["weights"]
    return Model(
        settings, weights["link"], weights["review"], weights["margin"], thresholds["evidence"], thresholds["trained"]
    )


def sql(include: Path, name: str) -> str:
    """Text of `include/sql/linkage/persons/<name>.sql`."""
    return duck.sql(include / "sql" / "linkage" / "persons" / f"{name}.sql")
