"""Faults of whole files: half a file, and last month's file under this month's name. Only when a rate asks for them.

A registry has at most one of them in a month. Its ground truth gets one more row, whose record is 0.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, checksum

KINDS = ("half_a_file", "file_of_last_month")


def drawn(registry: str, month: Month, seed: int, rates: Mapping[str, float]) -> str | None:
    """The fault of a registry's extract in this month, if any."""
    for kind in KINDS:
        draw = hashlib.sha256(f"{seed} {month.period} {registry} {kind}".encode()).digest()
        if int.from_bytes(draw[:8]) < rates[kind] * 2**64:
            return kind
    return None


def spoil(
    kind: str, folder: Path, month: Month, written: list[Written], write_previous: Callable[[Path], None]
) -> tuple[list[Written], str]:
    """Spoil the files in `folder`; returns their new facts and the name of the file for the ground truth.

    `write_previous` writes the registry's extract of the previous month into a folder.
    """
    if kind == "half_a_file":
        largest = max(written, key=lambda file: file.size)
        _cut(folder / largest.name)
        return [_rewritten(folder, file.name, file.rows) if file is largest else file for file in written], largest.name
    previous = folder.with_name(f"{folder.name}.previous")
    previous.mkdir()
    write_previous(previous)
    for file in folder.iterdir():
        file.unlink()
    names = []
    for file in sorted(previous.iterdir()):
        names.append(file.name.replace(month.previous.period, month.period))
        file.rename(folder / names[-1])
    shutil.rmtree(previous)
    rows = {file.name: file.rows for file in written}
    return [_rewritten(folder, name, rows.get(name, 0)) for name in names], names[0]


def _cut(file: Path) -> None:
    """Keep the first half of a file, and some bytes more where that would end a line: it would look complete."""
    content = file.read_bytes()
    half = len(content) // 2
    while content[half - 1 : half] in (b"\n", b"\r"):
        half += 1
    file.write_bytes(content[:half])


def _rewritten(folder: Path, name: str, rows: int) -> Written:
    size, sha256 = checksum(folder / name)
    return Written(name, rows, size, sha256)


def record(con: duckdb.DuckDBPyConnection, kind: str, outcome: str, file: str) -> None:
    """Add a fault of a whole file to the table `fault`."""
    con.execute(
        "insert into fault (file, record, kind, outcome, \"column\", id) values (?, 0, ?, ?, '', '')",
        [file, kind, outcome],
    )
