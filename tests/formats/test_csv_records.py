"""What a record of delimited text is: well-formed text as Python's csv module reads it, broken lines one by one."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auyl import contracts, formats
from auyl.formats import lines as text_lines
from auyl.settings import REPOSITORY
from tests.extracts import SOCIAL_HEADING, social_csv, social_row
from tests.formats import derived

SOCIAL = contracts.load("social_assistance", REPOSITORY / "include")
NAMES = [column.name for column in SOCIAL.columns]
HEADING = SOCIAL_HEADING.split(";")
ROWS = [social_row(n) for n in range(1, 13)]
Read = Callable[..., tuple[list[list[str | None]], list[tuple[int, str]], list[int]]]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Read an extract of social assistance: cells by heading, (line, rule) of rejects, the line of each record."""
    with duckdb.connect() as con:

        def run(content: bytes, final_newline: bool = True) -> tuple[list, list, list]:
            include = derived.include_with(
                tmp_path, ("derived", "social_assistance", {"format": "csv", "finalNewline": final_newline})
            )
            contract = contracts.load("derived", include)
            return read_with(contract, content, tmp_path, con)

        yield run


def read_with(contract: contracts.Contract, content: bytes, folder: Path, con: duckdb.DuckDBPyConnection) -> tuple:
    file = folder / "s.csv"
    file.write_bytes(content)
    result = formats.read(contract, [file], str(folder), con, folder)
    names = [next(c.name for c in contract.columns if h.strip() in c.names) for h in HEADING]
    rows = con.execute(f"select {', '.join(names)}, _record from '{folder}/part-0001.parquet' order by _record")
    cells = [list(row) for row in rows.fetchall()]
    records = [row.pop() for row in cells]
    assert records == list(range(1, len(records) + 1))
    places = formats.locate(contract, file, set(records))
    return cells, [(r.line, r.rule) for r in result.rejects], [places[record] for record in records]


def values(rows: list[list[str]]) -> list[list[str | None]]:
    return [[cell or None for cell in row] for row in rows]


def csv_text(rows: list[list[str]], **how: object) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", **how).writerows([HEADING, *rows])
    return out.getvalue()


CELLS = st.text(st.sampled_from("aЖ7\"\n; \t,'№"), max_size=6)
RECORDS = st.lists(st.lists(CELLS, min_size=15, max_size=15), min_size=1, max_size=6)


@given(
    records=RECORDS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\r\n", "\n"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_well_formed_text_is_read_as_the_csv_module_reads_it(
    tmp_path_factory: pytest.TempPathFactory, records: list[list[str]], quoting: int, line_end: str
) -> None:
    records = [row for row in records if any(cell.strip(" \t\r\n") for cell in row)]
    if not records:
        return
    text = csv_text(records, quoting=quoting, lineterminator=line_end)
    expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
    assert expected == records
    with duckdb.connect() as con:
        cells, rejects, places = read_with(SOCIAL, text.encode("cp1251"), tmp_path_factory.mktemp("r"), con)
    assert rejects == []
    assert cells == values(expected)
    begins = 2
    for place, row in zip(
        places, csv_text(records, quoting=quoting, lineterminator="\0").split("\0")[1:], strict=False
    ):
        assert place == begins
        begins += 1 + row.count(line_end[-1])


@pytest.mark.parametrize("size", [1, 40, 1000])
def test_a_record_may_go_on_in_the_next_chunk(read: Read, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(text_lines, "CHUNK_BYTES", size)
    rows = [[*row[:-1], "с.Шелек\nулица\nдом" if n % 3 == 0 else row[-1]] for n, row in enumerate(ROWS)]
    cells, rejects, places = read(csv_text(rows).encode("cp1251"))
    assert (cells, rejects) == (values(rows), [])
    assert places == [2, 5, 6, 7, 10, 11, 12, 15, 16, 17, 20, 21]


def social(change: Callable[[list[str]], list[str]]) -> bytes:
    """The extract with its lines changed: `lines[0]` is the heading."""
    return "".join(line + "\r\n" for line in change(social_csv(ROWS).decode("cp1251").splitlines())).encode("cp1251")


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (lambda t: [*t[:4], ";" * 14, *t[4:], "; ;" + ";" * 12], [2, 3, 4, *range(6, 15)]),
        (lambda t: [*t[:4], "", "   ", *t[4:]], [2, 3, 4, *range(7, 16)]),
        (lambda t: [t[0], *(line + ";;" if n % 2 else line for n, line in enumerate(t[1:]))], [*range(2, 14)]),
        (lambda t: [line + ";" for line in t], [*range(2, 14)]),
        (lambda t: [t[0] + ";", *t[1:]], [*range(2, 14)]),
        (lambda t: [t[0], *(line + ";" for line in t[1:])], [*range(2, 14)]),
        (lambda t: ["Сведения о получателях" + ";" * 14, "за октябрь", "", *t], [*range(5, 17)]),
        (lambda t: ["sep=;", *t], [*range(3, 15)]),
        (lambda t: ['"Сведения\r\nо получателях"' + ";" * 14, *t], [*range(4, 16)]),
        (lambda t: [t[0].replace("ДАТА РОЖДЕНИЯ", '"ДАТА\nРОЖДЕНИЯ"'), *t[1:]], [*range(3, 15)]),
        (lambda t: [t[0], *(";".join(f'="{cell}"' for cell in line.split(";")) for line in t[1:])], [*range(2, 14)]),
        (lambda t: [t[0], *(";".join(f'"=""{c}"""' for c in line.split(";")) for line in t[1:])], [*range(2, 14)]),
    ],
    ids=["blank rows", "blank lines", "more empty cells", "trailing delimiters", "of the heading", "of the rows",
         "titles", "sep", "title of two lines", "heading of two lines", "formulas", "quoted formulas"],
)  # fmt: skip
def test_harmless_oddities_are_read_as_peers_read_them(
    read: Read, change: Callable[[list[str]], list[str]], places: list[int]
) -> None:
    cells, rejects, lines = read(social(change))
    assert (cells, rejects, lines) == (values(ROWS), [], places)


@pytest.mark.parametrize(
    ("content", "final_newline"),
    [
        (social_csv(ROWS) + b"\x1a", True),
        (social_csv(ROWS)[:-2] + b"\x1a", True),
        (social_csv(ROWS) + b"\x1a" * 100, True),
        (social_csv(ROWS) + b"\0" * 100_000, True),
        (social_csv(ROWS) + b"\x1a" + b"\0" * 127, True),
        (social_csv(ROWS)[:-2] + b"\0" * 3, False),
        (social_csv(ROWS).replace(b"\r\n", b"\n"), True),
        (social_csv(ROWS).replace(b"\r\n", b"\r"), True),
        (social_csv(ROWS).decode("cp1251").encode("utf-8-sig"), True),
    ],
    ids=["ctrl-z", "ctrl-z in the last line", "padded", "nuls", "both", "no line end", "lf", "cr", "mark"],
)
def test_what_stands_after_the_text_is_no_record(read: Read, content: bytes, final_newline: bool) -> None:
    assert read(content, final_newline) == (values(ROWS), [], list(range(2, 14)))


@pytest.mark.parametrize(("above", "below"), [("\n", "\r\n"), ("\r\n", "\n")])
def test_titles_may_end_otherwise_than_the_lines_below(read: Read, above: str, below: str) -> None:
    lines = social_csv(ROWS).decode("cp1251").splitlines()
    titles = ["Сведения о получателях" + ";" * 14, "за октябрь 2026 года", ";" * 14]
    text = "".join(line + above for line in titles) + "".join(line + below for line in lines)
    assert read(text.encode("cp1251")) == (values(ROWS), [], list(range(5, 17)))


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 9000])
def test_padding_after_half_a_line_is_a_file_cut_short(read: Read, padding: bytes) -> None:
    from auyl.errors import ExtractRefused

    with pytest.raises(ExtractRefused, match="line 13: expected a line end"):
        read(social_csv(ROWS)[:-2] + padding)


@pytest.mark.parametrize(
    ("before", "after", "cell"),
    [
        ("СЕРІКОВИЧ", 'СЕРІК"ОВИЧ', 'СЕРІК"ОВИЧ'),
        ("СЕРІКОВИЧ", 'КХ "Нұр"', 'КХ "Нұр"'),
        ("СЕРІКОВИЧ", '"КХ ""Нұр"""', 'КХ "Нұр"'),
        ("СЕРІКОВИЧ", '"а; б"', "а; б"),
        ("СЕРІКОВИЧ", '""', None),
        ("СЕРІКОВИЧ", "\ufeffа", "\ufeffа"),
    ],
)
def test_a_quote_inside_a_cell_is_a_letter(read: Read, before: str, after: str, cell: str | None) -> None:
    lines = social_csv(ROWS).decode("cp1251").splitlines()
    lines[5] = lines[5].replace(before, after)
    cells, rejects, _ = read("".join(line + "\n" for line in lines).encode("utf-8-sig"))
    expected = values(ROWS)
    expected[4][HEADING.index("ОТЧЕСТВО")] = cell
    assert (cells, rejects) == (expected, [])


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        ('"ОМАРОВ', "line_quotes"),
        ('"ОМАР" ОВ', "line_quotes"),
        ('"ТОО "Береке""', "line_quotes"),
        ('"ОМАРОВ""', "line_quotes"),
        ("ОМАРОВ;", "column_count"),
    ],
)
@pytest.mark.parametrize("broken", [(1,), (5,), (12,), (5, 6), (5, 9)])
def test_a_broken_line_takes_no_neighbour_with_it(read: Read, after: str, rule: str, broken: tuple[int, ...]) -> None:
    lines = social_csv(ROWS).decode("cp1251").splitlines()
    for line in broken:
        lines[line] = lines[line].replace("ОМАРОВ", after)
    cells, rejects, places = read("".join(line + "\r\n" for line in lines).encode("cp1251"))
    good = [n for n in range(1, 13) if n not in broken]
    assert rejects == [(n + 1, rule) for n in broken]
    assert (cells, places) == ([values(ROWS)[n - 1] for n in good], [n + 1 for n in good])


@pytest.mark.parametrize("promised", ["cp1251", "utf-8"])
def test_a_line_in_another_encoding_is_a_reject(tmp_path: Path, promised: str) -> None:
    include = derived.include_with(tmp_path, ("derived", "social_assistance", {"format": "csv", "encoding": promised}))
    rows = [social_row(n, ОТЧЕСТВО="СЕРИКОВИЧ") for n in range(1, 41)]
    lines = social_csv(rows).decode("cp1251").splitlines()
    other = {"cp1251": "utf-8", "utf-8": "cp1251"}[promised]
    content = b"".join((line + "\r\n").encode(other if n == 7 else promised) for n, line in enumerate(lines))
    with duckdb.connect() as con:
        cells, rejects, places = read_with(contracts.load("derived", include), content, tmp_path, con)
    assert rejects == [(8, "line_not_in_encoding")]
    assert cells == values(rows[:6] + rows[7:])
    assert places == [n for n in range(2, 42) if n != 8]


def test_a_heading_that_repeats_with_quotes_or_a_mark_is_a_reject(read: Read) -> None:
    quoted = ";".join(f'"{heading}"' for heading in HEADING)
    text = social_csv(ROWS).decode("cp1251").splitlines()
    text[7:7] = ["\ufeff" + SOCIAL_HEADING, quoted, SOCIAL_HEADING.replace("ИИН", " ИИН ")]
    cells, rejects, places = read("".join(line + "\n" for line in text).encode("utf-8-sig"))
    assert rejects == [(line, "heading_repeated") for line in (8, 9, 10)]
    assert (cells, places) == (values(ROWS), [*range(2, 8), *range(11, 17)])


def test_a_record_above_the_heading_is_a_reject_and_a_title_is_not(read: Read) -> None:
    lines = social_csv(ROWS).decode("cp1251").splitlines()
    text = ["Сведения о получателях" + ";" * 14, lines[5], *lines[:5], *lines[6:]]
    cells, rejects, places = read("".join(line + "\n" for line in text).encode("cp1251"))
    assert rejects == [(2, "above_heading")]
    assert (cells, places) == (values(ROWS[:4] + ROWS[5:]), [*range(4, 15)])


def test_a_quote_in_a_title_does_not_swallow_the_heading(read: Read) -> None:
    lines = ['"О мерах', "", *social_csv(ROWS).decode("cp1251").splitlines()]
    assert read("".join(line + "\n" for line in lines).encode("cp1251")) == (values(ROWS), [], [*range(4, 16)])


def test_a_line_is_bounded(read: Read) -> None:
    from auyl.errors import ExtractRefused

    content = social_csv(ROWS)
    cell = "СЕРІКОВИЧ".encode("cp1251")
    cells, rejects, _ = read(content.replace(cell, b"x" * 10_000_000, 1))
    assert (cells[0][4], cells[1:], rejects) == ("x" * 10_000_000, values(ROWS[1:]), [])
    with pytest.raises(ExtractRefused, match="lines of at most 16,777,216 bytes"):
        read(content.replace(cell, b"x" * 40_000_000, 1))
