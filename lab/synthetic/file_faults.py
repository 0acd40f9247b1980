"""Faults of whole files: half a file, and last month's file under this month's name. None unless a rate is asked for.

A registry draws at most one of them. Its truth has one row more, whose record is 0.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.registry import Registry
from lab.synthetic.writing import Written, digest_file

KINDS = ("half_a_file", "file_of_last_month")


def drawn(registry: str, month: Month, seed: int, rate: Mapping[str, float]) -> str | None:
    """The fault that a registry's extract has this month, if any."""
    for kind in KINDS:
        draw = hashlib.sha256(f"{seed} {month.period} {registry} {kind}".encode()).digest()
        if int.from_bytes(draw[:8]) < rate[kind] * 2**64:
            return kind
    return None


def spoil(
    kind: str,
    registry: Registry,
    folder: Path,
    month: Month,
    written: list[Written],
    last_month: Callable[[Path], None],
) -> tuple[list[Written], str]:
    """Spoil the files in `folder`; returns what they are now and the file that the truth names.

    `last_month` writes the registry's extract of the month before into a folder.
    """
    if kind == "half_a_file":
        largest = max(written, key=lambda one: one.size)
        _cut(folder / largest.name)
        return [_again(folder, one) if one is largest else one for one in written], largest.name
    former = folder.with_name(f"{registry.name}.former")
    former.mkdir()
    last_month(former)
    for file in folder.iterdir():
        file.unlink()
    names = []
    for file in sorted(former.iterdir()):
        names.append(file.name.replace(month.previous.period, month.period))
        file.rename(folder / names[-1])
    shutil.rmtree(former)
    rows = {one.name: one.rows for one in written}
    return [_again(folder, Written(name, rows.get(name, 0), 0, "")) for name in names], names[0]


def _cut(file: Path) -> None:
    """Leave the first half, or a byte more where that would end a line: then nobody could tell."""
    content = file.read_bytes()
    half = len(content) // 2
    while content[half - 1 : half] in (b"\n", b"\r"):
        half += 1
    file.write_bytes(content[:half])


def _again(folder: Path, one: Written) -> Written:
    size, digest = digest_file(folder / one.name)
    return Written(one.name, one.rows, size, digest)


def tell(con: duckdb.DuckDBPyConnection, kind: str, outcome: str, file: str) -> None:
    """Add the row of a whole file to the table `fault`."""
    con.execute(
        "insert into fault (file, record, kind, outcome, \"column\", id) values (?, 0, ?, ?, '', '')",
        [file, kind, outcome],
    )
