"""The catalogue and the SQL of its themes say the same, in three languages."""

import re
from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import ContractInvalid
from auyl.settings import REPOSITORY
from auyl.snapshot import catalogue

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
            assert all(texts[language].strip() for language in catalogue.LANGUAGES), i.id
        assert re.search("[әғқңөұүһі]", " ".join((i.names["kk"] + i.definitions["kk"]).lower().split())), i.id
        assert not re.search("[а-яё]", i.names["en"].lower()), i.id


def test_ids_are_unique_and_begin_with_their_theme() -> None:
    ids = [i.id for i in LOADED.indicators]
    assert len(set(ids)) == len(ids)
    assert all(i.id.startswith(i.theme + ".") for i in LOADED.indicators)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value: residents", "value: people", "people"),
        ("from person", "from persons", "core table"),
        ('"per 1,000 persons"', "per 1,000 persons", "000 persons"),
    ],
)
def test_a_broken_entry_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    for path in [*INCLUDE.glob("indicators/*.yaml"), *INCLUDE.glob("sql/indicators/*.sql")]:
        target = tmp_path / path.relative_to(INCLUDE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(ContractInvalid, match=told):
        catalogue.load(tmp_path)
