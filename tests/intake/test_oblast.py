"""Codes lie in the oblast that this installation serves: for every registry whose rows have a KATO, from one place."""

from dataclasses import replace

import duckdb
import pytest

from auyl import contracts
from auyl.intake.batch import rules_digest
from auyl.settings import REPOSITORY, Settings, from_environment
from auyl.stage import suites
from auyl.stage.oblast import former_codes, oblast_rule
from auyl.stage.suites import IN_OBLAST
from auyl.store import paths
from auyl.store.lake import Lake

ALL = contracts.load_all(REPOSITORY / "include")
# Which code an earlier edition gave to a place, and where it lies now.
CHANGES = [("194600000", "333600000"), ("196430000", None), ("514400000", "194400000"), ("195200000", "195200000")]


@pytest.fixture
def settings(tmp_path: object) -> Settings:
    return replace(from_environment(), lake=str(tmp_path), oblast_kato="190000000")


def write_changes(settings: Settings, con: duckdb.DuckDBPyConnection, edition: str) -> Lake:
    lake = Lake(settings.lake)
    lake.prepare(paths.changes_folder(edition))
    con.execute("create or replace temp table change (code varchar, successor_kato varchar)")
    con.executemany("insert into change values (?, ?)", CHANGES)
    con.execute(f"copy change to '{lake.address(paths.changes_file(edition))}' (format parquet)")
    return lake


def rejected(con: duckdb.DuckDBPyConnection, settings: Settings, codes: list[str | None]) -> list[str]:
    rule = oblast_rule(settings, Lake(settings.lake), contracts.load("housing", settings.include))
    assert rule is not None
    rows = con.execute(f"select kato from (select unnest($codes) as kato) where {rule.broken}", {"codes": codes})
    return [row[0] for row in rows.fetchall()]


def test_every_registry_with_a_kato_has_the_rule_except_the_classifier_of_places(settings: Settings) -> None:
    lake = Lake(settings.lake)
    with_kato = {c.registry for c in ALL if any(column.name == "kato" for column in c.columns)}
    having = {c.registry for c in ALL if oblast_rule(settings, lake, c)}
    assert having == with_kato - {"territory"}
    assert len(having) == 21
    for contract in ALL:
        rule = oblast_rule(settings, lake, contract)
        suite = suites.load(contract.suite, settings.expectations, *([rule] if rule else []))
        assert [r.is_critical for r in suite.row_rules if r.rule == IN_OBLAST.rule] == [True] * bool(rule)


def test_a_code_of_another_oblast_is_rejected_and_what_is_no_code_is_left_to_other_rules(
    settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    codes = ["194083100", "394083100", "750000000", "390000000", "39408310", "", None, "3940831000", "19-40-83"]
    assert rejected(con, settings, codes) == ["394083100", "750000000", "390000000"]


def test_a_former_code_of_a_place_of_this_oblast_belongs_to_it(
    settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    before = rules_digest(settings, contracts.load("housing", settings.include))
    assert rejected(con, settings, ["514400000"]) == ["514400000"]
    lake = write_changes(settings, con, "NK-2")
    assert former_codes(settings, lake) == ("514400000",)
    assert rejected(con, settings, ["514400000", "194600000", "514500000"]) == ["514500000"]
    assert rules_digest(settings, contracts.load("housing", settings.include)) != before
    # Жетісу was part of 19 until 2022: its own former codes, and no others of that oblast.
    zhetisu = replace(settings, oblast_kato="330000000")
    assert rejected(con, zhetisu, ["194600000", "333600000", "195200000", "196430000"]) == ["195200000", "196430000"]


def test_another_oblast_is_another_rule(settings: Settings) -> None:
    housing = contracts.load("housing", settings.include)
    there = replace(settings, oblast_kato="270000000")
    assert rules_digest(settings, housing) != rules_digest(there, housing)
    territory = contracts.load("territory", settings.include)
    assert rules_digest(settings, territory) == rules_digest(there, territory)
