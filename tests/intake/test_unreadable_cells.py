"""A cell that holds something else than a value: the row says so and names the column; values are never guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from auyl import intake, ledger
from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import (
    PERIOD,
    ambulance_csv,
    animal,
    call,
    jobseeker,
    livestock_xlsx,
    page,
    person,
    population_xml,
    social_csv,
    social_row,
)
from tests.intake.conftest import TakeIn

ROWS = [social_row(n) for n in range(1, 41)]


def staged(settings: Settings, registry: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of the staged rows of the current batch, in the order of the extract."""
    (batch,) = ledger.current_batches(settings, registry, PERIOD)
    address = Lake(settings.lake).address(batch.stage_path)
    return duckdb.sql(f"select {columns} from '{address}' order by _file, _record").fetchall()


def test_an_unreadable_cell_is_missing_with_a_warning_that_names_its_column(
    take_in: TakeIn, settings: Settings
) -> None:
    rows = [*ROWS, social_row(41, **{"ДАТА НАЗНАЧЕНИЯ": "07/11/2025"}), social_row(42, ИМЯ="н/д", ОТЧЕСТВО="#Н/Д")]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert (result.staged, result.warned, result.failed) == (42, 2, {"cell_unreadable": 2})
    *_, first, second = staged(settings, "social_assistance", "assigned_on, _warned, _unreadable")
    assert first == (None, ["cell_unreadable"], ["assigned_on"])
    assert second == (date(2026, 10, 1), ["cell_unreadable"], ["patronymic"])


def test_an_unreadable_required_cell_quarantines_the_row_and_the_owner_reads_which(
    take_in: TakeIn, settings: Settings
) -> None:
    rows = [*ROWS, social_row(41, **{"СУММА, ТЕНГЕ": "#ЗНАЧ!", "ДАТА РОЖДЕНИЯ": "12.03.90"})]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert (result.staged, result.quarantined) == (40, 1)
    frame = quarantine(settings, "social_assistance")
    assert frame["_rules"].tolist() == ["amount_kzt_present; required_cell_unreadable; cell_unreadable"]
    (reasons,) = frame["_reasons_ru"]
    assert reasons.endswith("Обязательная ячейка не читается: «СУММА, ТЕНГЕ»; Ячейка не читается: «ДАТА РОЖДЕНИЯ»")
    (file,) = intake.write_handback(settings, "social_assistance")
    text = Lake(settings.lake).read(file.path).decode("utf-8-sig")
    assert "Міндетті ұяшық оқылмайды: «СУММА, ТЕНГЕ»" in text


def test_an_amount_with_two_readings_is_read_by_the_others_of_its_column(take_in: TakeIn, settings: Settings) -> None:
    rows = [*ROWS, social_row(41, **{"СУММА, ТЕНГЕ": "46.421"})]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert (result.staged, result.warned) == (41, 0)
    *_, (amount,) = staged(settings, "social_assistance", "amount_kzt")
    assert amount == Decimal(46421)


def test_an_amount_with_two_readings_and_no_proof_is_quarantined(take_in: TakeIn, settings: Settings) -> None:
    whole = [social_row(n, **{"СУММА, ТЕНГЕ": "46 228"}) for n in range(1, 41)]
    rows = [*whole, social_row(41, **{"СУММА, ТЕНГЕ": "46.421"})]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert (result.staged, result.quarantined) == (40, 1)
    assert result.failed == {"amount_kzt_present": 1, "required_cell_unreadable": 1}


def test_a_whole_number_is_never_rounded(take_in: TakeIn, settings: Settings) -> None:
    given = {"7": 7, "1 007": None, "7,0": 7, "2.5": None, "0x10": None, "1e3": None, "+8": 8, "0 12": None}
    rows = [*ROWS, *(social_row(50 + n, **{"ЧЛЕНОВ СЕМЬИ": text}) for n, text in enumerate(given))]
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    members = staged(settings, "social_assistance", "family_members, _unreadable")[40:]
    assert [value for value, _ in members] == [7, 1007, 7, None, None, None, 8, None]
    assert [bool(cells) for _, cells in members] == [False, False, False, True, True, True, False, True]
    assert result.failed == {"cell_unreadable": 4, "family_members_in_range": 1}


def test_a_call_belongs_to_the_month_of_its_local_time_and_the_newest_counts_by_it(
    take_in: TakeIn, settings: Settings
) -> None:
    local = [call(n) for n in range(1, 41)]
    rows = [
        *local,
        call(41, received_at="2026-10-31T18:30:00Z", dispatched_at="", arrived_at="", finished_at=""),
        call(42, received_at="2026-10-31T19:30:00Z", dispatched_at="", arrived_at="", finished_at=""),
        call(43, received_at="2026-09-30T19:30:00+00:00", dispatched_at="", arrived_at="", finished_at=""),
        # 14:00 local time is newer than 13:30, though «09:00» is less as text.
        call(44, outcome="old", updated_at="2026-10-06 13:30:00"),
        call(44, outcome="new", updated_at="2026-10-06T09:00:00Z"),
    ]
    result = take_in("ambulance", {"a.csv": ambulance_csv(rows)})
    assert result.failed == {"month_is_the_period": 1, "one_row_per_key": 1}
    found = dict(staged(settings, "ambulance", "call_id, received_at"))
    assert found["41"] == datetime(2026, 10, 31, 23, 30) and "42" not in found
    assert found["43"] == datetime(2026, 10, 1, 0, 30)
    outcomes = dict(staged(settings, "ambulance", "call_id, outcome"))
    assert outcomes["44"] == "new"


def test_a_local_midnight_that_a_program_wrote_in_utc_is_its_day(take_in: TakeIn, settings: Settings) -> None:
    items = [jobseeker(n) for n in range(1, 41)]
    items.append(jobseeker(41, registeredAt="2026-09-30T19:00:00.000Z", birthDate="1990-03-11T18:00:00.000Z"))
    take_in("employment", {"p.json": page(items)})
    *_, row = staged(settings, "employment", "registered_on, _warned")
    assert row == (date(2026, 10, 1), None)


def test_a_date_with_a_zone_is_the_date_that_is_written(take_in: TakeIn, settings: Settings) -> None:
    persons = [person(n) for n in range(1, 41)] + [person(41, birthDate="1990-03-12+06:00", beginDate="2015-01-01Z")]
    result = take_in("population", {"p.xml": population_xml(persons)})
    assert (result.staged, result.warned) == (41, 0)
    *_, row = staged(settings, "population", "birth_date, registered_from")
    assert row == (date(1990, 3, 12), date(2015, 1, 1))


def test_a_date_that_means_nothing_is_missing_with_its_own_warning(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    rows = [animal(n) for n in range(1, 41)] + [animal(41, **{"Дата рождения": "30.12.1899"})]
    result = take_in("livestock", livestock_xlsx(tmp_path / "l.xlsx", {"1": rows}))
    assert result.failed == {"cell_unreadable": 1, "date_means_nothing": 1}
    *_, row = staged(settings, "livestock", "birth_date, _unreadable")
    assert row == (None, ["birth_date"])


def test_a_date_before_the_birth_has_a_warning(take_in: TakeIn, settings: Settings) -> None:
    persons = [person(n) for n in range(1, 41)] + [person(41, beginDate="1970-01-01")]
    result = take_in("population", {"p.xml": population_xml(persons)})
    assert result.failed == {"date_before_birth": 1}


def test_decomposed_names_of_places_and_words_are_found(take_in: TakeIn, settings: Settings) -> None:
    nfd = {"РАЙОН": "Қарасаи\u0306скии\u0306 раи\u0306он", "НАСЕЛЕННЫЙ ПУНКТ": "с.\u00a0Ше\u00adлек\u200b"}
    rows = [*ROWS, social_row(41, **nfd, ИМЯ="АИ\u0306БЕК")]
    take_in("social_assistance", {"s.csv": social_csv(rows, encoding="utf-8-sig")})
    *_, row = staged(settings, "social_assistance", "district_name, settlement_name")
    assert row == ("Қарасайский район", "с. Шелек")


def test_an_iin_with_invisible_marks_is_the_number(take_in: TakeIn, settings: Settings) -> None:
    plain = social_row(41)
    marked = [plain[0], f"\u200e{plain[1][:6]}\u200b{plain[1][6:]}\ufeff", *plain[2:]]
    result = take_in("social_assistance", {"s.csv": social_csv([*ROWS, marked], encoding="utf-8-sig")})
    assert (result.staged, result.linkable, result.quarantined) == (41, 0, 0)
