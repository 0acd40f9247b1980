"""The catalogue and the SQL of its themes say the same, in three languages."""

import re
from pathlib import Path

import duckdb
import pytest

from auyl import contracts
from auyl.errors import ContractInvalid
from auyl.languages import LANGUAGES
from auyl.settings import REPOSITORY
from auyl.snapshot import catalogue
from auyl.snapshot.core import _inputs

INCLUDE = REPOSITORY / "include"
LOADED = catalogue.load(INCLUDE)


def test_at_least_25_indicators_over_the_six_registries() -> None:
    assert len(LOADED.indicators) >= 25
    assert LOADED.registries == [
        "ambulance", "budget_okrug", "employment", "livestock", "population", "social_assistance",
    ]  # fmt: skip
    assert set(LOADED.registries) <= set(contracts.names(INCLUDE))


def test_every_measure_is_used_and_every_theme_has_its_sql() -> None:
    used = {m.id for i in LOADED.indicators for m in (i.value, i.per) if m}
    assert used == set(LOADED.measures)
    themes = {path.stem for path in (INCLUDE / "sql" / "indicators").glob("*.sql")}
    assert themes == {theme.id for theme in LOADED.themes}


def test_every_text_stands_in_every_language_and_differs() -> None:
    for i in LOADED.indicators:
        for texts in (i.names, i.definitions, i.body):
            assert all(texts[language].strip() for language in LANGUAGES), i.id
        assert re.search("[әғқңөұүһі]", " ".join((i.names["kk"] + i.definitions["kk"]).lower().split())), i.id
        assert not re.search("[а-яё]", i.names["en"].lower()), i.id


def test_ids_are_unique_and_begin_with_their_theme() -> None:
    ids = [i.id for i in LOADED.indicators]
    assert len(set(ids)) == len(ids)
    assert all(i.id.startswith(i.theme + ".") for i in LOADED.indicators)


def copy_of(tmp_path: Path, old: str, new: str) -> Path:
    """The folder `include` as far as the catalogue reads it, with `old` replaced by `new` in every file."""
    for pattern in ("indicators/*.yaml", "sql/indicators/*.sql", "sql/core/*.sql", "contracts/*.yaml"):
        for path in INCLUDE.glob(pattern):
            target = tmp_path / path.relative_to(INCLUDE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "value: residents",
            "value: people",
            "population.yaml, indicators «population.residents», value: .*'population.people'",
        ),
        ("from person", "from persons", "population.sql: expected «from <core table>»"),
        ('"per 1,000 persons"', "per 1,000 persons", "unit.* 000 persons"),
        (
            "better: up",
            "better: upwards",
            "ambulance.yaml, .*«ambulance.within_norm», better: .*found 'upwards'",
        ),
        ("reportedByOkrug", "reportedByAkim", "reportedByAkim: Extra inputs are not permitted"),
        (
            "kind: proportion",
            "kind: count",
            "«population.children_share».*kind count: expected no measure below the line",
        ),
        ("kind: count", "kind: rate", "«population.residents».*kind rate: expected a measure below the line"),
        ("kind: sum", "kind: count", "«social.asp_amount».*kind count: expected measures of count"),
        ("needs: [2, 12]", "needs: [22]", "«population.children_share», needs.*less than or equal to 21"),
        ("class: small", "class: secret", "class: .*found 'secret'"),
        ("class: small", "class: sensitive", "class sensitive: expected no grain below the okrug"),
        ("decimals: 0", "decimals: none", "decimals: .*valid integer.*'none'"),
        ("noRows: zero", "noRows: none", "noRows: .*'zero' or 'missing', found 'none'"),
        ("body: interior_ministry", "body: ministry", "«population.residents», body: .*found 'ministry'"),
        ("Inputs: stage_livestock, place", "Inputs: place", "animal.sql: expected «Inputs: stage_<registry>, …»"),
        ("Inputs: stage_livestock, place.", "From livestock.", "animal.sql: expected «Inputs: .*found 'none'"),
        ("Inputs: stage_livestock", "Inputs: stage_cattle", "animal.sql, Inputs: no contract for cattle"),
        ("Inputs: stage_population", "Inputs: stage_population, jobseeker", "core tables need each other"),
    ],
)
def test_a_broken_entry_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ContractInvalid, match=message):
        catalogue.load(copy_of(tmp_path, old, new))


@pytest.mark.parametrize("path", sorted(INCLUDE.glob("sql/core/*.sql")), ids=lambda path: path.stem)
def test_the_inputs_in_the_head_of_a_core_table_are_the_relations_it_reads(
    con: duckdb.DuckDBPyConnection, path: Path
) -> None:
    assert set(_inputs(path)) == con.get_table_names(path.read_text("utf-8"))


def test_a_core_table_is_one_file_more(tmp_path: Path) -> None:
    include = copy_of(tmp_path, "", "")
    text = "-- Grain: site. Key: site_id. Inputs: stage_waste_sites, jobseeker, place.\nselect 1\n"
    (include / "sql" / "core" / "dump.sql").write_text(text, "utf-8")
    loaded = catalogue.load(include)
    assert loaded.core["dump"] == ("waste_sites", "employment", "population")
    assert list(loaded.core).index("dump") > list(loaded.core).index("jobseeker")
    assert set(loaded.registries) - set(LOADED.registries) == {"waste_sites"}
