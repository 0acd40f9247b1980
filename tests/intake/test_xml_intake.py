"""An XML extract with faults, from the files to quarantine, drift and hand-back."""

from pathlib import Path

from auyl import intake
from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import LIVESTOCK_HEADING, animal, iin, livestock_xlsx, person, population_xml
from tests.intake.conftest import TakeIn


def part(number: int, first: int) -> bytes:
    people = [person(n, arCode=f"12019{n:011d}") for n in range(first, first + 100)]
    return population_xml(people, part=number, parts=2)


def test_a_broken_record_goes_back_to_its_owner_and_comes_back_corrected(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    files = {"p1.xml": part(1, 1), "p2.xml": part(2, 101).replace("ОМАРОВ".encode(), "ОМАРОВ & К".encode(), 1)}
    result = take_in("population", files)
    assert (result.status, result.rows_in, result.staged) == ("accepted", 200, 199), result.refusal
    assert result.failed == {"record_unreadable": 1}
    frame = quarantine(settings, "population")
    assert frame[["_file", "_line", "_rules"]].values.tolist() == [["p2.xml", 3, "record_unreadable"]]
    assert frame["_reasons_ru"][0] == "Запись повреждена и не читается"

    (made,) = intake.write_handback(settings, "population")
    content = Lake(settings.lake).read(made.path)
    assert "&lt;surname&gt;ОМАРОВ &amp; К&lt;/surname&gt;".encode() in content
    record = part(2, 101).split(b"<person>")[1].split(b"</person>")[0]
    file = tmp_path / Path(made.path).name
    file.write_bytes(content.replace(b"</person>", record + b"</person>"))
    corrected = intake.load(intake.land_files("population", "2026-10", [file], settings), settings)
    assert (corrected.status, corrected.staged, corrected.rejected) == ("accepted", 200, 0), corrected.refusal


def test_a_part_without_the_address_code_is_drift_in_words(take_in: TakeIn, settings: Settings) -> None:
    result = take_in("population", {"p1.xml": part(1, 1), "p2.xml": part(2, 101).replace(b"arCode>", b"rcaCode>")})
    assert result.status == "accepted", result.refusal
    drifts = {(d.kind, d.name): (d.expected, d.found) for d in result.drifts}
    assert drifts == {
        ("column_gone", "rca"): ("«regAddress/arCode», as in «p1.xml»", "no such column in «p2.xml»"),
        ("column_new", "regAddress/rcaCode"): ("the elements of the contract", "an element that it does not know"),
    }


def test_a_file_without_an_optional_column_is_drift_of_other_formats_too(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    rows = [animal(n) for n in range(1, 41)]
    book = livestock_xlsx(tmp_path / "l.xlsx", {"КРС": rows})
    without = tuple(h if h != "Пол" else "Примечание" for h in LIVESTOCK_HEADING)
    other = livestock_xlsx(tmp_path / "m.xlsx", {"МРС": [animal(n) for n in range(41, 61)]}, without)
    result = take_in("livestock", {"l.xlsx": book.read_bytes(), "m.xlsx": other.read_bytes()})
    assert result.status == "accepted", result.refusal
    found = [d for d in result.drifts if d.kind == "column_gone"]
    assert [(d.expected, d.found) for d in found] == [("«Пол», as in «l.xlsx#КРС»", "no such column in «m.xlsx#МРС»")]


def test_a_person_with_two_different_numbers_is_quarantined(take_in: TakeIn, settings: Settings) -> None:
    twice = population_xml([person(n) for n in range(1, 41)]).replace(
        b"<iin>", f"<iin>{iin(99)}</iin><iin>".encode(), 1
    )
    result = take_in("population", {"p.xml": twice})
    assert (result.status, result.staged, result.quarantined + result.linkable) == ("accepted", 39, 1), result.refusal
