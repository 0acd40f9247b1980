"""A fault costs what it is about and nothing else: the row counts without it, and its owner gets it back."""

from typing import Any

import duckdb
import pytest

from auyl import ledger
from auyl.errors import ContractInvalid
from auyl.intake.handback import write_handback
from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from auyl.snapshot.lost_attributes import lost_attributes
from auyl.stage import suites
from auyl.store.lake import Lake
from tests.extracts import (
    PERIOD,
    ambulance_csv,
    animal,
    budget_csv,
    call,
    jobseeker,
    livestock_xlsx,
    page,
    person,
    population_xml,
)
from tests.intake.conftest import TakeIn

VACCINATED, TESTED, RESULT, OWNER = (
    "Дата вакцинации", "Дата исследования на бруцеллез", "Результат исследования", "Владелец ИИН/БИН",
)  # fmt: skip


def staged(settings: Settings, registry: str, key: str, *columns: str) -> dict[Any, tuple[Any, ...]]:
    """Columns of the staged rows by their key; dates as texts."""
    (batch,) = ledger.current_batches(settings, registry, PERIOD)
    named = ", ".join(f"{name}::varchar" for name in columns)
    rows = duckdb.sql(f"select {key}, {named} from '{Lake(settings.lake).address(batch.stage_path)}'").fetchall()
    return {row[0]: row[1:] for row in rows}


def test_an_animal_stays_in_the_herd_whatever_is_wrong_with_its_owner_its_species_or_a_treatment(
    take_in: TakeIn, settings: Settings, tmp_path: Any
) -> None:
    spoiled = {
        1: {OWNER: "123456789012"}, 2: {OWNER: ""}, 3: {"Вид": "корова"}, 4: {RESULT: "сомнительный"},
        5: {VACCINATED: "05.11.2026"}, 6: {TESTED: "05.11.2026", RESULT: "положительный"}, 7: {TESTED: "весной"},
        8: {"Дата рождения": "01.02.2031"}, 9: {"Дата рождения": "02.11.2026"}, 10: {VACCINATED: "31.02.2026"},
        11: {"Дата отчета": "н/д"},
    }  # fmt: skip
    rows = [animal(n, **spoiled.get(n, {})) for n in range(1, 101)]
    result = take_in("livestock", livestock_xlsx(tmp_path / "livestock_2026-10.xlsx", {"КРС": rows}))
    assert (result.staged, result.quarantined, result.linkable, result.duplicates) == (100, 0, 0, 0)
    found = staged(
        settings, "livestock", "animal_number", "owner_key is not null", "species", "species_of_number",
        "vaccinated_on", "tested_on", "test_result", "birth_date", "reported_on",
    )  # fmt: skip
    good = ["true", "cattle", "cattle", "2026-05-05", "2026-05-06", "negative", "2022-02-01", "2026-10-31"]
    lost = {
        1: {0: "false"}, 2: {0: "false"}, 3: {1: None}, 4: {5: None}, 5: {3: None}, 6: {4: None, 5: None}, 7: {4: None},
        8: {6: None}, 9: {6: "2026-11-02"}, 10: {3: None}, 11: {7: None},
    }  # fmt: skip
    for n in range(1, 101):
        expected = [lost.get(n, {}).get(at, value) for at, value in enumerate(good)]
        assert list(found[f"KZB1{n:08d}"]) == expected, n


def test_rows_that_count_without_an_attribute_go_back_to_their_owner(
    take_in: TakeIn, settings: Settings, tmp_path: Any
) -> None:
    rows = [animal(n, **({OWNER: "123456789012"} if n == 3 else {RESULT: ""} if n == 4 else {})) for n in range(1, 41)]
    result = take_in("livestock", livestock_xlsx(tmp_path / "livestock_2026-10.xlsx", {"КРС": rows}))
    assert (result.staged, result.rejected, result.warned) == (40, 0, 1)
    frame = quarantine(settings, "livestock", PERIOD)
    assert list(frame["animal_number"]) == ["KZB100000003"] and list(frame["_outcome"]) == ["staged"]
    assert frame["_rules"][0] == "owner_checksum" and "ИИН или БИН владельца" in frame["_reasons_ru"][0]
    assert [(row["attribute"], row["rule"], row["rows"]) for row in lost_attributes(settings, PERIOD)] == [
        ("owner_key", "owner_checksum", 1)
    ]
    (file,) = write_handback(settings, "livestock", PERIOD)
    assert (file.rows, file.batch_id) == (1, result.batch_id)


def test_most_rows_without_an_attribute_refuse_the_batch(take_in: TakeIn, settings: Settings, tmp_path: Any) -> None:
    rows = [animal(n, **({OWNER: ""} if n % 2 else {})) for n in range(1, 41)]
    result = take_in("livestock", livestock_xlsx(tmp_path / "livestock_2026-10.xlsx", {"КРС": rows}))
    assert result.status == "refused" and "share_partly: expected at most 0.2, found 0.5" in str(result.refusal)


def test_each_fact_of_an_animal_is_that_of_the_row_with_its_newest_date(
    take_in: TakeIn, settings: Settings, tmp_path: Any
) -> None:
    twice = [
        animal(1, **{VACCINATED: "05.09.2026", TESTED: "06.03.2026", RESULT: "отрицательный"}),
        animal(1, **{VACCINATED: "", TESTED: "06.08.2026", RESULT: "положительный"}),
        animal(2, **{VACCINATED: "05.01.2026", TESTED: "06.08.2026", RESULT: "положительный"}),
        animal(2, **{VACCINATED: "05.09.2026", TESTED: "", RESULT: ""}),
        # A date that is not believed is not the newest.
        animal(3, **{VACCINATED: "05.09.2031", TESTED: "06.01.2026", RESULT: "отрицательный"}),
        animal(3, **{VACCINATED: "05.02.2026", TESTED: "06.02.2026", RESULT: "положительный"}),
    ]
    rows = twice + [animal(n) for n in range(10, 60)]
    result = take_in("livestock", livestock_xlsx(tmp_path / "livestock_2026-10.xlsx", {"КРС": rows}))
    assert (result.staged, result.quarantined, result.failed["one_row_per_key"]) == (53, 3, 3)
    found = staged(settings, "livestock", "animal_number", "vaccinated_on", "tested_on", "test_result")
    assert found["KZB100000001"] == ("2026-09-05", "2026-08-06", "positive")
    assert found["KZB100000002"] == ("2026-09-05", "2026-08-06", "positive")
    assert found["KZB100000003"] == ("2026-02-05", "2026-02-06", "positive")


def test_a_person_is_there_without_a_name_a_sex_or_a_date(take_in: TakeIn, settings: Settings) -> None:
    spoiled: dict[int, dict[str, str | None]] = {
        1: {"gender/code": "7"}, 2: {"surname": None}, 3: {"birthDate": "31.02.1985"},
        4: {"birthDate": "2031-05-01"}, 5: {"deathDate": "осенью"}, 6: {"deathDate": "1980-01-01"},
        7: {"district": "12"}, 8: {"lifeStatus/code": "7"},
    }  # fmt: skip
    persons = [person(n, **spoiled.get(n, {})) for n in range(1, 101)]
    # Dead in the row of an older registration.
    persons.append(person(50, deathDate="2026-09-01", beginDate="2001-01-01", **{"lifeStatus/code": "1"}))
    result = take_in("population", {"population_2026-10_part1.xml": population_xml(persons)})
    assert (result.staged, result.quarantined) == (99, 2)
    found = staged(
        settings, "population", "_record", "sex", "birth_date", "death_date", "is_alive", "district_code",
        "registered_from",
    )  # fmt: skip
    good = ["m", "1990-03-12", None, "true", "1907244", "2015-01-01"]
    lost: dict[int, dict[int, str | None]] = {
        1: {0: None}, 3: {1: None}, 4: {1: None}, 5: {3: None}, 6: {3: None}, 7: {4: None},
        50: {2: "2026-09-01", 3: "false"},
    }  # fmt: skip
    assert 8 not in found
    for n in {*range(1, 101)} - {8}:
        assert list(found[n]) == [lost.get(n, {}).get(at, value) for at, value in enumerate(good)], n


def test_a_call_a_jobseeker_and_a_budget_line_lose_only_what_is_wrong(take_in: TakeIn, settings: Settings) -> None:
    spoiled = {
        1: {"category": "9"}, 2: {"arrived_at": "2026-10-05 09:50:00"}, 3: {"arrived_at": "2026-10-07 10:00:00"},
        4: {"arrived_at": "скоро"}, 5: {"updated_at": "н/д"},
    }  # fmt: skip
    result = take_in("ambulance", {"a.csv": ambulance_csv([call(n, **spoiled.get(n, {})) for n in range(1, 61)])})
    assert (result.staged, result.quarantined) == (60, 0)
    calls = staged(settings, "ambulance", "call_id::integer", "category", "arrival_min::decimal(9, 1)")
    assert calls[1] == (None, "14.0") and calls[60] == ("2", "14.0")
    assert [calls[n] for n in (2, 3, 4)] == [("2", None)] * 3

    seekers = {
        1: {"registeredAt": "2031-01-01"}, 2: {"registeredAt": "2026-11-02"}, 3: {"registeredAt": None},
        4: {"placedAt": "потом", "status": "PLACED"}, 5: {"id": None}, 6: {"status": "PAUSED"},
    }  # fmt: skip
    items = [jobseeker(n, **seekers.get(n, {})) for n in range(1, 61)]
    # Placed after an older registration: newer than the registration of the other row.
    items.append(jobseeker(20, registeredAt="2026-05-01", status="PLACED", placedAt="2026-10-12"))
    items.append(jobseeker(21, registeredAt="2025-05-01", status="PLACED", placedAt="2025-10-12"))
    result = take_in("employment", {"e.json": page(items)})
    assert (result.staged, result.quarantined) == (59, 3)
    found = staged(settings, "employment", "_record", "registered_on", "status", "placed_on")
    assert [found[n][0] for n in (1, 2, 3, 7)] == [None, "2026-11-02", None, "2026-09-01"]
    assert found[4][1:] == ("PLACED", None) and 6 not in found
    assert found[20][1:] == ("PLACED", "2026-10-12") and found[21][1:] == ("SEEKING", None)

    katos = [f"1940{n}000" for n in range(31, 61)]
    text = budget_csv(katos).decode("utf-8-sig").splitlines()
    text[1] = text[1].replace(";100.0;0.0;100.0;", ";-7.0;0.0;100.0;", 1)  # plan since January
    text[5] = text[5].replace("100.0;100.0;100.0;100.0;", "100.0;н/д;н/д;100.0;", 1)
    result = take_in("budget_okrug", {"b.csv": ("\n".join(text) + "\n").encode()})
    assert (result.staged, result.quarantined) == (120, 0)


def test_a_call_whose_other_times_agree_on_another_month_is_of_that_month(take_in: TakeIn, settings: Settings) -> None:
    september = {"dispatched_at": "2026-09-24 11:06:46", "finished_at": "2026-09-24 11:47:27"}
    november = {"arrived_at": "2026-11-24 11:27:34", "finished_at": "2026-11-24 11:47:27"}
    spoiled = {
        1: september | {"arrived_at": "2026-09-24 11:27:34"},
        2: november | {"dispatched_at": ""},
        3: {"dispatched_at": "", "arrived_at": "", "finished_at": "2026-11-24 11:47:27"},
        4: november,  # was dispatched in its own month
        5: {"received_at": "2026-10-29 10:00:00"},  # of the month whichever time is right
        6: {"received_at": "2026-10-31 23:50:00"}
        | {name: f"2026-11-01 00:{minute}:00" for name, minute in (("arrived_at", 10), ("finished_at", 40))},
    }  # fmt: skip
    result = take_in("ambulance", {"a.csv": ambulance_csv([call(n, **spoiled.get(n, {})) for n in range(1, 61)])})
    assert (result.staged, result.quarantined, result.failed["received_at_agrees"]) == (58, 2, 2)
    assert set(staged(settings, "ambulance", "call_id::integer", "category")) == set(range(3, 61))


def test_only_a_warning_can_cost_an_attribute(tmp_path: Any, settings: Settings) -> None:
    text = (settings.expectations / "livestock.json").read_text("utf-8")
    for shared in ("_batch.json", "_cells.json"):
        (tmp_path / shared).write_text((settings.expectations / shared).read_text("utf-8"))
    wrong = text.replace('"severity": "warning",\n      "meta": {\n        "rule": "species_present"',
                         '"severity": "critical",\n      "meta": {\n        "rule": "species_present"')  # fmt: skip
    assert wrong != text
    (tmp_path / "livestock.json").write_text(wrong)
    with pytest.raises(ContractInvalid, match="species_present: costs: expected of a warning"):
        suites.load("livestock", tmp_path)
