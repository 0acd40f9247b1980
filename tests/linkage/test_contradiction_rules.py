"""Each type of contradiction on a few rows: what contradicts is found, what almost contradicts is not."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import contracts
from auyl.linkage.contradictions import catalogue
from auyl.linkage.contradictions.catalogue import ContradictionType
from auyl.linkage.contradictions.compute import COLUMNS, empty_set, find
from auyl.settings import Settings, from_environment
from auyl.stage.current import empty_stage
from auyl.store import duck

INCLUDE = from_environment().include
TYPES = {one.id: one for one in catalogue.load(INCLUDE)}
A, B, C, D = (f"{n:08x}-0000-0000-0000-000000000000" for n in range(1, 5))
HERE, THERE = "194083100", "194089100"

Row = tuple[str, dict[str, Any]]


def person(key: str, **more: Any) -> Row:
    """A living person of HERE, born in 1980."""
    living = {"person_key": key, "is_alive": True, "okrug_kato": HERE, "settlement_kato": HERE}
    return "population", living | {"birth_date": "1980-05-01"} | more


def dead(key: str, on: str = "2026-08-10") -> Row:
    return person(key, is_alive=False, death_date=on, life_status_code="3")


def act(number: str, kind: str, key: str, on: str) -> Row:
    return "civil_acts", {
        "act_number": number, "kind": kind, "person_key": key, "event_on": on, "registered_on": on, "month": on[:7],
    }  # fmt: skip


def of_dead(registry: str, key: str, subject: str, value: Any, other: Any, **more: Any) -> tuple[list[Row], set[str]]:
    """A row of somebody dead, and one of somebody living."""
    rows = [(registry, {key: k, subject: s} | more) for k, s in ((A, value), (B, other))]
    return [dead(A), person(B), *rows], {value}


def of_home(registry: str, key: str, subject: str, value: Any, others: list[Any], **more: Any) -> Any:
    """A row in another okrug, one in the same, and one that nobody could place."""
    places = zip((A, B, C), (value, *others), (THERE, HERE, None), strict=True)
    rows = [(registry, {key: k, subject: s, "okrug_kato": okrug} | more) for k, s, okrug in places]
    return [person(A), person(B), person(C), *rows], {value}


def of_birth(registry: str) -> tuple[list[Row], set[str]]:
    rows = [(registry, {"person_key": k, "birth_date": b}) for k, b in ((A, "1980-05-02"), (B, "1980-05-01"))]
    return [person(A), person(B), person(C), *rows, (registry, {"person_key": C, "birth_date": None})], {A}


def business(key: str, status: str = "closed", on: str | None = "2026-03-01", kind: str = "farm", **more: Any) -> Row:
    return "business_register", {"organisation_key": key, "status": status, "closed_on": on, "kind": kind} | more


def aid(family: str, key: str, kind: str = "АСП", since: str = "2026-07-01") -> Row:
    return "social_assistance", {
        "family_account": family, "person_key": key, "kind": kind, "amount_kzt": 10000, "assigned_on": since,
        "month": "2026-10", "family_members": 3,
    }  # fmt: skip


def loan(number: str, key: str, decided: str, months: int = 84, decision: str = "approved") -> Row:
    return "loans", {
        "application_number": number, "applicant_key": key, "decision": decision, "decided_on": decided,
        "term_months": months, "lent_kzt": 5_000_000,
    }  # fmt: skip


def animal(number: str, key: str, **more: Any) -> Row:
    born = {"animal_number": number, "owner_key": key, "species": "cattle", "birth_date": "2024-02-01"}
    return "livestock", born | {"reported_on": "2026-10-31"} | more


def event(number: str, animal_number: str, kind: str, on: str, result: str = "done") -> Row:
    return "veterinary_events", {
        "event_number": number, "animal_number": animal_number, "kind": kind, "done_on": on, "result": result,
        "month": on[:7],
    }  # fmt: skip


def book(account: str, key: str, **more: Any) -> Row:
    heads = dict.fromkeys(("cattle", "small_ruminants", "horses", "camels"), 0)
    return "household_book", {"household_account": account, "head_key": key, "members": 4} | heads | more


def dump(site: str, source: str, status: str, checked: str, **more: Any) -> Row:
    place = {"lat": 43.5, "lon": 77.0, "area_ha": 0.5}
    told = {"site_id": site, "source": source, "kind": "dump", "status": status, "checked_on": checked}
    return "waste_sites", place | told | more


def seeker(key: str, status: str = "UNEMPLOYED") -> Row:
    return "employment", {"person_key": key, "status": status, "registered_on": "2026-07-01"}


CASES: dict[str, tuple[list[Row], set[str]]] = {
    "death_not_entered": (
        [act("1", "death", A, "2026-03-02"), person(A), act("2", "death", B, "2026-03-02"), dead(B, "2026-03-02"),
         act("3", "marriage", C, "2026-03-02"), person(C)],
        {A},
    ),
    # No act of July came, so nobody can say that one is missing.
    "death_without_act": (
        [dead(A), dead(B), act("1", "death", B, "2026-08-10"), dead(C, "2026-07-10"), person(D)], {A},
    ),
    "dead_attached": (of_dead("clinic_attachment", "person_key", "clinic_bin", A, B)[0], {A}),
    "dead_disabled": (of_dead("disability", "person_key", "case_number", "1", "2")[0], {A}),
    "dead_jobseeker": ([dead(A), seeker(A), person(B), seeker(B), dead(C), seeker(C, "REMOVED")], {A}),
    "paid_after_death": (
        [dead(A, "2026-09-30"), aid("1", A), person(B), aid("2", B), dead(C, "2026-10-01"), aid("3", C)], {A},
    ),
    "dead_in_post": of_dead("civil_service", "person_key", "post_number", "7", "8"),
    "dead_household_head": of_dead("household_book", "head_key", "household_account", "h1", "h2"),
    "dead_family_head": of_dead("family_card", "head_key", "family_account", "f1", "f2"),
    "dead_land_holder": of_dead("land", "holder_key", "cadastral_number", "03-044-001-001", "03-044-001-002"),
    "dead_animal_owner": ([dead(A), animal("1", A), animal("2", A), person(B), animal("3", B)], {A}),
    "dead_pet_owner": (
        [*of_dead("pets", "owner_key", "chip", "c1", "c2", status="alive")[0],
         dead(C), ("pets", {"owner_key": C, "chip": "c3", "status": "dead"})],
        {"c1"},
    ),
    "dead_sole_trader": (
        [dead(A), business(A, "active", None, "sole_trader"), dead(B), business(B, "closed", "2026-08-11"), person(C),
         business(C, "active", None, "sole_trader")],
        {A},
    ),
    "attached_elsewhere": (
        [person(k) for k in (A, B, C)]
        + [("clinic_attachment", {"person_key": k, "clinic_bin": b}) for k, b in ((A, "b1"), (B, "b2"), (C, "b3"))]
        + [business(D, "active", None, bin="b1", okrug_kato=THERE), business(D, "active", None, bin="b2",
           okrug_kato=HERE), business(D, "active", None, bin="b3")],
        {A},
    ),
    "family_in_other_okrug": of_home("family_card", "head_key", "family_account", "f1", ["f2", "f3"]),
    "household_in_other_okrug": of_home("household_book", "head_key", "household_account", "h1", ["h2", "h3"]),
    "paid_in_other_okrug": (
        of_home("social_assistance", "person_key", "family_account", "f1", ["f2", "f3"])[0], {A}
    ),
    "jobseeker_in_other_okrug": (
        of_home("employment", "person_key", "jobseeker_id", "j1", ["j2", "j3"], status="SEEKING")[0], {A}
    ),
    "birth_not_entered": (
        [act("1", "birth", A, "2026-10-05"), act("2", "birth", B, "2026-10-05"), person(B),
         act("3", "birth", C, "2026-09-05"), act("4", "death", D, "2026-10-05")],
        {A},
    ),
    "birth_date_assistance": of_birth("social_assistance"),
    "birth_date_employment": of_birth("employment"),
    "birth_date_disability": of_birth("disability"),
    "family_size_differs": (
        [aid("f1", A), aid("f2", B), ("family_card", {"family_account": "f1", "members": 4}),
         ("family_card", {"family_account": "f2", "members": 3})],
        {"f1"},
    ),
    "household_size_differs": (
        [book("h1", A), book("h2", B), book("h3", C), ("family_card", {"head_key": A, "members": 5}),
         ("family_card", {"head_key": B, "members": 4})],
        {"h1"},
    ),
    "household_head_unregistered": ([book("h1", A), book("h2", B), person(B)], {"h1"}),
    "poor_aid_beside_loan": (
        [aid("f1", A), loan("l1", A, "2025-01-10"), aid("f2", B, since="2025-08-31"), loan("l2", B, "2025-01-10"),
         aid("f3", C), loan("l3", C, "2020-01-10", 60), aid("f4", D), loan("l4", D, "2026-01-10", decision="refused")],
        {"f1"},
    ),
    "poor_aid_at_high_level": (
        [aid("f1", A), aid("f2", B), aid("f3", C, "ЖП"), ("family_card", {"family_account": "f1", "level": "B"}),
         ("family_card", {"family_account": "f2", "level": "D"}),
         ("family_card", {"family_account": "f3", "level": "A"})],
        {"f1"},
    ),
    "disability_pay_without_record": (
        [aid("f1", A, "ИНВ"), aid("f2", B, "ИНВ"), ("disability", {"person_key": B}), aid("f3", C, "ЖП")], {A},
    ),
    "subsidy_to_closed": (
        [business(A), business(B, "active", None)]
        + [("subsidies", {"document_number": n, "applicant_key": k, "status": s, "submitted_on": d}) for n, k, s, d in (
            ("d1", A, "paid", "2026-05-01"), ("d2", A, "refused", "2026-05-01"), ("d3", A, "paid", "2026-02-01"),
            ("d4", B, "paid", "2026-05-01"))],
        {"d1"},
    ),
    "loan_to_closed": (
        [business(A), business(B, "active", None), loan("l1", A, "2026-04-01"), loan("l2", A, "2026-02-01"),
         loan("l3", B, "2026-04-01"), loan("l4", A, "2026-04-01", decision="refused")],
        {"l1"},
    ),
    "tax_of_closed": (
        [business(A), business(B, on="2026-10-05")]
        + [("taxes", {"payer_key": k, "payer_kind": kind, "month": "2026-10", "accrued_kzt": 5}) for k, kind in (
            (A, "farm"), (B, "farm"))],
        {A},
    ),
    "jobseeker_sole_trader": (
        [business(k, s, None, "sole_trader") for k, s in ((A, "active"), (B, "closed"), (C, "active"))]
        + [seeker(A), seeker(B), seeker(C, "PLACED")],
        {A},
    ),
    "jobseeker_in_post": (
        [("civil_service", {"post_number": "1", "person_key": A, "is_vacant": False}),
         ("civil_service", {"post_number": "2", "person_key": B, "is_vacant": False}), seeker(A), seeker(B, "REMOVED")],
        {A},
    ),
    # A tenth is let pass; what a farm owns stands in nobody's book.
    "heads_disagree": (
        [book("h1", A, cattle=3), animal("1", A), book("h2", B, cattle=1), animal("2", B), book("h3", C, horses=2),
         *(animal(f"s{n}", D, species="small_ruminants") for n in range(20)), book("h4", D, small_ruminants=22)],
        {"h1 cattle", "h3 horses"},
    ),
    "animal_owner_unknown": ([animal("1", A), animal("2", B), person(B), animal("3", C), business(C)], {A}),
    "animals_of_closed": (
        [business(A), animal("1", A), business(B, "active", None), animal("2", B),
         business(C, kind="sole_trader"), animal("3", C)],
        {A},
    ),
    "vaccination_not_entered": (
        [animal("1", A, vaccinated_on="2025-03-01"), event("e1", "1", "vaccination", "2026-03-05"), animal("2", A),
         event("e2", "2", "vaccination", "2024-01-01"), animal("3", A, vaccinated_on="2026-03-05"),
         event("e3", "3", "vaccination", "2026-03-05"), animal("4", A), event("e4", "4", "test", "2026-03-05")],
        {"1"},
    ),
    "test_result_differs": (
        [animal(str(n), A, tested_on=on, test_result="negative") for n, on in
         ((1, "2026-03-05"), (2, "2026-03-05"), (3, "2026-05-01"))]
        + [event("e1", "1", "test", "2026-03-05", "positive"), event("e2", "2", "test", "2026-03-05", "negative"),
           event("e3", "3", "test", "2026-03-05", "positive")],
        {"1"},
    ),
    "treated_animal_unknown": (
        [event("e1", "1", "test", "2026-10-05", "negative"), event("e2", "2", "test", "2026-10-05", "negative"),
         animal("2", A), event("e3", "3", "test", "2026-09-05", "negative"), event("e4", "4", "bite", "2026-10-05")],
        {"1"},
    ),
    "plot_area_differs": (
        [book("h1", A, land_ha=0.3), book("h2", B, land_ha=0.15), book("h3", C, land_ha=0.15)]
        + [("land", {"holder_key": k, "cadastral_number": n, "purpose": p, "area_ha": ha}) for k, n, p, ha in (
            (A, "1", "homestead", 0.15), (B, "2", "homestead", 0.1549), (C, "3", "arable", 12))],
        {"h1"},
    ),
    "plot_of_closed": (
        [business(A, bin="b1"), business(B, "active", None, bin="b2")]
        + [("land", {"cadastral_number": n, "holder_bin": b, "area_ha": 5}) for n, b in (("1", "b1"), ("2", "b2"))],
        {"1"},
    ),
    # Named by its picture, found by its place, cleared after the picture, cleared from space too, far away.
    "dump_removed_on_paper": (
        [dump("t1", "akimat", "removed", "2026-07-01", space_id="s1"),
         dump("s1", "space", "open", "2026-08-01", lat=40),
         dump("t2", "akimat", "removed", "2026-07-01", removed_on="2026-07-01", lat=44),
         dump("s2", "space", "open", "2026-08-01", lat=44.0005),
         dump("t3", "akimat", "removed", "2026-09-01", removed_on="2026-08-02", space_id="s3"),
         dump("s3", "space", "open", "2026-08-01", lat=45),
         dump("t4", "akimat", "removed", "2026-07-01", space_id="s4"),
         dump("s4", "space", "removed", "2026-08-01", lat=46),
         dump("t5", "akimat", "removed", "2026-07-01", lat=47), dump("s5", "space", "open", "2026-08-01", lat=47.1)],
        {"t1", "t2"},
    ),
    "dump_not_reported": (
        [dump("s1", "space", "open", "2026-08-01", lat=44), dump("s2", "space", "open", "2026-08-01", lat=45),
         dump("t2", "akimat", "open", "2026-08-01", lat=45), dump("s3", "space", "removed", "2026-08-01", lat=46)],
        {"s1"},
    ),
    "pupils_over_children": (
        [person(A, birth_date="2016-01-01"), person(B, birth_date="2016-01-01", okrug_kato=THERE)]
        + [("education", {"okrug_kato": k, "class_level": 4, "pupils": n, "month": "2026-10"}) for k, n in (
            (HERE, 7), (THERE, 6))],
        {HERE},
    ),
    "water_done_not_there": (
        [("housing", {"kato": k, "water": w, "month": "2026-10"}) for k, w in (
            ("1", "wells"), ("2", "central"), ("3", "delivered"), ("4", "wells"))]
        + [("road_map", {"kato": k, "measure": m, "status": s, "spent_thousand_kzt": 9}) for k, m, s in (
            ("1", "Строительство водопровода", "done"), ("2", "Строительство водопровода", "done"),
            ("3", "Су құбырын салу", "running"), ("4", "Уличное освещение", "done"))],
        {"1"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    (home / "hash.key").write_text("22" * 32)
    return replace(from_environment(), home=home, lake=str(home / "lake"), hash_key_file=home / "hash.key")


@pytest.fixture(scope="module")
def stages(installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the columns of every stage and no rows."""
    path = tmp_path_factory.mktemp("stages") / "empty.duckdb"
    con = duck.connect(installed)
    con.execute(f"attach '{path}' as empty")
    for contract in contracts.load_all(INCLUDE):
        con.execute(
            f"create table empty.stage_{contract.registry} as select *, null::varchar as okrug_kato, "
            f"null::varchar as settlement_kato "
            f"from ({empty_stage(con, installed, contract)})"
        )
    con.close()
    return path


@pytest.fixture
def con(installed: Settings, stages: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duck.connect(installed)
    con.execute(f"attach '{stages}' as empty (read_only)")
    con.execute("set variable period_begin = date '2026-10-01'")
    con.execute("set variable period_end = date '2026-10-31'")
    for contract in contracts.load_all(INCLUDE):
        con.execute(f"create temp table stage_{contract.registry} as select * from empty.stage_{contract.registry}")
        con.execute(f"create temp view placed_{contract.registry} as select * from stage_{contract.registry}")
    yield con
    con.close()


def found_by(
    con: duckdb.DuckDBPyConnection, type_id: str, rows: list[Row], types: dict[str, ContradictionType] = TYPES
) -> list[dict[str, Any]]:
    """The contradictions of a type on these rows, by column."""
    number = itertools.count(1)
    for registry, values in rows:
        given = values | {"_file": f"{registry}.csv", "_record": next(number)}
        marks = ", ".join("?" * len(given))
        con.execute(f"insert into stage_{registry} ({', '.join(given)}) values ({marks})", list(given.values()))
    named = [column[0] for column in con.execute(f"describe ({types[type_id].sql})").fetchall()]
    assert named == list(COLUMNS), type_id
    empty_set(con)
    assert find(con, types[type_id]) == len(con.execute("select * from contradiction").fetchall())
    rows_of = con.execute(f"select {', '.join(COLUMNS)} from contradiction").fetchall()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows_of]


@pytest.mark.parametrize("type_id", CASES)
def test_it_is_found_and_nothing_beside_it(con: duckdb.DuckDBPyConnection, type_id: str) -> None:
    rows, expected = CASES[type_id]
    found = found_by(con, type_id, rows)
    assert sorted(row["subject_key"] for row in found) == sorted(expected)
    one = TYPES[type_id]
    for row in found:
        files = {name: row[f"{name}_file"] for name in ("left", "right")}
        assert any(files.values())
        for name, side in (("left", one.left), ("right", one.right)):
            assert files[name] in (None, f"{side.registry}.csv"), "a side's file is of the registry that it names"
            assert (files[name] is None) == (row[f"{name}_record"] is None)


def test_a_subject_is_reported_once(con: duckdb.DuckDBPyConnection) -> None:
    twice = [act("1", "birth", A, "2026-10-05"), act("2", "birth", A, "2026-10-06")]
    (row,) = found_by(con, "birth_not_entered", twice)
    assert (row["left_record"], row["left_value"]) == (1, "2026-10-05")
    cards = [("family_card", {"head_key": B, "members": n, "family_account": str(n)}) for n in (5, 6)]
    (row,) = found_by(con, "household_size_differs", [book("h1", B), *cards])
    assert row["left_value"] == "5"


NEW_MEMBER = """
  - id: dead_taxpayer
    name: {kk: "Қайтыс болған салық төлеуші", ru: "Налогоплательщик умер", en: "Taxpayer is dead"}
    left: {registry: population, says: {kk: "қайтыс болған күні", ru: "умер", en: "died on"}}
    right: {registry: taxes, says: {kk: "есептелген", ru: "начислено", en: "charged"}}
    owner: taxes
    severity: low
    family: dead
    parameters:
      subject: person
      key: a.payer_key
      person: payer_key
      value: sum(a.accrued_kzt) over subject
      date: max((a.month || '-01')::date) over subject
      amount_kzt: sum(a.accrued_kzt) over subject
      condition: a.accrued_kzt > 0
"""


def test_a_new_member_of_a_family_is_an_entry_and_nothing_else(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for folder in ("contracts", "contradictions", "sql/contradictions"):
        shutil.copytree(INCLUDE / folder, tmp_path / folder)
    with (tmp_path / "contradictions" / "death.yaml").open("a", encoding="utf-8") as file:
        file.write(NEW_MEMBER)
    types = {one.id: one for one in catalogue.load(tmp_path)}
    taxes = [("taxes", {"payer_key": key, "month": "2026-10", "accrued_kzt": n}) for key, n in ((A, 5), (A, 7), (B, 9))]
    (row,) = found_by(con, "dead_taxpayer", [dead(A), person(B), *taxes, dead(C)], types)
    assert (row["subject_key"], row["right_value"], row["tenge"]) == (A, "12.00", 12)
    assert (row["left_value"], row["right_record"], str(row["right_date"])) == ("2026-08-10", 3, "2026-10-01")


def test_every_type_has_a_case() -> None:
    assert set(CASES) == set(TYPES)
