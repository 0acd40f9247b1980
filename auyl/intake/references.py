"""References: what a corrected file says of the batch that it corrects, whatever the file is called.

A hand-back names batch, file and record in each row (`auyl.intake.corrections.REFERENCES`). A file is looked into only
as far as its headings would stand, and read whole only where it has one of them.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from auyl import formats, ledger
from auyl.contracts import Contract
from auyl.formats.sheets import HEADING_WITHIN_ROWS
from auyl.intake.corrections import (
    REFERENCES,
    base_of,
    is_of_batch,
    named_batch,
    read_sent_back,
    with_references,
)
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.duck import literal
from auyl.store.regular import NotRegular, open_regular
from auyl.store.spill import spill_folder

if TYPE_CHECKING:
    import duckdb

# Headings stand in the first record; a cell of it may be long. The texts of a workbook stand in no certain order.
_HEAD_BYTES = 1 << 18
_TEXTS_BYTES = 1 << 22
_HEADING = re.compile(r"ауыл\s*:\s*файл|\bauylfile\b", re.IGNORECASE)
_STEP_BYTES = 1 << 16


def corrected_batch(
    settings: Settings, contract: Contract, files: list[Path], corrects: int | None
) -> ledger.Batch | None:
    """The current batch whose rejected rows these files correct; None for an extract.

    `corrects` is the batch that a person named. It is known by the rows themselves; a file whose rows name none, by a
    name that `write_handback` gives. Raises ExtractRefused where rows and person do not agree, and for rows of an
    extract that was refused whole.
    """
    by_name = corrects or next(filter(None, map(named_batch, files)), None)
    if not any(_may_refer(file) for file in files):
        return base_of(settings, contract, by_name) if by_name else None
    with spill_folder(settings) as work, duck.connect(settings) as con:
        raw = work / "sent_back"
        raw.mkdir()
        formats.read(with_references(contract), files, str(raw), con, work)
        parts = ", ".join(literal(str(part)) for part in sorted(raw.iterdir()))
        read_sent_back(con, contract, f"read_parquet([{parts}], union_by_name=true)")
        base = _base(con, settings, contract, files, by_name)
    if corrects is not None:
        asked = base_of(settings, contract, corrects)
        if _root(settings, asked) != _root(settings, base):
            found = f"rows of batch {base.batch_id}, and the option --corrects {corrects}"
            raise contract.refusal(files[0], "rows of the batch that the option names", found, owner="whoever loads it")
    return base


def _base(
    con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, files: list[Path], by_name: int | None
) -> ledger.Batch:
    """The batch of the rows in `sent_back`. Raises ExtractRefused."""
    rows = con.execute(
        "select distinct try_cast(trim(_back_batch) as bigint), trim(_back_batch) <> '' from sent_back"
    ).fetchall()
    numbers = sorted({number for number, _ in rows if number is not None})
    heading = REFERENCES["_back_batch"][0]
    if len(numbers) > 1 or any(number is None and is_filled for number, is_filled in rows):
        found = f"rows of the batches {', '.join(map(str, numbers))}" if numbers else "another text than a number"
        raise contract.refusal(files[0], "rows of one batch", found, column=heading)
    if numbers:
        return base_of(settings, contract, numbers[0])
    if by_name is not None:
        return base_of(settings, contract, by_name)
    # A hand-back of an earlier version names the file alone.
    matches = [batch for batch in _current(settings, contract) if is_of_batch(con, settings, batch)]
    if len(matches) == 1:
        return matches[0]
    found = "rows that are rejected in none"
    if matches:
        found = f"rows of several: {', '.join(f'{batch.batch_id} of {batch.period}' for batch in matches)}"
    raise contract.refusal(
        files[0], "corrected rows of a current batch; an extract that was refused whole is corrected and sent whole",
        f"{found}. Name it by --corrects" if matches else found, column=REFERENCES["_back_file"][0],
    )  # fmt: skip


def _current(settings: Settings, contract: Contract) -> list[ledger.Batch]:
    return [
        batch
        for period in reversed(ledger.periods(settings, contract.registry))
        for batch in ledger.current_batches(settings, contract.registry, period, contract.is_delta)
    ]


def _root(settings: Settings, batch: ledger.Batch) -> int:
    return ledger.correction_chain(settings, batch.delivery_id)[-1]


def _may_refer(file: Path) -> bool:
    """Does the head of a file hold a heading of the hand-back, in any encoding that Excel writes?"""
    unreadable = (OSError, NotRegular, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError)
    with contextlib.suppress(*unreadable), open(file, "rb", opener=open_regular) as stream:
        return any(_holds_heading(head, encoding) for head, encoding in _heads(stream))
    return False


def _folding(encoding: str) -> tuple[bytes, list[bytes]]:
    """A table that makes the small letters of the headings capital in this encoding, and how the headings begin then.

    It takes bytes one by one, so a few others become alike too; the pattern decides.
    """
    table = bytearray(range(256))
    for small, capital in zip("auylfауыл", "AUYLFАУЫЛ", strict=True):
        for byte, folded in zip(small.encode(encoding), capital.encode(encoding), strict=True):
            table[byte] = folded
    return bytes(table), ["АУЫЛ".encode(encoding).translate(table), b"AUYLF"]


_FOLDINGS = {encoding: _folding(encoding) for encoding in ("utf-8", "cp1251")}


def _holds_heading(head: bytes, encoding: str) -> bool:
    # The pattern alone takes a hundred times as long, over megabytes of most extracts.
    if encoding in _FOLDINGS:
        table, beginnings = _FOLDINGS[encoding]
        folded = head.translate(table)
        if not any(beginning in folded for beginning in beginnings):
            return False
    return bool(_HEADING.search(head.decode(encoding, "ignore")))


def _heads(stream: IO[bytes]) -> Iterator[tuple[bytes, str]]:
    """The parts of a file in which headings may stand, each with an encoding that it may have."""
    head = stream.read(_HEAD_BYTES)
    if head[:4] == b"PK\3\4":
        with zipfile.ZipFile(stream) as book:
            for member in book.namelist():
                if member == "xl/sharedStrings.xml" or member.startswith("xl/worksheets/sheet"):
                    with book.open(member) as part:
                        yield _top(part, member), "utf-8"
        return
    # In UTF-16 every heading has a sign of ASCII.
    for encoding in ("utf-8", "cp1251", *(("utf-16-le", "utf-16-be") if b"\0" in head else ())):
        yield head, encoding


def _top(part: IO[bytes], member: str) -> bytes:
    """The texts of a workbook; of a worksheet the rows among which its heading is searched."""
    content, rows = b"", 0
    while len(content) < _TEXTS_BYTES and (step := part.read(_STEP_BYTES)):
        content += step
        rows += step.count(b"<row")
        # The last one may be cut.
        if member.startswith("xl/worksheets/") and rows > HEADING_WITHIN_ROWS:
            break
    return content
