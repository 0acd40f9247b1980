"""XML is taken as XML says; what is broken or has two readings is rejected alone; nothing is read past in silence."""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from auyl import contracts, formats
from auyl.errors import ExtractRefused
from auyl.formats import xml_document
from auyl.formats.common import RawResult
from auyl.settings import Settings
from tests.extracts import iin, person, population_xml

Rows = list[tuple[str | None, ...]]
Read = Callable[..., tuple[RawResult, Rows]]
COLUMNS = ("_record", "iin", "surname", "district_code", "settlement_name", "rca")
PEOPLE = population_xml([person(n) for n in range(1, 7)]).decode()
ROWS: Rows = [(n, iin(n), "ОМАРОВ", "1907244", "ШЕЛЕК", None) for n in range(1, 7)]  # type: ignore[misc]


@pytest.fixture
def read(settings: Settings, tmp_path: Path) -> Read:
    """Read files of the population: (result, rows of raw)."""

    def run(*files: str | bytes, columns: tuple[str, ...] = COLUMNS) -> tuple[RawResult, Rows]:
        paths = []
        for number, content in enumerate(files, start=1):
            path = tmp_path / f"part{number}.xml"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            paths.append(path)
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        with duckdb.connect() as con:
            result = formats.read(contracts.load("population", settings.include), paths, str(raw), con, tmp_path)
        with duckdb.connect() as con:
            names = ", ".join(columns)
            rows = con.execute(f"select {names} from read_parquet('{raw}/*.parquet') order by _file, _record")
            return result, rows.fetchall()

    return run


def declared(encoding: str, text: str = PEOPLE) -> str:
    return text.replace('encoding="UTF-8"', f'encoding="{encoding}"')


SPELLINGS = {
    "windows-1251": declared("windows-1251").replace("СЕРІКҰЛЫ", "СЕРИКУЛЫ").encode("cp1251"),
    "kz-1048": declared("KZ-1048").encode("kz1048"),
    "utf-16": declared("utf-16").encode("utf-16"),
    "utf-16 without a mark": declared("UTF-16").encode("utf-16-be"),
    "utf-8 that calls itself utf-16": declared("utf-16").encode(),
    "byte order mark": b"\xef\xbb\xbf" + PEOPLE.encode(),
    "line before the declaration": b"\r\n" + PEOPLE.encode(),
    "comment after the root": PEOPLE + "<!-- made </soap:Envelope> in 3 s -->\n",
    "instruction after the root": PEOPLE + "<?end of file?>",
    "padded disk block": PEOPLE.encode() + bytes(5000) + b"\x1a",
    "space in end tags": PEOPLE.replace("</soap:Envelope>", "</soap:Envelope\n>").replace("</iin>", "</iin >"),
    "pretty-printed": PEOPLE.replace("><", ">\n  <").replace("ОМАРОВ", "\n\t ОМАРОВ\n "),
    "cdata": PEOPLE.replace("ОМАРОВ", "<![CDATA[ОМАРОВ]]>"),
    "comment in a value": PEOPLE.replace("ОМАРОВ", "ОМА<!-- ? -->РОВ"),
    "record in a comment": PEOPLE.replace("<person>", "<!-- <person><iin>1</iin></person> --><person>", 1),
    "prefixes": PEOPLE.replace("<persons>", '<p:persons xmlns:p="urn:p">')
    .replace("</persons>", "</p:persons>")
    .replace("person>", "p:person>")
    .replace("</p:p:", "</p:")
    .replace("</p", "</p")
    .replace("</p:person>", "</p:person>"),
    "ampersands in a comment, references": PEOPLE.replace("ОМАРОВ", "&#1054;&#x41C;АРОВ<!-- Б & К -->"),
    "a prefix that nobody declared": PEOPLE.replace("<surname>", '<k:surname k:nil="false">').replace(
        "</surname>", "</k:surname>"
    ),
    "two containers": PEOPLE.replace("</person>\n<person>", "</person></persons><persons>\n<person>"),
    "the same value twice": PEOPLE.replace("<surname>", "<surname>ОМАРОВ</surname><surname>", 1),
    "an empty element beside the value": PEOPLE.replace("<surname>", "<surname/><surname>", 1),
    "an empty element after the value": PEOPLE.replace("</surname>", "</surname><surname/>", 1),
}


@pytest.mark.parametrize("large", [False, True], ids=["held", "streamed"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_records_in_any_spelling_of_xml(
    read: Read, monkeypatch: pytest.MonkeyPatch, spelling: str, large: bool
) -> None:
    if large:
        monkeypatch.setattr(xml_document, "HELD_BYTES", 1000)
    result, rows = read(SPELLINGS[spelling])
    assert rows == ROWS
    assert (result.rejects, result.unknown_columns) == ([], set())


def second(text: str) -> str:
    """The surname of the second person spelt like this."""
    first, name, rest = PEOPLE.partition("ОМАРОВ")
    return first + name + rest.replace("ОМАРОВ", text, 1)


def remark(content: bytes) -> bytes:
    """The second person with an element that the contract does not know."""
    first, tag, rest = PEOPLE.encode().partition(b"<removed>")
    return first + tag + rest.replace(b"<removed>", b"<remark>" + content + b"</remark><removed>", 1)


@pytest.mark.parametrize("large", [False, True], ids=["held", "streamed"])
@pytest.mark.parametrize(
    "broken",
    [
        second("ОМАРОВ & КО").encode(),
        second("ОМАР\x0bОВ").encode(),
        second("ОМАР\0ОВ").encode(),
        second("ОМАР&nbsp;ОВ").encode(),
        second("ОМАР&#0;ОВ").encode(),
        second("ОМАРОВ < 3").encode(),
        second("?").encode().replace(b"?</surname>", "ОМАРОВ".encode("cp1251") + b"</surname>"),
        declared("windows-1251", second("?").replace("СЕРІКҰЛЫ", "СЕРИКУЛЫ"))
        .encode("cp1251")
        .replace(b"?</surname>", b"\x98</surname>"),
        remark(b"\xd0NOVA"),
        remark(b"NO\x0bVA"),
        remark(b"NOVA&nbsp;"),
        remark(b"NOVA&#x1f;"),
        remark("NOVA\uffff".encode()),
    ],
    ids=[
        "ampersand",
        "control",
        "nul",
        "entity",
        "number of no sign",
        "less than",
        "bytes of cp1251",
        "no byte of cp1251",
        "bytes of cp1251 outside the contract",
        "control outside the contract",
        "entity outside the contract",
        "number of no sign outside the contract",
        "no character outside the contract",
    ],
)
def test_a_broken_record_is_rejected_alone(
    read: Read, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path, broken: bytes, large: bool
) -> None:
    if large:
        monkeypatch.setattr(xml_document, "HELD_BYTES", 1000)
    result, rows = read(broken)
    assert rows == [ROWS[0], *ROWS[2:]]
    assert result.rows_in == 6
    assert [(r.file, r.line, r.rule) for r in result.rejects] == [("part1.xml", 4, "record_unreadable")]
    assert iin(2) in result.rejects[0].text and "\0" not in result.rejects[0].text
    lines = formats.locate(contracts.load("population", settings.include), tmp_path / "part1.xml", {1, 3, 6})
    assert lines == {1: 3, 3: 5, 6: 8}


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (PEOPLE.replace("</surname>", "</surnam>", 1), 3, "tag name mismatch"),
        (PEOPLE.replace("<removed>", "<a>" * 3000 + "</a>" * 3000 + "<removed>", 1), 3, "resource limit"),
        (PEOPLE.replace("</person>", "", 1), 9, "tag name mismatch"),
        (PEOPLE.replace("</person>\n<person>", "</person>\n<persoU>", 1), 4, "tag name mismatch"),
        (PEOPLE.replace("ОМАРОВ", "<![CDATA[ОМАРОВ", 1), None, ""),
        (PEOPLE + PEOPLE, 10, "a second document"),
        (PEOPLE + "<html/>", 9, "something else"),
        (PEOPLE[:-20], 9, "cut short"),
        (PEOPLE.replace("</persons>", "\0\0</persons>"), 9, "invalid char"),
        (PEOPLE.replace("<birthDate>", "\0" * 600, 1), 3, "a lost block"),
        (PEOPLE.replace("ОМАРОВ", "\0" * 600, 1), 3, "a lost block"),
        (second("ОМАРОВ & КО</name>"), 4, "tag name mismatch"),
        (declared("UTF-7"), 1, "encoding AAA-9"),
        (declared("windows-1251"), 3, "letters in an unlikely order"),
        (PEOPLE.replace("ОМАРОВ", "ОМАРОВ & КО"), 3, "name required"),
        (PEOPLE.replace("<persons>", "<!DOCTYPE a><persons>"), 2, "a DOCTYPE"),
        (PEOPLE.replace("<period>", "<period>2026-09</period><period>"), None, "two that differ"),
    ],
    ids=[
        "mismatch", "too deep", "no end tag", "no start tag", "cdata", "glued", "page after it", "cut", "nul outside",
        "nuls over a tag", "nuls over a value", "two faults", "utf-7", "false declaration",
        "no readable record", "doctype", "two periods",
    ],
)  # fmt: skip
def test_a_file_whose_records_are_not_certain_is_refused_with_its_line(
    read: Read, content: str, line: int | None, found: str
) -> None:
    with pytest.raises(ExtractRefused) as refused:
        read(content)
    assert found in refused.value.found
    assert line is None or refused.value.line == line
    assert "ОМАРОВ" not in str(refused.value) and iin(1) not in str(refused.value)


def test_an_element_repeated_with_another_value_is_marked(read: Read) -> None:
    other = PEOPLE.replace("<iin>", f"<iin>{iin(9)}</iin><iin>", 1)
    _, rows = read(other)
    assert rows == [(1, f"#REPEATED! {iin(1)}; {iin(9)}", *ROWS[0][2:]), *ROWS[1:]]


def test_two_addresses_of_a_person_are_never_mixed(read: Read) -> None:
    former = "<regAddress><district><code>1907999</code></district><city>ШЕЛЕК</city></regAddress>"
    _, rows = read(PEOPLE.replace("<regAddress>", former + "<regAddress>", 1))
    assert rows == [(1, iin(1), "ОМАРОВ", "#REPEATED! 1907244; 1907999", "ШЕЛЕК", None), *ROWS[1:]]
    # The district of one address and the settlement of another.
    _, rows = read(PEOPLE.replace("</district>", "</district></regAddress><regAddress>", 1))
    assert rows[0] == (1, iin(1), "ОМАРОВ", "#REPEATED! -; 1907244", "#REPEATED! -; ШЕЛЕК", None)
    assert rows[1:] == ROWS[1:]


def test_elements_in_place_of_a_text_are_marked_and_named(read: Read) -> None:
    result, rows = read(PEOPLE.replace("ОМАРОВ", "<last>ОМАРОВ</last>", 1))
    assert rows == [(1, iin(1), "#STRUCTURE! ОМАРОВ", *ROWS[0][3:]), *ROWS[1:]]
    assert result.unknown_columns == {"surname/last"}


def test_records_are_numbered_through_their_containers(read: Read, settings: Settings, tmp_path: Path) -> None:
    split = PEOPLE.replace("</person>\n<person>", "</person>\n</persons>\n<persons>\n<person>")
    _, rows = read(split)
    assert rows == ROWS
    lines = formats.locate(contracts.load("population", settings.include), tmp_path / "part1.xml", {1, 2, 6})
    assert lines == {1: 3, 2: 6, 6: 18}


def test_each_container_may_have_its_counter_and_both_may_not_lie(read: Read) -> None:
    split = PEOPLE.replace("</person>\n<person>", "</person></persons><personCount>1</personCount><persons><person>", 1)
    assert read(split.replace("<personCount>6<", "<personCount>5<"))[1] == ROWS
    with pytest.raises(ExtractRefused, match="4 records, as it says itself; found 6 records"):
        read(split.replace("<personCount>6<", "<personCount>4<"))


@pytest.mark.parametrize(("count", "found"), [("6 записей", "9 ААААААА"), ("6.0", "9.9"), ("-6", "-9"), ("x", "A")])
def test_a_count_that_is_no_number_is_refused(read: Read, count: str, found: str) -> None:
    with pytest.raises(ExtractRefused, match=rf"«personCount».*expected a whole number; found the text «{found}»"):
        read(PEOPLE.replace("<personCount>6<", f"<personCount>{count}<"))


def test_a_number_of_parts_that_is_none_is_refused(read: Read) -> None:
    with pytest.raises(ExtractRefused, match=r"«parts».*expected a whole number; found the text «AAA»"):
        read(PEOPLE.replace("<parts>1<", "<parts>one<"))


def test_persons_in_another_container_are_reported(read: Read) -> None:
    split = PEOPLE.replace("</person>\n<person>", "</person></persons><people><person>", 1)
    split = split.replace("</persons><personCount>6<", "</people><personCount>1<")
    result, rows = read(split)
    assert rows == ROWS[:1]
    assert result.unknown_columns == {"person at another path (5)"}


def many(first: int, part: int) -> str:
    people = [person(n, arCode=f"12019{n:011d}") for n in range(first, first + 300)]
    return population_xml(people, part=part, parts=2).decode()


def test_a_part_that_renames_a_required_element_is_refused_by_name(read: Read) -> None:
    renamed = many(301, 2).replace("<iin>", "<inn>").replace("</iin>", "</inn>")
    with pytest.raises(ExtractRefused) as refused:
        read(many(1, 1), renamed)
    assert (refused.value.file, refused.value.column) == ("part2.xml", "iin")
    assert "«inn»" in refused.value.found


def test_a_small_last_part_may_leave_out_what_is_empty(read: Read) -> None:
    last = population_xml([person(301)], part=2, parts=2).decode()
    result, rows = read(many(1, 1), last.replace(f"<iin>{iin(301)}</iin>", ""))
    assert len(rows) == 301 and rows[300][:3] == (1, None, "ОМАРОВ")
    assert "iin" not in result.columns_of["part2.xml"]


def test_a_part_that_renames_an_optional_element_is_known(read: Read) -> None:
    renamed = many(301, 2).replace("arCode>", "rca>")
    result, rows = read(many(1, 1), renamed)
    assert [row[5] is None for row in rows] == [False] * 300 + [True] * 300
    assert "rca" in result.columns_of["part1.xml"] and "rca" not in result.columns_of["part2.xml"]
    assert result.unknown_columns == {"regAddress/rca"}


@pytest.mark.parametrize("at", [250, 299])
def test_an_unknown_element_is_reported_from_any_record(read: Read, at: int) -> None:
    people = many(1, 1).split("<person>")
    people[at] = people[at].replace("<removed>", "<removedAt>2020</removedAt><removed>")
    result, _ = read("<person>".join(people), many(301, 2))
    assert result.unknown_columns == {"removedAt"}


def test_an_attribute_in_the_place_of_an_element_is_reported(read: Read) -> None:
    people = re.sub(r"<regAddress>(.*?)<arCode>(\w+)</arCode>", r'<regAddress arCode="\2">\1', many(1, 1), flags=re.S)
    people = people.replace(f"<iin>{iin(1)}</iin>", f'<iin value="{iin(1)}" xmlns:x="urn:x" x:nil="true"/>')
    result, rows = read(people, many(301, 2))
    assert result.unknown_columns == {"regAddress@arCode", "iin@value"}
    assert rows[0][1] is None and rows[1][1] == iin(2)
