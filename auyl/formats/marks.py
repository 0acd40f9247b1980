"""Marks in raw text for what a cell held where a value was expected.

Raw is text, so a reader that meets something else writes a mark and what it saw. `auyl.stage` takes every marked cell
as unreadable: the row says so, and nothing becomes empty or another value on the way.
"""

from __future__ import annotations

# A formula whose value nobody computed: spreadsheet writers leave it out, or put 0 there.
NOT_COMPUTED = "#NOT_COMPUTED!"
# A cell of the type date in a column that holds none: "1.1" typed into Excel became 1 January.
DATE = "#DATE!"
# A JSON object or list where the contract promises a scalar.
STRUCTURE = "#STRUCTURE!"
# One key or element several times in a record, with different values.
REPEATED = "#REPEATED!"
# Text that no encoding has, such as half of a surrogate pair.
BROKEN_TEXT = "#BROKEN_TEXT!"

MARKS = (NOT_COMPUTED, DATE, STRUCTURE, REPEATED, BROKEN_TEXT)


def mark(kind: str, text: str = "") -> str:
    """The raw text of a marked cell; `text` is what was seen."""
    return f"{kind} {text}".rstrip()
