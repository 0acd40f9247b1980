"""Every file of descriptions, rules and SQL is spoiled in many ways; each fault is reported with its file and line."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from auyl.checks import check_installation
from auyl.contracts.model import read
from auyl.settings import Settings, from_environment

# file, text, what stands in its place (None: the file is gone), words that are expected
Mutation = tuple[str, str, str | None, str]
SUITE, STAGE, CONTRACT = "expectations/{}.json", "include/sql/stage/{}.sql", "include/contracts/{}.odcs.yaml"


def _limit(column: str, bounds: str) -> str:
    """The beginning of a list of expectations with one on the batch."""
    return (
        '"expectations": [{"type": "expect_column_values_to_be_between", '
        f'"kwargs": {{"column": "{column}", {bounds}}}, "severity": "critical", '
        '"meta": {"rule": "x", "level": "batch", "reason_ru": "х", "reason_kk": "х"}}, '
    )


CONTRACTS: list[Mutation] = [
    ("include/contracts/land.odcs.yaml", "id: land", "id: lend", "id lend is not the name of the file"),
    ("include/contracts/loans.odcs.yaml", "logicalType: date", "logicalType: day", "'day' is not one of"),
    ("include/contracts/pets.odcs.yaml", "property: connection", "property: conection", "option connection is missing"),
    ("include/contracts/housing.odcs.yaml", "apiVersion: ", "apiVersion: [", "not YAML"),
    ("include/contracts/taxes.odcs.yaml", "property: place", "property: places", "is place meant?"),
    ("include/contracts/survey.odcs.yaml", "primaryKey: true", "primaryKey: yes please", "is not of type 'boolean'"),
    ("include/contracts/education.odcs.yaml", "servers:", "server:", "('server' was unexpected)"),
    (
        "include/contracts/disability.odcs.yaml",
        "classification: vault",
        "classification: valt",
        "no classification valt",
    ),
    ("include/contracts/livestock.odcs.yaml", "{period}.xlsx", "{perod}.xlsx", "{part}, not {perod}"),
    ("include/contracts/appeals.odcs.yaml", "value: 'appeals_", "value: '../appeals_", "a name without a folder"),
    ("include/contracts/internet.odcs.yaml", "physicalName: ", "physicalName: ~ #", "None is not of type 'string'"),
]
RULES: list[Mutation] = [
    (SUITE.format("land"), '"column": "', '"column": "no_such_', "no_such_"),
    (SUITE.format("loans"), '"reason_kk": "', '"reason_kkk": "', "expected a reason_kk"),
    (SUITE.format("pets"), '"severity": "critical"', '"severity": "fatal"', "expected critical, warning or info"),
    (SUITE.format("taxes"), '"level": "row"', '"level": "rows"', "expected row or batch"),
    (SUITE.format("survey"), '"expectations": [', '"expectations": [[', "JSONDecodeError"),
    (SUITE.format("education"), '"type": "expect_', '"type": "except_', "that Great Expectations has"),
    (SUITE.format("housing"), '"name": "housing"', '"name": "homes"', "name: expected housing"),
    (SUITE.format("livestock"), '"great_expectations_version"',
     '"batch_limits": {"share_quarantine": null}, "great_expectations_version"',
     "expected rules of _batch.json"),
    (SUITE.format("ambulance"), '"expectations": [',
     _limit("share_failed:no_such_rule", '"max_value": 0.1'), "«share_failed:no_such_rule»"),
    (SUITE.format("employment"), '"expectations": [',
     _limit("rows_in", '"min_value": 9, "max_value": 3'), "min_value 9 is above max_value 3"),
    (SUITE.format("budget_okrug"), '"expectations": [',
     _limit("rows_inn", '"min_value": 9'), "such as rows_in, found «rows_inn»"),
    (SUITE.format("population"), "select * from {batch} where ", "select iin from {batch} where ", "a row rule reads"),
    (SUITE.format("civil_acts"), "select * from {batch} where ", "select * from {batch} where nosuchfunction(1) or ",
     "nosuchfunction"),
    (SUITE.format("business_register"), '"meta": {', '"meta": {"mostly": 7, ', "mostly: expected a number from 0 to 1"),
    (SUITE.format("subsidies"), '"meta": {', '"meta": {"mosly": 0.9, ', "found «mosly»"),
    (SUITE.format("clinic_attachment"), '"expectations": [', '"expectations": [], "others": [', "found none"),
    (SUITE.format("veterinary_events"), "select * from {batch} where ",
     "select * from {batch} where regexp_matches(_file, '(a') or ", "missing )"),
    (SUITE.format("road_map"), '"severity"', '"severity": "critical", "severity"', "«severity»: twice"),
    (CONTRACT.format("family_card"), "", None, "no contract names it"),
    (SUITE.format("disability"), "", None, "expected its suite disability.json, found none"),
    (STAGE.format("subsidies"), "", None, "expected its stage SQL subsidies.sql, found none"),
    (STAGE.format("household_book"), "\nselect", "\nselect no_such_column,", "no_such_column"),
    (STAGE.format("loans"), "    application_number,", "    application_number, 'N ' || applicant_number as remark,",
     "«remark»: expected nothing of a column that stage leaves out"),
    (STAGE.format("appeals"), "-- Grain:", "-- Row:", "expected Grain:"),
    (STAGE.format("waste_sites"), "\nfrom ", "\nfrom from ", "syntax error"),
]  # fmt: skip
CATALOGUES: list[Mutation] = [
    ("include/indicators/social.yaml", "unit: persons", "unit: person", "expected one of the units"),
    ("include/indicators/social.yaml", "value: asp_residents\n    per", "value: asp_resident\n    per",
     "expected one of the measures"),
    ("include/indicators/livestock.yaml", "      ru: ", "      rus: ", "expected a text in each of kk, ru, en"),
    ("include/indicators/livestock.yaml", "better: ", "beter: ", "Extra inputs are not permitted"),
    ("include/indicators/budget.yaml", "body: ", "body: no_such_", "expected one of the bodies"),
    ("include/indicators/population.yaml", "  - id: population.children_share", "  - id: population.residents",
     "twice in the catalogue"),
    ("include/indicators/ambulance.yaml", "position: ", "position: 1 #", "another theme has it"),
    ("include/indicators/_units.yaml", "thousand_kzt: {", "thousand_kzt: {de: Tausend, ", "expected a text in each"),
    ("include/sql/indicators/employment.sql", "from jobseeker", "from job_seeker", "expected «from <core table>»"),
    ("include/contradictions/home.yaml", "owner: clinic_attachment", "owner: nobody", "one of the two sides as owner"),
    ("include/contradictions/money.yaml", "registry: ", "registry: no_such_", "expected registries with a contract"),
    ("include/contradictions/death.yaml", "severity: ", "severity: very_", "Input should be 'high', 'medium' or 'low'"),
    ("include/survivorship/herd.yaml", "registry: livestock", "registry: lifestock",
     "such as livestock, not lifestock"),
    ("include/survivorship/person.yaml", "type: ", "type: no_such_", "Input should be"),
    ("include/survivorship/parcel.yaml", "freshnessMonths: ", "freshnesMonths: ", "Extra inputs are not permitted"),
    ("include/subjects/veterinary.yaml", "worst: highest", "worst: most", "Input should be"),
    ("include/subjects/ambulance.yaml", "position: ", "position: 1\nposition: ", "stands twice in one mapping"),
    ("include/sql/subjects/veterinary_by_settlement.sql", "-- Grain:", "-- Of:", "expected Grain:"),
    ("include/sql/core/animal.sql", "Inputs: ", "Inputs: stage_no_such, ", "no contract for no_such"),
    ("include/sql/territory/kato.sql", "select", "selekt", "syntax error"),
    ("include/sql/ledger/extracts.sql", "-- Grain:", "-- Of:", "expected Grain:"),
    ("include/linkage/blocking.yaml", "\n", "\n] ", "not YAML"),
]  # fmt: skip
# Each file is good by itself; what it asks the one before it is not there.
CHAIN: list[Mutation] = [
    ("include/sql/core/animal.sql", "a.tested_on between", "a.tested_onn between", "tested_onn"),
    ("include/sql/contradictions/heads_disagree.sql", "select", "select no_such_column,", "no_such_column"),
]
LATER_LINKS: list[Mutation] = [
    ("include/sql/indicators/livestock.sql", "species = 'cattle'", "speces = 'cattle'", "speces"),
    ("include/sql/subjects/veterinary_by_settlement.sql", " as heads", " as hds", "found no heads"),
]
GATE: list[Mutation] = [
    ("expectations/snapshot.json", '"column": "share_missing"', '"column": "share_mising"', "found «share_mising»"),
    ("expectations/snapshot.json", '"column": "value_pct"', '"column": "value_pc"', "found «value_pc»"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Settings]:
    own = from_environment()
    include, expectations = tmp_path / "include", tmp_path / "expectations"
    copytree(own.include, include)
    copytree(own.expectations, expectations)
    yield replace(own, include=include, expectations=expectations)
    read.cache_clear()


def test_what_is_installed_has_no_fault(copy: Settings) -> None:
    assert check_installation(copy) == []


@pytest.mark.parametrize(
    "mutations",
    [CONTRACTS, RULES, CATALOGUES, CHAIN, LATER_LINKS, GATE],
    ids=["contracts", "rules", "catalogues", "chain", "later_links", "gate"],
)
def test_all_faults_are_reported_at_once(copy: Settings, mutations: list[Mutation]) -> None:
    root = copy.include.parent
    for name, text, instead, _ in mutations:
        path = root / name
        if instead is None:
            path.unlink()
            continue
        content = path.read_text(encoding="utf-8")
        assert text in content, (name, text)
        path.write_text(content.replace(text, instead, 1), encoding="utf-8")
    faults = check_installation(copy)
    lines_of_faults = [str(fault) for fault in faults]
    missed = []
    for name, _, _, words in mutations:
        stem = Path(name).name.split(".")[0]
        of_file = [line for line in lines_of_faults if line.startswith(f"{stem}.")]
        if not any(words in line for line in of_file):
            missed.append((name, words, of_file))
    assert missed == []
    assert all("\n" not in line and len(line) < 600 for line in lines_of_faults)
    files = {Path(name).name for name, _, instead, _ in mutations if instead is not None}
    lines = {fault.file: fault.line for fault in faults}
    changed = {path.name: path for path in root.rglob("*.*") if path.name in files}
    assert all(1 <= lines.get(name, 1) <= len(path.read_text("utf-8").splitlines()) for name, path in changed.items())
