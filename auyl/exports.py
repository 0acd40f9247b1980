"""The one writer of tables that people open: rows as delimited text or as a workbook, in which text stays text.

What a registry sent may begin like a formula (`=HYPERLINK(…)`), and Excel and LibreOffice run a formula that they read
from delimited text. A workbook knows the type of a cell, so there every text is written as one; delimited text gets an
apostrophe in front of what would be a formula, which `as_sent` takes away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from auyl.errors import AuylError, storable

# A program may take another delimiter for the file's, or drop blanks and quotes in front of a sign; those of full width
# are formulas in some languages (OWASP, CSV injection).
_SEPARATORS, _SIGNS = ",;|\t\r\n", "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BEGIN = rf"(?:^|(?<=[{_SEPARATORS}]))"
_FORMULA = rf"(?=['\"\s\0]*[{_SIGNS}]|'*[\t\r\n\0])"
_LIVE = re.compile(_BEGIN + _FORMULA)
_QUIET = re.compile(f"{_BEGIN}'{_FORMULA}")
# Limits of Excel.
_MOST_ROWS, _MOST_SIGNS = 1_048_576, 32_767


def as_text(text: str) -> str:
    """A text for a cell of delimited text: an apostrophe stands wherever a formula could begin. `as_sent` undoes it."""
    return _LIVE.sub("'", text)


def as_sent(text: str) -> str:
    """The text of which `as_text` made `text`; any other text unchanged, unless it looks like one that it made."""
    return _QUIET.sub("", text)


def to_csv(headings: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ";") -> bytes:
    """Delimited text in UTF-8 with a byte order mark, by which Excel recognises it. None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in (headings, *rows):
        writer.writerow([as_text(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(headings: Sequence[str], rows: Iterable[Sequence[Any]], sheet: str) -> bytes:
    """A workbook of one sheet: text as text, numbers and days as such, None as an empty cell; no formulas, no links.

    Columns with text have the format of text, so that what people type there stays as they type it. Raises AuylError
    for what Excel cannot hold.
    """
    import xlsxwriter

    whole = [list(row) for row in rows]
    if len(whole) >= _MOST_ROWS:
        raise AuylError(f"a workbook: expected less than {_MOST_ROWS:,} rows, found {len(whole):,}. Export .csv")
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        page = book.add_worksheet(sheet)
        text, day = book.add_format({"num_format": "@"}), book.add_format({"num_format": "dd.mm.yyyy"})
        bold = book.add_format({"bold": True, "num_format": "@"})
        for at, heading in enumerate(headings):
            is_text = any(isinstance(row[at], str) for row in whole)
            page.set_column(at, at, min(max(len(heading), 8), 40), text if is_text else None)
            page.write_string(0, at, storable(heading), bold)
        for number, row in enumerate(whole, start=1):
            for at, cell in enumerate(row):
                if isinstance(cell, str):
                    if len(cell) > _MOST_SIGNS:
                        place = f"row {number + 1}, column {at + 1}"
                        raise AuylError(f"a workbook: {place}: expected at most {_MOST_SIGNS:,} signs. Export .csv")
                    page.write_string(number, at, storable(cell), text)
                elif isinstance(cell, date):
                    page.write_datetime(number, at, cell, day)
                elif cell is not None:
                    page.write_number(number, at, float(cell) if isinstance(cell, Decimal) else cell)
        page.freeze_panes(1, 0)
    return out.getvalue()
