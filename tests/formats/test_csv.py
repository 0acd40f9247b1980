"""CSV of other encodings and delimiters, headings that repeat, lines that end in several ways."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auyl.formats import encoding
from auyl.intake import quarantine
from auyl.settings import Settings
from tests import extracts
from tests.extracts import social_csv, social_row
from tests.formats import derived
from tests.formats.conftest import LoadDerived

OPTIONS: dict[str, Any] = {"format": "csv"}
ROWS = [social_row(n) for n in range(1, 41)]
SOCIAL = social_csv(ROWS)
NAMES = ("Ахметова", "Ибраев", "Қасымжанов", "Серікбаева", "Петренко", "Жұмабаева", "Нұрланұлы", "Волкова")
SEEKERS = [
    extracts.jobseeker(n, lastName=NAMES[n % 8], settlement="Бәйтерек", profession="разнорабочий") for n in range(1, 61)
]
LATIN_HEADED = derived.write("csv", SEEKERS)
COMMA: dict[str, Any] = {"format": "csv", "delimiter": ","}
Refusal = Callable[..., str]


@pytest.mark.parametrize("own", ["utf-8", "utf-8-sig", "cp1251", "koi8-r", "cp866", "utf-16", "utf-16-le"])
def test_the_contract_decides_the_encoding(load_derived: LoadDerived, own: str) -> None:
    russian = [[cell.replace("СЕРІК", "СЕРИК") for cell in row] for row in ROWS]
    heading = extracts.SOCIAL_HEADING.replace("№", "N п/п")
    result = load_derived(
        "social_assistance", OPTIONS | {"encoding": own}, {"s.csv": social_csv(russian, heading, own)}
    )
    assert (result.status, result.staged) == ("accepted", 40)


@pytest.mark.parametrize(
    ("promised", "actual", "found"),
    [
        ("utf-8", "cp1251", "look like cp1251"),
        ("utf-8", "koi8-r", "look like koi8_r"),
        ("utf-8", "utf-16", "text in utf-16"),
        ("utf-8", "cp866", "look like cp1125"),
        ("cp1251", "utf-8", "look like utf_8"),
        ("cp1251", "koi8-r", "look like koi8_r"),
        ("cp1251", "cp866", "look like cp1125"),
        ("koi8-r", "cp1251", "look like cp1251"),
        ("cp866", "cp1251", "look like cp1251"),
        ("cp866", "utf-8", "look like utf_8"),
    ],
)
def test_text_in_another_encoding_is_refused_though_the_heading_is_latin(
    refusal: Refusal, promised: str, actual: str, found: str
) -> None:
    content = LATIN_HEADED.decode().translate(str.maketrans("ҚқңәұіҰ", "КкнауиУ")).encode(actual)
    text = refusal("employment", COMMA | {"encoding": promised}, {"j.csv": content})
    assert "j.csv" in text
    assert f"expected text in {promised}" in text
    assert found in text


def test_a_guess_never_decides(load_derived: LoadDerived) -> None:
    """Twenty rows of ASCII and two Cyrillic letters may be any encoding: the contract decides."""
    rows = [extracts.jobseeker(n, lastName="Li", firstName="Yu", settlement=None, education=None) for n in range(1, 21)]
    content = derived.write("csv", [rows[0] | {"lastName": "Ли"}, *rows[1:]])
    result = load_derived("employment", COMMA | {"encoding": "cp1251"}, {"j.csv": content.decode().encode("cp1251")})
    assert (result.status, result.staged) == ("accepted", 20)


def test_utf8_encoded_twice_is_refused(refusal: Refusal) -> None:
    twice = LATIN_HEADED.decode("latin-1").encode()
    assert "letters in an unlikely order" in refusal("employment", COMMA, {"j.csv": twice})


@pytest.mark.parametrize("other", ["cp1251", "koi8-r", "cp866", "utf-8"])
def test_real_place_names_are_text_only_in_their_encoding(other: str) -> None:
    from tests.reference import reference_file

    text = "\n".join(reference_file("kato/kato.csv").read_text("utf-8-sig").splitlines()[1:2000])
    sample = text.encode(other, errors="replace")[: encoding.SAMPLE_BYTES]
    assert not encoding.reads_wrong(sample, other)
    if other != "utf-8":
        assert all(encoding.reads_wrong(sample, e) for e in ("cp1251", "koi8-r", "cp866") if e != other)


@pytest.mark.parametrize("other", [",", "\t", "|"])
def test_another_delimiter_that_splits_the_heading_is_named(refusal: Refusal, other: str) -> None:
    text = refusal("social_assistance", OPTIONS, {"s.csv": SOCIAL.replace(b";", other.encode())})
    assert f"a heading that {other!r} divides into the contract's columns" in text
    assert "line 1" in text


def test_a_repeated_heading_is_quarantined_by_its_rule(
    load_derived: LoadDerived, settings: Settings, tmp_path: Path
) -> None:
    heading = SOCIAL.splitlines(keepends=True)[0]
    lines = SOCIAL.splitlines(keepends=True)
    content = b"".join([*lines[:11], heading, *lines[11:31], b"1;2\r\n", heading, *lines[31:]])
    result = load_derived("social_assistance", OPTIONS, {"s.csv": content})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 43, 40)
    assert result.failed == {"heading_repeated": 2, "column_count": 1}
    frame = quarantine.quarantine(replace(settings, include=tmp_path / "include"), "derived")
    assert list(zip(frame["_rules"], frame["_line"], strict=True)) == [
        ("heading_repeated", 12), ("column_count", 33), ("heading_repeated", 34),
    ]  # fmt: skip
    assert frame["_text"].iloc[0].startswith("№;ИИН") and "Заголовок" in frame["_reasons_ru"].iloc[0]


def test_two_concatenated_files_lose_no_row(load_derived: LoadDerived) -> None:
    one, two = (derived.write("csv", SEEKERS[n : n + 30]).decode().encode("utf-8-sig") for n in (0, 30))
    result = load_derived("employment", COMMA, {"j.csv": one + two})
    assert (result.status, result.staged, result.failed["heading_repeated"]) == ("accepted", 60, 1)


@pytest.mark.parametrize(
    ("content", "found", "line"),
    [
        (SOCIAL[:-4], "cut short", "line 41"),
        (SOCIAL.rstrip(), "cut short", "line 41"),
        (SOCIAL[:-1], "cut short", "line 41"),
        (SOCIAL.replace(b"\r\n", b"\n", 7), "in LF, now in CR", "line 8"),
        (SOCIAL.replace(b"\r\n5;", b"\r\n5\0;"), "a NUL", "line 6"),
    ],
)
def test_signs_of_damage_are_refused_with_their_line(refusal: Refusal, content: bytes, found: str, line: str) -> None:
    text = refusal("social_assistance", OPTIONS, {"s.csv": content})
    assert found in text and line in text


def test_headings_that_are_empty_or_differ_only_in_case_are_separate_columns(load_derived: LoadDerived) -> None:
    lines = LATIN_HEADED.decode().splitlines()
    content = "\n".join([lines[0] + ",,Note,note,", *(line + ",,2,3," for line in lines[1:])]) + "\n"
    result = load_derived("employment", COMMA, {"j.csv": content.encode()})
    assert (result.status, result.staged, result.failed) == ("accepted", 60, {})
    assert result.notes["unknown_columns"] == ["Note", "note (17)"]


@pytest.mark.parametrize("second", ["IIN", "Iin", "iin", "i\u200bin"], ids=ascii)
def test_two_headings_that_mean_one_column_are_refused_by_name(refusal: Refusal, second: str) -> None:
    lines = LATIN_HEADED.decode().splitlines()
    content = "\n".join([f"{lines[0]},{second}", *(f"{line},1" for line in lines[1:])]) + "\n"
    text = refusal("employment", COMMA, {"j.csv": content.encode()})
    at = lines[0].split(",").index("iin") + 1
    assert f"column «iin»: expected one heading for the column; found 2: «iin» in column {at}, «{second}»" in text


@pytest.mark.parametrize("heading", ["", " ", "\u200b"], ids=ascii)
def test_values_under_a_column_without_a_heading_are_drift_that_names_its_number(
    load_derived: LoadDerived, heading: str
) -> None:
    lines = LATIN_HEADED.decode().splitlines()
    number = len(lines[0].split(",")) + 1
    rows = [lines[0] + f",{heading},", *(f"{line},{n % 3 or ''}," for n, line in enumerate(lines[1:]))]
    result = load_derived("employment", COMMA, {"j.csv": ("\n".join(rows) + "\n").encode()})
    assert (result.status, result.staged) == ("accepted", 60)
    new = [(drift.kind, drift.name, drift.found) for drift in result.drifts]
    assert new == [("column_new", f"column {number}", "40 filled cells")]


def test_wildcards_in_a_file_name_are_ordinary_characters(load_derived: LoadDerived) -> None:
    options = {"format": "csv", "delimiter": ","}
    assert load_derived("employment", options, {"список [1]* #2.csv": LATIN_HEADED}).staged == 60


def test_utf_16_without_a_byte_order_mark_is_refused(settings: Settings, tmp_path: Path) -> None:
    import duckdb

    from auyl import contracts, formats
    from auyl.errors import ExtractRefused

    housing = contracts.load("housing", settings.include)
    file = tmp_path / "housing_2026-10.txt"
    file.write_bytes(b"[]")
    with duckdb.connect() as con, pytest.raises(ExtractRefused, match="expected text in utf-16"):
        formats.read(housing, [file], str(tmp_path), con, tmp_path)


def test_quarantine_and_hand_back_name_the_line_of_the_right_person(
    load_derived: LoadDerived, settings: Settings, tmp_path: Path
) -> None:
    """Raw, rejects and lines come from one reader: oddities above a row do not move its number."""
    import csv
    import io

    from auyl.intake.handback import write_handback
    from auyl.store.lake import Lake

    rows = [
        social_row(n, ФАМИЛИЯ=f"ОМАРОВ-{n}", **({"ИИН": "123456789012"} if n % 25 == 7 else {})) for n in range(1, 201)
    ]
    lines = social_csv(rows).decode("cp1251").splitlines()
    heading = lines[0]
    lines[2] += ";;"
    lines[6] += ";"
    lines[9] = lines[9].replace("с.Шелек", '"с.Шелек\nулица;""Есік"""')
    lines[13] = lines[13].rsplit(";", 1)[0]
    lines[14] = lines[14].replace("АЙБЕК", '"АЙБЕК')
    lines[17:17] = ["", ";" * 14, heading]
    lines[34] += ";;;"
    text = "".join(line + "\r\n" for line in ["Отчёт" + ";" * 14, *lines])
    result = load_derived("social_assistance", OPTIONS | {"encoding": "cp1251"}, {"s.csv": text.encode("cp1251")})
    assert (result.status, result.rows_in, result.quarantined) == ("accepted", 201, 3)
    here = replace(settings, include=tmp_path / "include")
    written = text.split("\n")
    frame = quarantine.quarantine(here, "derived")
    persons = frame[frame["_record"].notna()]
    assert list(persons["surname"]) == [f"ОМАРОВ-{n}" for n in range(7, 201, 25)]
    for surname, line in zip(persons["surname"], persons["_line"], strict=True):
        assert f";{surname};" in written[line - 1]
    for line, rule, content in frame[frame["_record"].isna()][["_line", "_rules", "_text"]].itertuples(index=False):
        assert written[line - 1].startswith(content.split("\r")[0])
        assert rule == {16: "column_count", 17: "line_quotes", 22: "heading_repeated"}[line]
    (file,) = write_handback(here, "derived")
    back = csv.DictReader(io.StringIO(Lake(here.lake).read(file.path).decode("utf-8-sig")), delimiter=";")
    given = {row["ФАМИЛИЯ"]: int(row["Ауыл: строка"]) for row in back if row["ФАМИЛИЯ"]}
    assert given == dict(zip(persons["surname"], persons["_line"], strict=True))


def parts(*names: str) -> dict[str, bytes]:
    """The rows in as many files as there are names."""
    size = len(SEEKERS) // len(names)
    return {name: derived.write("csv", SEEKERS[n * size : (n + 1) * size]) for n, name in enumerate(names)}


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["seekers_part_1.csv", "seekers_part_3.csv"], "every part up to 3; found no part 2"),
        (["part2.csv"], "every part up to 2; found no part 1"),
        (["Список часть 1 из 3.csv", "Список часть 2 из 3.csv"], "every part up to 3; found no part 3"),
        (["a.part-00.csv", "a.part-02.csv"], "every part up to 2; found no part 1"),
    ],
)
def test_numbered_files_with_a_gap_are_refused(refusal: Refusal, names: list[str], missing: str) -> None:
    assert missing in refusal("employment", COMMA, parts(*names))


@pytest.mark.parametrize(
    "names",
    [
        ["part_1.csv", "part_2.csv"],
        ["part0.csv", "part1.csv"],
        ["часть 1 из 2.csv", "часть 2 из 2.csv"],
        ["part_191600.csv", "part_193200.csv"],
        ["seekers 2.csv"],
    ],
)
def test_files_that_leave_no_gap_are_taken(load_derived: LoadDerived, names: list[str]) -> None:
    assert load_derived("employment", COMMA, parts(*names)).staged == len(SEEKERS)


def test_a_member_of_an_archive_is_known_in_any_case(load_derived: LoadDerived) -> None:
    options = COMMA | {"archive": "zip", "memberPattern": "*.csv"}
    content = derived.zipped(parts("A.CSV", "b.Csv"))
    assert load_derived("employment", options, {"e.zip": content}).staged == len(SEEKERS)


@pytest.mark.parametrize(
    "lost",
    ["??????", "?", "...", "…", "???? ??", "\ufffd\ufffd", "[object Object]", "__", "?-?", "[object Map],[object Map]"],
)  # fmt: skip
def test_a_text_that_lost_its_letters_is_unreadable(load_derived: LoadDerived, settings: Settings, lost: str) -> None:
    rows = [SEEKERS[0] | {"settlement": lost}, SEEKERS[1] | {"settlement": "Что? Где..."}, *SEEKERS[2:]]
    result = load_derived("employment", COMMA, {"j.csv": derived.write("csv", rows)})
    assert (result.status, result.staged, result.failed) == ("accepted", 60, {"cell_unreadable": 1})
