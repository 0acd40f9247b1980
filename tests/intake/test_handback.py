"""Rejected rows go back in the owner's format with reasons, and come back corrected: the account closes."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ExtractRefused
from auyl.intake.age import Age
from auyl.intake.land import Arrival, land
from auyl.intake.locate import locate
from auyl.intake.quarantine import quarantine
from auyl.intake.withdraw import withdraw
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import (
    PERIOD,
    SOCIAL_HEADING,
    animal,
    iin,
    jobseeker,
    livestock_xlsx,
    page,
    person,
    population_xml,
    social_csv,
    social_row,
)
from tests.intake.conftest import TakeIn

BAD = "123456789012"


def file_of(settings: Settings, registry: str) -> tuple[intake.HandbackFile, bytes]:
    (made,) = intake.write_handback(settings, registry)
    return made, Lake(settings.lake).read(made.path)


def send(settings: Settings, registry: str, name: str, content: bytes, folder: Path) -> intake.BatchResult:
    path = folder / name
    path.write_bytes(content)
    return intake.load(intake.land_files(registry, PERIOD, [path], settings), settings)


def staged(settings: Settings, registry: str) -> pandas.DataFrame:
    (batch,) = ledger.current_batches(settings, registry, PERIOD)
    return duckdb.sql(f"from '{Lake(settings.lake).address(batch.stage_path)}' order by _file, _record").df()


def mend_table(content: bytes, change: Callable[[pandas.DataFrame], pandas.DataFrame]) -> bytes:
    out = BytesIO()
    if content[:2] == b"PK":
        frame = pandas.read_excel(BytesIO(content), dtype=str, engine="calamine")
        frame = change(frame)
        frame.to_excel(out, index=False)
    else:
        frame = pandas.read_csv(BytesIO(content), dtype=str, sep=";", encoding="utf-8-sig", keep_default_na=False)
        frame = change(frame)
        frame.to_csv(out, index=False, sep=";", encoding="utf-8-sig")
    return out.getvalue()


def test_a_csv_of_cp1251_goes_back_with_reasons_and_comes_back_mended(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    rows = [*[social_row(n) for n in range(1, 41)], social_row(50, ИИН=BAD), social_row(51, ФАМИЛИЯ="ЄАНИ", ИИН="")]
    first = take_in("social_assistance", {"s.csv": social_csv(rows)})
    made, content = file_of(settings, "social_assistance")
    assert (made.rows, made.batch_id, made.state) == (2, first.batch_id, "current")
    frame = pandas.read_csv(BytesIO(content), dtype=str, sep=";", encoding="utf-8-sig", keep_default_na=False)
    assert list(frame["ИИН"]) == [BAD, ""] and list(frame["Ауыл: строка"]) == ["42", "43"]
    assert all(frame["Ауыл: причина"].str.contains("ИИН")) and all(frame["Ауыл: себебі"].str.contains("ЖСН"))

    def change(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.assign(**{"ИИН": [iin(50), iin(51)]})

    second = send(settings, "social_assistance", Path(made.path).name, mend_table(content, change), tmp_path)
    assert second.status == "accepted", second.refusal
    assert (second.rows_in, second.staged, second.rejected) == (first.rows_in, 42, 0)
    assert quarantine(settings, "social_assistance").empty
    stage = staged(settings, "social_assistance")
    assert len(stage) == 42 and stage["_file"].str.startswith("correction ").sum() == 2


def test_half_of_the_rows_mended_leaves_the_other_half_in_quarantine_and_a_second_file_mends_it(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    rows = [*[social_row(n) for n in range(1, 41)], social_row(50, ИИН=BAD), social_row(51, ИИН="")]
    text = social_csv(rows) + "52;мало столбцов\r\n".encode("cp1251")
    first = take_in("social_assistance", {"s.csv": text})
    assert (first.rows_in, first.rejected) == (43, 3)
    made, content = file_of(settings, "social_assistance")
    name = Path(made.path).name

    def only(number: int, **cells: str) -> Callable[[pandas.DataFrame], pandas.DataFrame]:
        return lambda frame: frame.iloc[[number]].assign(**cells)

    broken_line = pandas.read_csv(BytesIO(content), dtype=str, sep=";", encoding="utf-8-sig")["Ауыл: текст строки"]
    at = int(broken_line[broken_line.notna()].index[0])
    assert broken_line[at] == "52;мало столбцов"
    others = [n for n in range(3) if n != at]
    second = send(settings, "social_assistance", name, mend_table(content, only(others[0], ИИН=iin(50))), tmp_path)
    assert (second.status, second.rejected) == ("accepted", 2), second.refusal
    whole = dict(zip(SOCIAL_HEADING.split(";"), social_row(52), strict=True))
    third = send(settings, "social_assistance", name, mend_table(content, only(at, **whole)), tmp_path)
    assert (third.status, third.rows_in, third.rejected) == ("accepted", 43, 1), third.refusal
    fourth = send(settings, "social_assistance", name, mend_table(content, only(others[1], ИИН=iin(51))), tmp_path)
    assert (fourth.status, fourth.rejected, fourth.staged) == ("accepted", 0, 43), fourth.refusal
    assert quarantine(settings, "social_assistance").empty


def test_workbook_xml_and_json_go_and_come_in_their_own_format(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    animals = [*[animal(n) for n in range(1, 41)], animal(50, **{"ИНЖ": "KZ1"})]
    take_in("livestock", livestock_xlsx(tmp_path / "l.xlsx", {"КРС": animals}))
    made, content = file_of(settings, "livestock")

    def change(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.assign(**{"ИНЖ": [animal(50)[0]]})

    corrected = send(settings, "livestock", Path(made.path).name, mend_table(content, change), tmp_path)
    assert (corrected.status, corrected.staged, corrected.rejected) == ("accepted", 41, 0), corrected.refusal

    persons = [*[person(n) for n in range(1, 41)], person(50, iin=BAD)]
    take_in("population", {"p.xml": population_xml(persons)})
    made, content = file_of(settings, "population")
    assert "ИИН".encode() in content and b"auylReasonKk" in content
    xml = content.replace(BAD.encode(), iin(50).encode())
    corrected = send(settings, "population", Path(made.path).name, xml, tmp_path)
    assert (corrected.status, corrected.staged, corrected.rejected) == ("accepted", 41, 0), corrected.refusal

    seekers = [*[jobseeker(n) for n in range(1, 41)], jobseeker(50, iin=BAD)]
    take_in("employment", {"e1.json": page(seekers)})
    made, content = file_of(settings, "employment")
    answer = json.loads(content)
    answer["items"][0]["iin"] = iin(50)
    corrected = send(settings, "employment", Path(made.path).name, json.dumps(answer).encode(), tmp_path)
    assert (corrected.status, corrected.staged, corrected.rejected) == ("accepted", 41, 0), corrected.refusal


def test_a_row_that_was_never_rejected_cannot_be_replaced(take_in: TakeIn, settings: Settings, tmp_path: Path) -> None:
    take_in(
        "social_assistance", {"s.csv": social_csv([*[social_row(n) for n in range(1, 41)], social_row(50, ИИН=BAD)])}
    )
    made, content = file_of(settings, "social_assistance")

    def change(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.assign(**{"Ауыл: запись": ["3"]})

    before = ledger.current_batches(settings, "social_assistance", PERIOD)
    refused = send(settings, "social_assistance", Path(made.path).name, mend_table(content, change), tmp_path)
    assert refused.status == "refused" and "each rejected row of batch" in str(refused.refusal)
    assert ledger.current_batches(settings, "social_assistance", PERIOD) == before


def test_rows_of_an_extract_that_was_replaced_are_refused(take_in: TakeIn, settings: Settings, tmp_path: Path) -> None:
    rows = [*[social_row(n) for n in range(1, 41)], social_row(50, ИИН=BAD)]
    take_in("social_assistance", {"s.csv": social_csv(rows)})
    made, content = file_of(settings, "social_assistance")
    take_in("social_assistance", {"s.csv": social_csv(rows[:-1])})
    with pytest.raises(ExtractRefused, match="which another extract superseded"):
        send(settings, "social_assistance", Path(made.path).name, content, tmp_path)


def test_lineage_finds_the_line_of_a_mended_row(take_in: TakeIn, settings: Settings, tmp_path: Path) -> None:
    take_in(
        "social_assistance", {"s.csv": social_csv([*[social_row(n) for n in range(1, 41)], social_row(50, ИИН=BAD)])}
    )
    made, content = file_of(settings, "social_assistance")

    def change(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.assign(**{"ИИН": [iin(50)]})

    second = send(settings, "social_assistance", Path(made.path).name, mend_table(content, change), tmp_path)
    assert second.batch_id is not None
    name = f"correction {second.delivery_id}/{Path(made.path).name}"
    assert locate(settings, "social_assistance", [second.batch_id], [(name, 1), ("s.csv", 2)]) == {
        (name, 1): 2,
        ("s.csv", 2): 3,
    }


def test_the_file_of_refused_rows_has_a_name_of_its_own_and_is_written_once(
    take_in: TakeIn, settings: Settings
) -> None:
    good = [social_row(n) for n in range(1, 41)]
    bad = [social_row(n, ИИН=BAD) for n in range(41, 61)]
    accepted = take_in("social_assistance", {"s.csv": social_csv([*good, social_row(70, ИИН=BAD)])})
    assert take_in("social_assistance", {"s.csv": social_csv([*good, *bad])}).status == "refused"
    files = intake.write_handback(settings, "social_assistance", PERIOD, only_new=True)
    assert sorted((f.state, f.batch_id, f.rows) for f in files) == [
        ("current", accepted.batch_id, 1), ("refused", None, 20),
    ]  # fmt: skip
    assert intake.write_handback(settings, "social_assistance", PERIOD, only_new=True) == []
    assert take_in("social_assistance", {"s.csv": social_csv([*good, *bad[1:]])}).status == "refused"
    (new,) = intake.write_handback(settings, "social_assistance", PERIOD, only_new=True)
    assert (new.state, new.path not in {f.path for f in files}) == ("refused", True)
    for file in [*files, new]:
        Lake(settings.lake).replace(file.path, f"{file.path}.aside")
    written = intake.write_handback(settings, "social_assistance", PERIOD, only_new=True)
    assert accepted.batch_id in {file.batch_id for file in written}, (
        "what is not in the lake is written, whoever was killed"
    )


def test_a_refused_extract_is_listed_until_a_later_one_settles_it(take_in: TakeIn, settings: Settings) -> None:
    good = [social_row(n) for n in range(1, 41)]
    bad = [social_row(n, ИИН=BAD) for n in range(41, 61)]

    def open_refusals() -> int:
        frame = quarantine(settings, "social_assistance")
        listed = set() if frame.empty else set(frame["_state"])
        files = intake.write_handback(settings, "social_assistance")
        assert {"refused"} & listed == {file.state for file in files} & {"refused"}
        return 0 if frame.empty else int((frame["_state"] == "refused").sum())

    refused = take_in("social_assistance", {"s.csv": social_csv([*good, *bad])})
    assert (refused.status, open_refusals()) == ("refused", 20)
    accepted = take_in("social_assistance", {"s.csv": social_csv([*good, social_row(70, ИИН=BAD)])})
    assert (accepted.status, open_refusals()) == ("accepted", 0)
    # a later one is open again; corrected rows of the extract before it say nothing about it
    assert take_in("social_assistance", {"s.csv": social_csv([*good, *bad[:15]])}).status == "refused"
    assert open_refusals() == 15
    # neither does loading the former extract again
    assert intake.load(accepted.delivery_id, settings).status == "unchanged" and open_refusals() == 15
    last = take_in("social_assistance", {"s.csv": social_csv([*good, social_row(71)])})
    assert (last.status, open_refusals()) == ("accepted", 0)
    # what settled it was a mistake: the refused one waits for its owner again
    assert last.batch_id is not None
    withdraw(settings, last.batch_id, "of another oblast", "test")
    assert open_refusals() == 15
    # the former extract came again after it
    assert take_in("social_assistance", {"s.csv": social_csv([*good, social_row(70, ИИН=BAD)])}).accepted
    assert open_refusals() == 0


def test_a_refused_extract_is_settled_by_its_own_acceptance_under_other_rules(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    bad = [social_row(n, ИИН=BAD) for n in range(41, 61)]
    refused = take_in("social_assistance", {"s.csv": social_csv([*[social_row(n) for n in range(1, 41)], *bad])})
    assert refused.status == "refused"
    expectations = tmp_path / "expectations"
    shutil.copytree(settings.expectations, expectations)
    batch_rules = expectations / "_batch.json"
    rules = re.sub(r'"max_value": 0\.\d+', '"max_value": 0.9', batch_rules.read_text("utf-8"))
    batch_rules.write_text(rules, "utf-8")
    tolerant = replace(settings, expectations=expectations)
    accepted = intake.load(refused.delivery_id, tolerant)
    assert (accepted.status, accepted.rejected) == ("accepted", 20), accepted.refusal
    assert set(quarantine(tolerant, "social_assistance")["_state"]) == {"current"}


def test_corrected_rows_that_fell_with_another_correction_are_taken_in_for_the_batch_that_counts(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    rows = [*(social_row(n) for n in range(1, 41)), social_row(50, ИИН=BAD), social_row(51, ИИН=BAD)]
    take_in("social_assistance", {"s.csv": social_csv(rows)})
    _, content = file_of(settings, "social_assistance")
    one, other = (mend_table(content, lambda f, n=n: f[f["№"] == str(n)].assign(**{"ИИН": [iin(n)]})) for n in (50, 51))
    first = send(settings, "social_assistance", "a.csv", other, tmp_path)
    second = send(settings, "social_assistance", "b.csv", one, tmp_path)
    assert (first.staged, second.staged) == (41, 42)
    assert send(settings, "social_assistance", "b.csv", one, tmp_path).status == "unchanged"
    withdraw(settings, int(first.batch_id or 0), "a wrong number", "test")
    assert len(staged(settings, "social_assistance")) == 40
    # the second was withdrawn with the first alone, and its rows are good
    again = send(settings, "social_assistance", "b.csv", one, tmp_path)
    assert (again.status, again.staged) == ("accepted", 41)
    assert send(settings, "social_assistance", "b.csv", one, tmp_path).status == "unchanged"
    # what a person withdrew itself stays withdrawn
    assert send(settings, "social_assistance", "a.csv", other, tmp_path).status == "withdrawn"
    withdraw(settings, int(again.batch_id or 0), "wrong too", "test")
    assert send(settings, "social_assistance", "b.csv", one, tmp_path).status == "withdrawn"


def two_months(settings: Settings, folder: Path) -> list[intake.BatchResult]:
    """The same rows under the same name in two months; each has one row without a valid number."""
    made = []
    for period in ("2026-09", PERIOD):
        path = folder / "s.csv"
        rows = [*[social_row(n) for n in range(1, 41)], social_row(50 if period == PERIOD else 51, ИИН=BAD)]
        path.write_bytes(social_csv(rows).replace(b"10.2026", f"{period[5:]}.2026".encode()))
        made.append(intake.load(intake.land_files("social_assistance", period, [path], settings), settings))
    return made


def corrected(frame: pandas.DataFrame) -> pandas.DataFrame:
    return frame.assign(**{"ИИН": [iin(51)]})


@pytest.mark.parametrize("kind", ["csv", "cp1251", "xlsx", "xml", "json"])
def test_a_corrected_file_of_any_name_finds_the_batch_that_its_rows_name(
    take_in: TakeIn, settings: Settings, tmp_path: Path, kind: str
) -> None:
    registry = {"csv": "social_assistance", "cp1251": "social_assistance", "xlsx": "livestock", "xml": "population",
                "json": "employment"}[kind]  # fmt: skip
    if registry == "social_assistance":
        base = two_months(settings, tmp_path)[0]
        (made,) = intake.write_handback(settings, registry, "2026-09")
        content = mend_table(Lake(settings.lake).read(made.path), corrected)
        if kind == "cp1251":  # as Excel of a Russian Windows saves a CSV
            kazakh = str.maketrans("ұәғқңөүһіӘҒҚҢӨҰҮҺІ", "?" * 18)
            content = content.decode("utf-8-sig").translate(kazakh).replace("?", "у").encode("cp1251", "replace")
    elif registry == "livestock":
        animals = [*[animal(n) for n in range(1, 41)], animal(50, **{"ИНЖ": "KZ1"})]
        base = take_in(registry, livestock_xlsx(tmp_path / "l.xlsx", {"КРС": animals}))
        content = mend_table(file_of(settings, registry)[1], lambda f: f.assign(**{"ИНЖ": [animal(50)[0]]}))
    elif registry == "population":
        base = take_in(registry, {"p.xml": population_xml([*[person(n) for n in range(1, 41)], person(50, iin=BAD)])})
        content = file_of(settings, registry)[1].replace(BAD.encode(), iin(50).encode())
    else:
        base = take_in(registry, {"e1.json": page([*[jobseeker(n) for n in range(1, 41)], jobseeker(50, iin=BAD)])})
        content = file_of(settings, registry)[1].replace(BAD.encode(), iin(50).encode())
    path = tmp_path / f"исправлено.{ {'cp1251': 'csv'}.get(kind, kind) }"
    path.write_bytes(content)
    number = intake.land_files(registry, None, [path], settings)
    assert ledger.delivery(settings, number).corrects_batch_id == base.batch_id
    result = intake.load(number, settings)
    assert (result.status, result.period, result.rejected) == ("accepted", base.period, 0), result.refusal
    assert (result.rows_in, result.staged) == (base.rows_in, 41)


def test_a_corrected_file_of_an_earlier_version_is_known_by_the_rows_that_were_rejected(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    take_in("social_assistance", {"s.csv": social_csv([social_row(1), social_row(2)])}, "2026-09")
    first = take_in(
        "social_assistance", {"s.csv": social_csv([*map(social_row, range(1, 41)), social_row(50, ИИН=BAD)])}
    )
    content = file_of(settings, "social_assistance")[1]
    path = tmp_path / "back.csv"
    path.write_bytes(mend_table(content, lambda f: corrected(f).drop(columns="Ауыл: партия")))
    number = intake.land_files("social_assistance", None, [path], settings)
    assert ledger.delivery(settings, number).corrects_batch_id == first.batch_id
    path.write_bytes(mend_table(content, lambda f: corrected(f).assign(**{"Ауыл: партия": "", "Ауыл: запись": "7"})))
    with pytest.raises(ExtractRefused, match="found rows that are rejected in none"):
        intake.land_files("social_assistance", PERIOD, [path], settings)


def test_an_option_that_corrected_rows_cannot_have_is_refused(settings: Settings, tmp_path: Path) -> None:
    september, october = two_months(settings, tmp_path)
    (made,) = intake.write_handback(settings, "social_assistance", "2026-09")
    path = tmp_path / "back.csv"
    path.write_bytes(mend_table(Lake(settings.lake).read(made.path), corrected))

    def land(period: str | None = None, **options: Any) -> int:
        return intake.land_files("social_assistance", period, [path], settings, **options)

    for found, period, options in (
        (f"--period {PERIOD}; 2026-09 is the period of the batch", PERIOD, {}),
        ("--extracted-at 2026-11-01", None, {"extracted_at": datetime(2026, 11, 1, tzinfo=UTC)}),
        (f"rows of batch {september.batch_id}, and the option --corrects", None, {"corrects": october.batch_id}),
    ):
        with pytest.raises(ExtractRefused, match=re.escape(found)):
            land(period, **options)
    number = land("2026-09", corrects=september.batch_id)
    assert intake.load(number, settings).status == "accepted"
    # again, after it was accepted: the same delivery
    assert (land(corrects=september.batch_id), land()) == (number, number)
    assert intake.load(number, settings).status == "unchanged"


def test_bytes_that_were_refused_as_an_extract_are_loaded_as_corrections(settings: Settings, tmp_path: Path) -> None:
    base = two_months(settings, tmp_path)[1]
    (made,) = intake.write_handback(settings, "social_assistance", PERIOD)
    path = tmp_path / "back.csv"
    path.write_bytes(mend_table(Lake(settings.lake).read(made.path), corrected))
    # as a version did that knew corrected files by their names alone
    contract = contracts.load("social_assistance", settings.include)
    age = Age(datetime(2026, 11, 1, tzinfo=UTC), True)
    plain = land(settings, contract, PERIOD, Arrival([path], age, ledger.BY_HAND)).delivery_id
    number = intake.land_files("social_assistance", PERIOD, [path], settings, corrects=base.batch_id)
    assert number != plain
    result = intake.load(number, settings)
    assert (result.status, result.staged, result.rejected) == ("accepted", 41, 0), result.refusal


def test_a_workbook_that_was_refused_whole_goes_back_with_the_lines_that_excel_shows(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    bad = [animal(n, **{"ИНЖ": "KZ1"}) for n in range(41, 81)]
    refused = take_in("livestock", livestock_xlsx(tmp_path / "l.xlsx", {"КРС": [animal(1), *bad]}))
    assert refused.status == "refused"
    made, content = file_of(settings, "livestock")
    assert (made.state, made.batch_id) == ("refused", None)
    frame = pandas.read_excel(BytesIO(content), dtype=str, engine="calamine")
    sheet = pandas.read_excel(tmp_path / "l.xlsx", dtype=str, header=None, engine="calamine")
    assert len(frame) == 40
    assert all(sheet.iloc[int(line) - 1].eq("KZ1").any() for line in frame["Ауыл: строка"])
    path = tmp_path / "back.xlsx"
    path.write_bytes(mend_table(content, lambda f: f.assign(**{"ИНЖ": [animal(n)[0] for n in range(41, 81)]})))
    with pytest.raises(ExtractRefused, match="refused whole is corrected and sent whole"):
        intake.land_files("livestock", PERIOD, [path], settings)
