"""A delivery is taken in once, whole, and the newest extract counts, whatever order things arrive in."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from auyl import contracts, intake, ledger
from auyl.identifiers import keyed_hash
from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests import extracts
from tests.extracts import (
    PERIOD,
    ambulance_csv,
    animal,
    call,
    iin,
    livestock_xlsx,
    person,
    population_xml,
    social_csv,
    social_row,
)
from tests.intake.conftest import TakeIn

ROWS = [social_row(n) for n in range(1, 41)]


def stage(settings: Settings, registry: str) -> list[dict[str, object]]:
    (batch,) = ledger.current_batches(settings, registry, PERIOD)
    return (
        duckdb.sql(f"from '{Lake(settings.lake).address(batch.stage_path)}' order by _file, _record")
        .df()
        .to_dict("records")
    )


def test_the_same_bytes_again_are_a_no_op(take_in: TakeIn, settings: Settings) -> None:
    first = take_in("social_assistance", {"a.csv": social_csv(ROWS)})
    files = Lake(settings.lake).files("")
    again = take_in("social_assistance", {"another_name.csv": social_csv(ROWS)}, made=datetime(2026, 11, 5, tzinfo=UTC))
    assert (first.status, again.status) == ("accepted", "unchanged")
    assert again.delivery_id == first.delivery_id and again.batch_id == first.batch_id
    assert Lake(settings.lake).files("") == files


def test_a_corrected_extract_supersedes(take_in: TakeIn, settings: Settings) -> None:
    take_in("social_assistance", {"s.csv": social_csv(ROWS)}, made=datetime(2026, 11, 1, tzinfo=UTC))
    corrected = [*ROWS[:-1], social_row(40, **{"СУММА, ТЕНГЕ": "50 000,00"})]
    second = take_in("social_assistance", {"s.csv": social_csv(corrected)}, made=datetime(2026, 11, 4, tzinfo=UTC))
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert batch.batch_id == second.batch_id
    assert stage(settings, "social_assistance")[-1]["amount_kzt"] == 50000


def test_an_older_extract_that_arrives_late_does_not_overwrite_a_newer_one(take_in: TakeIn, settings: Settings) -> None:
    newer = take_in("social_assistance", {"s.csv": social_csv(ROWS)}, made=datetime(2026, 11, 4, tzinfo=UTC))
    late = take_in("social_assistance", {"s.csv": social_csv(ROWS[:-1])}, made=datetime(2026, 11, 1, tzinfo=UTC))
    assert late.status == "accepted"
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert batch.batch_id == newer.batch_id
    assert [row["state"] for row in ledger.extracts(settings, [])] == ["superseded", "current"]


def test_every_accepted_change_of_a_delta_registry_counts(take_in: TakeIn, settings: Settings) -> None:
    bad = call(9, received_at="2026-10-05 25:00:00")
    take_in("ambulance", {"c.csv": ambulance_csv([*(call(n) for n in range(1, 21)), bad])})
    take_in(
        "ambulance", {"c.csv": ambulance_csv([call(n) for n in range(15, 41)])}, made=datetime(2026, 11, 2, tzinfo=UTC)
    )
    assert len(ledger.current_batches(settings, "ambulance", PERIOD, is_delta=True)) == 2
    listed = ledger.extracts(settings, contracts.deltas(settings.include))
    assert [row["state"] for row in listed] == ["current", "current"]
    kept_back = quarantine(settings, "ambulance", PERIOD)
    assert list(kept_back["call_id"]) == ["9"] and set(kept_back["_state"]) == {"current"}


def test_a_delivery_that_nobody_judged_yet_is_not_called_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_bytes(social_csv(ROWS))
    intake.land_files("social_assistance", PERIOD, [file], settings)
    assert [row["state"] for row in ledger.extracts(settings, [])] == ["landed"]


def test_changed_rules_make_a_new_batch_of_the_same_delivery(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    first = take_in("social_assistance", {"s.csv": social_csv(ROWS)})
    folder = tmp_path / "expectations"
    folder.mkdir()
    for path in settings.expectations.glob("*.json"):
        (folder / path.name).write_text(path.read_text("utf-8").replace("5000000", "46000"), "utf-8")
    stricter = replace(settings, expectations=folder)
    result = intake.load(first.delivery_id, stricter)
    assert result.status == "refused" and "amount_kzt_in_range 40" in str(result.refusal)
    assert ledger.current_batches(settings, "social_assistance", PERIOD)[0].batch_id == first.batch_id


def test_every_row_is_accounted_for_once(take_in: TakeIn, settings: Settings) -> None:
    rows = [
        *ROWS,
        ROWS[0], ROWS[0],                                              # exact duplicates
        social_row(2, **{"СУММА, ТЕНГЕ": "1,00"}),                     # another row of one key
        social_row(50, ИИН="123456789012"),                            # checksum
        social_row(51, ИИН=""),                                        # none
        social_row(52, **{"СУММА, ТЕНГЕ": "много"}),                   # unreadable
        social_row(53, ФАМИЛИЯ="ИТОГО", ИИН="", **{"ВИД ПОМОЩИ": ""}), # a total among rows
        ["54", iin(54), "ОМАРОВ"],                                     # too few columns
        social_row(55, **{"ДАТА РОЖДЕНИЯ": "13.03.1990"}),             # only a warning
    ]  # fmt: skip
    result = take_in("social_assistance", {"s.csv": social_csv(rows)})
    assert result.status == "accepted"
    assert (result.rows_in, result.staged, result.duplicates, result.warned) == (49, 41, 2, 1)
    assert (result.linkable, result.quarantined) == (2, 4)
    assert result.failed == {
        "one_row_per_key": 1, "iin_checksum": 1, "iin_present": 2, "amount_kzt_present": 1, "not_a_total": 1,
        "kind_present": 1, "column_count": 1, "iin_birth_date_agrees": 1, "required_cell_unreadable": 1,
    }  # fmt: skip
    warned = [row["_warned"] for row in stage(settings, "social_assistance") if row["_warned"] is not None]
    assert [list(w) for w in warned] == [["iin_birth_date_agrees"]]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_short_line_is_told_by_its_own_number(take_in: TakeIn, settings: Settings, ending: bytes) -> None:
    rows = [*ROWS[:9], ["10", iin(10), "ОМАРОВ"], *ROWS[10:], ["41", iin(41)]]
    take_in("social_assistance", {"s.csv": social_csv(rows).replace(b"\r\n", ending)})
    assert list(quarantine(settings, "social_assistance")["_line"]) == [11, 42]


def test_identifiers_stay_text_and_leave_stage_only_as_a_keyed_hash(take_in: TakeIn, settings: Settings) -> None:
    number = iin(7, birth="2003-01-02")
    assert number.startswith("03")
    people = [person(7, iin=number, birthDate="2003-01-02", arCode="0201300000000017")]
    assert take_in("population", {"p.xml": population_xml(people)}).status == "accepted"
    (row,) = stage(settings, "population")
    assert row["person_key"] == UUID(keyed_hash(number, settings.hash_key))
    assert row["rca"] == "0201300000000017"
    assert not {"iin", "surname", "given_name", "patronymic"} & set(row)
    for path in Lake(settings.lake).files("stage"):
        assert number.encode() not in Lake(settings.lake).read(path)


def test_the_newest_of_two_rows_of_one_person_stays(take_in: TakeIn, settings: Settings) -> None:
    people = [
        person(1, beginDate="2015-01-01", city="БАЙТЕРЕК"),
        person(1, beginDate="2024-05-05", city="ШЕЛЕК"),
        person(1, beginDate=None, city="ТАЛГАР"),
    ] + [person(n) for n in range(2, 30)]
    result = take_in("population", {"p.xml": population_xml(people)})
    assert result.failed == {"one_row_per_key": 2}
    assert stage(settings, "population")[0]["settlement_name"] == "ШЕЛЕК"


def test_kazakh_letters_of_the_old_font_are_read(take_in: TakeIn, settings: Settings) -> None:
    rows = [social_row(1, РАЙОН="Еѕбекшіќазаќ ауданы", **{"СЕЛЬСКИЙ ОКРУГ": "Їлкен а.о."})]
    assert take_in("social_assistance", {"s.csv": social_csv(rows)}).status == "accepted"
    (row,) = stage(settings, "social_assistance")
    assert (row["district_name"], row["okrug_name"]) == ("Еңбекшіқазақ ауданы", "Үлкен а.о.")


def test_sheets_dates_and_codes_of_a_workbook(take_in: TakeIn, settings: Settings, tmp_path: Path) -> None:
    rows = [
        animal(1, **{"Дата вакцинации": datetime(2026, 5, 5)}),
        animal(2, КАТО="194083100.0", **{"Результат исследования": ""}),
        animal(3, КАТО=194083100),
        [None] * 11,
        ["Итого", *[None] * 10],
    ]
    book = livestock_xlsx(
        tmp_path / "livestock_2026-10.xlsx", {"КРС": rows, "МРС": [animal(4, ИНЖ="KZB200000004", Вид="МРС")] * 8}
    )
    result = take_in("livestock", book)
    assert result.status == "refused", "more than a tenth of the rows repeat"
    book = livestock_xlsx(
        tmp_path / "livestock_2026-10.xlsx",
        {"КРС": rows, "МРС": [animal(n, ИНЖ=f"KZB2{n:08d}", Вид="МРС") for n in range(4, 12)]},
    )
    result = take_in("livestock", book)
    assert (result.status, result.rows_in, result.quarantined) == ("accepted", 12, 1)
    found = stage(settings, "livestock")
    assert [row["_record"] for row in found if str(row["_file"]).endswith("#КРС")] == [4, 5, 6]
    assert {row["kato"] for row in found} == {"194083100"}
    assert {row["species"] for row in found} == {"cattle", "small_ruminants"}


def test_an_unknown_column_is_kept_and_told(take_in: TakeIn, settings: Settings) -> None:
    content = social_csv([[*row, "x"] for row in ROWS], extracts.SOCIAL_HEADING + ";ПРИМЕЧАНИЕ")
    result = take_in("social_assistance", {"s.csv": content})
    assert result.notes["unknown_columns"] == ["ПРИМЕЧАНИЕ"]
    raw = next(p for p in Lake(settings.lake).files("raw"))
    assert "unknown:ПРИМЕЧАНИЕ" in duckdb.sql(f"from '{Lake(settings.lake).address(raw)}'").columns


def test_a_heading_by_its_alias_is_taken(take_in: TakeIn) -> None:
    content = social_csv(ROWS, extracts.SOCIAL_HEADING.replace("ИИН", "  иин получателя "))
    assert take_in("social_assistance", {"s.csv": content}).staged == 40


@pytest.mark.parametrize("parts", [1, 3])
def test_population_in_several_files(take_in: TakeIn, settings: Settings, parts: int) -> None:
    files = {
        f"population_2026-10_part{p:03d}.xml": population_xml(
            [person(10 * p + n) for n in range(9)], part=p, parts=parts
        )
        for p in range(1, parts + 1)
    }
    assert take_in("population", files).staged == 9 * parts
    assert {row["_file"] for row in stage(settings, "population")} == set(files)


def test_the_real_budget_export_loads_through_its_contract(settings: Settings) -> None:
    from tests.reference import reference_file

    file = reference_file("budget/местный_бюджет_Алматинская.csv")
    result = intake.load(intake.land_files("budget_oblast", "2025-04", [file], settings), settings)
    assert (result.status, result.rows_in, result.staged, result.quarantined) == ("accepted", 7860, 7860, 0)
