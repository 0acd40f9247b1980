"""Livestock: a workbook of the veterinary system with a sheet for each kind of animals.

A sheet that is full is followed by «… 2». The sheets' XML is made in SQL: a workbook library needs minutes for half a
million rows.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.registry import Cell, Extra, Fault, Registry
from auyl.synthetic.writing import Written, copy_lines, digest_file

SHEETS = ("КРС", "МРС", "Лошади", "Верблюды")
SHEET_ROWS = 1_048_576
FIRST_ROW = 4

LABELS = {
    "tag": "ИНЖ",
    "species": "Вид",
    "sex": "Пол",
    "birth_date": "Дата рождения",
    "owner": "Владелец ИИН/БИН",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "vaccinated": "Дата вакцинации",
    "tested": "Дата исследования на бруцеллез",
    "result": "Результат исследования",
    "report_date": "Дата отчета",
}
_DATES = {"birth_date", "vaccinated", "tested", "report_date"}
# A fixed time stamp of the archive's members: the same rows give the same bytes.
_STAMP = (2026, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"livestock_{month.period}.xlsx"
    sheets = _sheets(con)
    rows = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _frame([title for title, _, _ in sheets]).items():
            with book.open(_member(name), "w") as out:
                out.write(text.encode())
        for number, (_, first, after) in enumerate(sheets, start=1):
            with book.open(_member(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as out:
                out.write(_sheet_head(month, after - first).encode())
                rows += copy_lines(con, _lines(first, after), out)
                out.write(b"</sheetData></worksheet>")
    size, digest = digest_file(path)
    return [Written(path.name, rows, size, digest)]


def _sheets(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
    """Title, number of the first row and of the row after the last, of every sheet."""
    counts = dict(con.execute("select part, count(*) from livestock_row group by part").fetchall())
    capacity = SHEET_ROWS - FIRST_ROW + 1
    result = []
    start = 0
    for part, title in enumerate(SHEETS, start=1):
        end = start + counts.get(part, 0)
        for number, first in enumerate(range(start, max(end, start + 1), capacity), start=1):
            result.append((title if number == 1 else f"{title} {number}", first, min(end, first + capacity)))
        start = end
    return result


def _lines(first: int, after: int) -> str:
    cells = []
    for letter, column in zip("ABCDEFGHIJK", LABELS, strict=True):
        text = f"case when {column} = '' then '' else text_cell('{letter}', n, {column}) end"
        if column in _DATES:
            day = f"try_strptime({column}, '%d.%m.%Y')"
            text = (
                f"case when h_has_dates and {day} is not null "
                f"then date_cell('{letter}', n, {day}::date) else {text} end"
            )
        cells.append(text)
    return f"""
        select concat('<row r="', n, '">', {", ".join(cells)}, '</row>') as line
        from (
            select *, rowid - {first} + {FIRST_ROW} as n
            from livestock_row
            where rowid >= {first} and rowid < {after}
        )
    """


def _sheet_head(month: Month, rows: int) -> str:
    title = f"Сведения о сельскохозяйственных животных по состоянию на {month.as_of:%d.%m.%Y}"
    header = "".join(
        f'<c r="{letter}3" t="inlineStr"><is><t>{escape(label)}</t></is></c>'
        for letter, label in zip("ABCDEFGHIJK", LABELS.values(), strict=True)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:K{rows + FIRST_ROW - 1}"/><sheetData>'
        f'<row r="1"><c r="A1" t="inlineStr"><is><t>{title}</t></is></c></row><row r="2"/><row r="3">{header}</row>'
    )


def _frame(titles: list[str]) -> dict[str, str]:
    numbers = range(1, len(titles) + 1)
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{sheet_type}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{sheet_type}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{sheet_type}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>'
        + "".join(
            f'<sheet name={quoteattr(title)} sheetId="{n}" r:id="rId{n}"/>'
            for n, title in zip(numbers, titles, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_DOC}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + f'<Relationship Id="rId{len(titles) + 1}" Type="{_DOC}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = 1  # type: ignore[attr-defined]
    return info


def _where(con: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    # n counts within the part, that is, over all sheets of one kind.
    capacity = SHEET_ROWS - FIRST_ROW + 1
    sheet = f"h_sheet || case when n >= {capacity} then ' ' || (n // {capacity} + 1)::varchar else '' end"
    return f"'livestock_{month.period}.xlsx#' || {sheet}", f"n % {capacity} + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("owner", "wrong_check_digit(owner, key)", "length(owner) = 12"),
    "iin_missing": Cell("owner", "''", "length(owner) = 12"),
    "iin_short": Cell("owner", "ltrim(owner, '0')", "length(owner) = 12 and owner[1] = '0'"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', '05.13.2020', 'весна 2022'])"
    ),
    "homoglyph": Cell("settlement", "homoglyphs(settlement)"),
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("vaccinated", "dmy(a_future_day(key))"),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "total_row": Extra(
        {
            "tag": "'ИТОГО'",
            "sex": "''",
            "birth_date": "''",
            "owner": "''",
            "vaccinated": "''",
            "tested": "''",
            "result": "''",
            "species": "(10 + roll(key, 'sum', 900))::varchar",
        }
    ),
    "unknown_status": Cell("result", "'сомнительный'", "result <> ''"),
}

REGISTRY = Registry("livestock", "tag", LABELS, write, _where, has_parts=True, faults=FAULTS)
