"""A row is staged, linkable, quarantined or a duplicate: decided once, at intake, and all four in one account."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy.exc import IntegrityError

from auyl import contracts, ledger
from auyl.errors import ContractInvalid
from auyl.settings import Settings
from auyl.stage import suites
from auyl.stage.linkable import counted_rows, linkable_table
from auyl.store import duck
from auyl.store.lake import Lake
from tests.extracts import PERIOD, iin, jobseeker, page, person, population_xml, social_csv, social_row
from tests.intake.conftest import TakeIn

BAD = "123456789012"
ROWS = [social_row(n) for n in range(1, 41)]
MIXED = [
    *ROWS,
    social_row(50, ИИН=BAD),                              # lacks only the number
    social_row(51, ИИН=""),                               # lacks only the number
    social_row(52, ИИН=BAD, **{"СУММА, ТЕНГЕ": "много"}), # breaks another critical rule too
    social_row(53, **{"СУММА, ТЕНГЕ": "много"}),          # breaks only another critical rule
    social_row(54, ИИН="", **{"ДАТА РОЖДЕНИЯ": "н/д"}),   # lacks the number; the other rule is a warning
    social_row(50, ИИН=BAD),                              # repeats a row
]  # fmt: skip


def outcomes(settings: Settings, registry: str) -> dict[int, str]:
    """Outcome of each row that was not staged, by record."""
    (batch,) = ledger.current_batches(settings, registry, PERIOD)
    path = Lake(settings.lake).address(batch.quarantine_path)
    return dict(duckdb.sql(f"select _record, _outcome from '{path}'").fetchall())


def test_a_row_that_lacks_only_the_number_is_linkable_and_any_other_critical_fault_quarantines_it(
    take_in: TakeIn, settings: Settings
) -> None:
    result = take_in("social_assistance", {"s.csv": social_csv(MIXED)})
    assert (result.rows_in, result.staged, result.linkable, result.quarantined, result.duplicates) == (46, 40, 3, 2, 1)
    assert outcomes(settings, "social_assistance") == {
        41: "linkable", 42: "linkable", 43: "quarantined", 44: "quarantined", 45: "linkable", 46: "duplicate",
    }  # fmt: skip


def test_linkable_rows_are_kept_typed_with_all_that_they_say_of_the_person(take_in: TakeIn, settings: Settings) -> None:
    take_in("social_assistance", {"s.csv": social_csv(MIXED)})
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    lake = Lake(settings.lake)
    rows = duckdb.sql(f"from '{lake.address(str(batch.linkable_path))}'").df()
    assert list(rows["_record"]) == [41, 42, 45]
    assert list(rows["iin"].fillna("")) == [BAD, "", ""]
    assert {"surname", "given_name", "patronymic", "birth_date"} <= set(rows.columns)
    staged = duckdb.sql(f"from '{lake.address(batch.stage_path)}'")
    kinds = dict(zip(staged.columns, staged.types, strict=True))
    linkable = duckdb.sql(f"from '{lake.address(str(batch.linkable_path))}'")
    for name, kind in zip(linkable.columns, linkable.types, strict=True):
        assert kinds.get(name, kind) == kind, name
    assert set(staged.columns) - set(linkable.columns) == {"person_key", "_warned", "_unreadable"}


def test_a_registry_that_names_nobody_has_no_linkable_rows(take_in: TakeIn, settings: Settings) -> None:
    people = [*(person(n) for n in range(1, 41)), person(50, iin=BAD)]
    result = take_in("population", {"p.xml": population_xml(people)})
    assert (result.linkable, result.quarantined) == (0, 1)
    (batch,) = ledger.current_batches(settings, "population", PERIOD)
    assert batch.linkable_path is None


def test_linkable_rows_count_as_rejected_where_a_suite_limits_them(take_in: TakeIn) -> None:
    rows = [*ROWS, *(social_row(n, ИИН=BAD) for n in range(50, 65))]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert result.status == "refused" and "share_quarantined" in str(result.refusal)
    assert (result.linkable, result.quarantined) == (15, 0)


@pytest.mark.parametrize("name", ["staged", "linkable", "quarantined", "duplicates"])
def test_the_database_refuses_an_account_that_does_not_balance(settings: Settings, name: str) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    delivery = ledger.add_delivery(settings, "employment", PERIOD, "d", [("f", "-", 1)], at, None, "-", "-")
    account = dict.fromkeys(("rules_digest", "raw_path", "stage_path", "quarantine_path"), "-") | {
        "delivery_id": delivery.delivery_id, "rows_in": 10, "staged": 4, "linkable": 3, "quarantined": 2,
        "duplicates": 1, "warned": 0, "notes": {},
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="balances"):
        ledger.add_batch(settings, {**account, name: int(account[name]) + 1}, [], [], [])
    assert ledger.batch(settings, ledger.add_batch(settings, account, [], [], [])).linkable == 3


def test_linkage_reads_linkable_rows_though_quarantine_is_gone(take_in: TakeIn, settings: Settings) -> None:
    seekers = [*(jobseeker(n) for n in range(1, 41)), jobseeker(50, iin=BAD), jobseeker(51, iin=None)]
    assert take_in("employment", {"e.json": page(seekers)}).linkable == 2
    contract = contracts.load("employment", settings.include)
    batches = ledger.current_batches(settings, "employment", PERIOD)
    lake = Lake(settings.lake)
    for zone in ("quarantine", "raw"):
        shutil.rmtree(lake.address(zone))
    with duck.connect(settings) as con:
        con.execute(f"create view stage as from '{lake.address(batches[0].stage_path)}'")
        rows = linkable_table(con, lake, contract, batches)
        con.execute(f"create table link as select 'employment' as registry, _file, _record, uuidv4() as person_key, "
                    f"'weighed' as method, 'link' as outcome from {rows}")  # fmt: skip
        lake.prepare("linkage")
        con.execute(f"copy link to '{lake.address('linkage/link.parquet')}' (format parquet)")
        counted = counted_rows(con, lake, contract, batches, "stage", "linkage/link.parquet")
        assert con.execute(f"select count(*), count(linked_by) from {counted}").fetchall() == [(42, 2)]


def test_of_a_staged_and_a_linked_row_of_one_person_the_newest_counts(take_in: TakeIn, settings: Settings) -> None:
    seekers = [
        *(jobseeker(n) for n in range(1, 41)),
        jobseeker(50, iin=BAD, registeredAt="2026-10-05", status="UNEMPLOYED"),
        jobseeker(51, iin=BAD, registeredAt="2026-08-05", status="UNEMPLOYED"),
        jobseeker(52, iin=BAD, registeredAt="2025-01-05", status="PLACED", placedAt="2026-10-09"),
        jobseeker(53, iin=BAD, registeredAt="2026-09-01", status="UNEMPLOYED"),
    ]
    assert take_in("employment", {"e.json": page(seekers)}).linkable == 4
    contract = contracts.load("employment", settings.include)
    batches = ledger.current_batches(settings, "employment", PERIOD)
    lake = Lake(settings.lake)
    with duck.connect(settings) as con:
        con.execute(f"create view stage as from '{lake.address(batches[0].stage_path)}'")
        rows = linkable_table(con, lake, contract, batches)
        con.execute(f"create table link as select 'employment' as registry, r._file, r._record, s.person_key, "
                    f"'weighed' as method, 'link' as outcome from {rows} as r inner join stage as s "
                    f"on r._record - 40 = s._record")  # fmt: skip
        lake.prepare("linkage")
        con.execute(f"copy link to '{lake.address('linkage/link.parquet')}' (format parquet)")
        counted = counted_rows(con, lake, contract, batches, "stage", "linkage/link.parquet")
        assert con.execute(f"select count(*), count(distinct person_key) from {counted}").fetchall() == [(40, 40)]
        linked = con.execute(f"select status from {counted} where linked_by is not null order by _record").fetchall()
        assert linked == [("UNEMPLOYED",), ("PLACED",)]


def test_which_rule_is_about_the_number_is_told_by_its_suite_alone(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    folder = shutil.copytree(settings.expectations, tmp_path / "expectations")
    path = folder / "social_assistance.json"
    document = json.loads(path.read_text("utf-8"))
    for item in document["expectations"]:
        item["meta"].pop("about", None)
        item["meta"]["rule"] = item["meta"]["rule"].replace("iin", "number")
    path.write_text(json.dumps(document), "utf-8")
    first = take_in("social_assistance", {"s.csv": social_csv(MIXED)})
    from auyl import intake

    second = intake.load(first.delivery_id, replace(settings, expectations=folder))
    assert (first.linkable, first.quarantined) == (3, 2)
    assert (second.linkable, second.quarantined) == (0, 5)


def test_a_rule_about_something_unknown_is_refused(tmp_path: Path) -> None:
    rule = {
        "type": "expect_column_values_to_not_be_null", "severity": "critical", "kwargs": {"column": "iin"},
        "meta": {"rule": "iin_present", "level": "row", "about": "number", "reason_ru": "р", "reason_kk": "к"},
    }  # fmt: skip
    (tmp_path / "odd.json").write_text(json.dumps({"name": "odd", "expectations": [rule]}))
    with pytest.raises(ContractInvalid, match="expected person_number or no_case, found number"):
        suites.load("odd", tmp_path)


def test_a_valid_number_is_never_linkable(take_in: TakeIn, settings: Settings) -> None:
    result = take_in("employment", {"e.json": page([jobseeker(n, iin=iin(n)) for n in range(1, 41)])})
    assert (result.staged, result.linkable) == (40, 0)
    (batch,) = ledger.current_batches(settings, "employment", PERIOD)
    path = Lake(settings.lake).address(str(batch.linkable_path))
    assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(0,)]
