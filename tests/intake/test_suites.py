"""One source of rules: the compiled scan and Great Expectations read every row expectation the same way."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import contracts
from auyl.errors import ContractInvalid
from auyl.intake import rules_digest
from auyl.settings import REPOSITORY, Settings, from_environment
from auyl.stage import scan as check
from auyl.stage import suites
from auyl.store import duck
from auyl.store.hash_key import set_person_key

INCLUDE, EXPECTATIONS = REPOSITORY / "include", REPOSITORY / "expectations"
REGISTRIES = contracts.names(INCLUDE)
# Cells that have been seen or that nobody expects; every column is given each of them in turn.
CELLS = [
    None, "", " ", "-", "?", "ИТОГО", "Тестов", "Тест", "Aйбек", "ОМАРОВ", "АЙБ?К", "980606350320", "801228419808",
    "801228419809", "98060635032", "150344003452", "0", "1", "2", "7", "-5", "1.0", "1,5", "46 228,00", "много",
    "10.2026", "2026-10", "09.2026", "31.10.2026", "31.02.2026", "2026-10-05", "2026-10-05 10:00:00",
    "2026-10-04 23:59:59", "2031-01-01", "2031-01-01 10:00:00",
    "01.01.2031", "1990-03-12", "12.03.1990", "194083100", "194083100.0",
    "1907244", "0201300000000017", "KZB112345678", "KZB212345678", "KZX9", "КРС", "МРС", "единорог", "АСП", "АСП2",
    "SEEKING", "PLACED", "отрицательный", "положительный", "неясный", "I. ДОХОДЫ", "true", "false",
    "398000000000000", "39800", "Собака", "жив", "Вакцинация", "Укус", "проведена", "4G",
    "IV квартал 2026", "III квартал 2026", "99999999", "#STRUCTURE! [1]",
]  # fmt: skip


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[suites.Suite, Any]]:
    """For each registry its suite and the candidate rows of the cells above, one row a (column, cell)."""
    from dataclasses import replace

    home = tmp_path_factory.mktemp("home")
    key = home / "hash.key"
    key.write_text("11" * 32)
    settings: Settings = replace(from_environment(), home=home, hash_key_file=key)
    found = {}
    for registry in REGISTRIES:
        contract = contracts.load(registry, INCLUDE)
        names = [column.name for column in contract.columns]
        good = {"month": "10.2026", "iin": "980606350320", "birth_date": "1998-06-06", "houses_planned": "1"}
        rows = [{n: good.get(n) for n in names} | {name: cell} for name in names for cell in CELLS]
        con = duck.connect(settings)
        set_person_key(con, settings)
        con.execute(
            f"create table r ({', '.join(f'{duck.identifier(n)} varchar' for n in names)}, "
            f"_file varchar, _record bigint)"
        )
        con.executemany(
            f"insert into r values ({', '.join('?' for _ in names)}, 'f', ?)",
            [[*row.values(), number] for number, row in enumerate(rows, start=1)],
        )
        check.define_views_over(con, INCLUDE, contract, "r", "2026-10")
        con.execute("create table candidates as select *, 1::bigint as _rank_in_key from candidate")
        found[registry] = (suites.load(contract.suite, EXPECTATIONS), con)
    return found


@pytest.mark.parametrize("registry", REGISTRIES)
def test_compiled_rules_count_what_great_expectations_counts(
    candidates: dict[str, tuple[suites.Suite, duckdb.DuckDBPyConnection]],
    registry: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.intake.gx_in_duckdb import unexpected_counts

    suite, con = candidates[registry]
    ours = {}
    for rule in suite.row_rules:
        ((ours[rule.rule],),) = con.execute(
            f"select count(*) filter (coalesce({rule.broken}, false)) from candidates"
        ).fetchall()
    written = [json.loads((EXPECTATIONS / name).read_text("utf-8")) for name in (f"{suite.name}.json", suites.CELLS)]
    expectations = [item for document in written for item in document["expectations"]]
    theirs = unexpected_counts(expectations, con, tmp_path / "candidates.duckdb", monkeypatch)
    assert ours == theirs
    silent = {rule for rule, count in ours.items() if not count} - {
        "one_row_per_key",
        "date_before_birth",
        "date_means_nothing",
        "received_at_agrees",  # of three times that agree with each other; see test_attributes
    }
    assert len(silent) <= 3, f"the cells never break {silent}"


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_column_that_is_converted_has_a_rule_for_what_cannot_be(registry: str) -> None:
    contract = contracts.load(registry, INCLUDE)
    suite = suites.load(contract.suite, EXPECTATIONS)
    conditions = " ".join(rule.broken for rule in suite.row_rules)
    stage = check.stage_sql(INCLUDE, contract)
    for column in contract.columns:
        if column.type != "string" and column.required and f"{column.name}\n" in stage.replace(",", "\n"):
            assert column.name in conditions, f"nothing is said of an unreadable {column.name}"


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_rule_tells_its_reason_in_both_languages(registry: str) -> None:
    suite = suites.load(contracts.load(registry, INCLUDE).suite, EXPECTATIONS)
    for rule in suite.row_rules:
        assert rule.reason_ru and rule.reason_kk and rule.reason_ru != rule.reason_kk
        assert rule.severity in ("critical", "warning")


def test_a_query_that_is_not_a_row_rule_is_refused(tmp_path: Path) -> None:
    rule = {
        "type": "unexpected_rows_expectation", "severity": "critical",
        "kwargs": {"unexpected_rows_query": "select 1 from {batch} join other using (x)"},
        "meta": {"rule": "odd", "level": "row", "reason_ru": "р", "reason_kk": "к"},
    }  # fmt: skip
    (tmp_path / "odd.json").write_text(json.dumps({"name": "odd", "expectations": [rule]}))
    with pytest.raises(ContractInvalid, match="a row rule reads"):
        suites.load("odd", tmp_path)


def with_limits(folder: Path, limits: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Bounds of each batch rule, by rule, of a suite without rules of its own."""
    for shared in (suites.BATCH, suites.CELLS):
        (folder / shared).write_bytes((EXPECTATIONS / shared).read_bytes())
    (folder / "own.json").write_text(json.dumps({"name": "own", "expectations": [], "meta": {"batch_limits": limits}}))
    return {e["meta"]["rule"]: e["kwargs"] for e in suites.load("own", folder).batch_expectations}


def test_a_suite_takes_the_shared_batch_rules_with_its_own_limits(tmp_path: Path) -> None:
    shared = with_limits(tmp_path, {})
    assert set(shared) == {"share_quarantined", "share_partly", "share_duplicates", "rows_to_previous"}
    own = with_limits(tmp_path, {"share_quarantined": {"max_value": 0.03}, "rows_to_previous": None})
    assert own == {
        "share_quarantined": {"column": "share_quarantined", "max_value": 0.03},
        "share_partly": shared["share_partly"],
        "share_duplicates": shared["share_duplicates"],
    }


def test_a_limit_of_an_unknown_batch_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractInvalid, match=r"own\.json: batch_limits: .*found share_lost"):
        with_limits(tmp_path, {"share_lost": {"max_value": 0.1}})


def test_another_limit_for_all_registries_makes_their_batches_again(settings: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    contract = contracts.load("pets", INCLUDE)
    before = rules_digest(settings, contract)
    folder = shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    shared = (folder / suites.BATCH).read_text("utf-8")
    (folder / suites.BATCH).write_text(shared.replace("0.2", "0.3"), "utf-8")
    assert rules_digest(replace(settings, expectations=folder), contract) != before


def test_stage_sql_with_a_placeholder_that_nobody_fills_is_refused(settings: Settings, tmp_path: Path) -> None:
    include = Path(shutil.copytree(INCLUDE, tmp_path / "include"))
    stage = include / "sql" / "stage" / "pets.sql"
    stage.write_text(stage.read_text("utf-8").replace("select\n", "select\n    ${unknown},\n", 1), "utf-8")
    contract = contracts.load("pets", include)
    with duck.connect(settings) as con:
        con.execute(f"create table r ({', '.join(f'{duck.identifier(c.name)} varchar' for c in contract.columns)}, "
                    "_file varchar, _record bigint)")  # fmt: skip
        set_person_key(con, settings)
        with pytest.raises(KeyError, match="unknown"):
            check.define_views_over(con, include, contract, "r", "2026-10")
        with pytest.raises(duckdb.Error):
            con.execute(check.stage_sql(INCLUDE, contract))
