"""One module per file format: it turns the files of a delivery into raw Parquet, all text.

Every `read` takes the contract, the files and a folder, writes `part-NNNN.parquet` with the contract's columns as
text, `_file` and `_record` (position in that file from 1, or row of that sheet), and returns a RawResult.
A file that cannot be read whole raises ExtractRefused. A single line that cannot be split into columns, or that
repeats the heading, becomes a reject.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.formats import archive
from auyl.formats.common import RawResult
from auyl.formats.containers import check_container, check_is_zip
from auyl.formats.crash import crash_is_refused

if TYPE_CHECKING:
    import duckdb


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read `files`, unpacked into `work` first when the contract says that they are archives.

    Raises ExtractRefused, also where a reader fails in a way that it does not foresee.
    """
    with crash_is_refused(contract, files):
        opened_files = opened(contract, files, work)
    with crash_is_refused(contract, opened_files):
        _check_numbered(contract, opened_files)
        for file in opened_files:
            check_container(contract, file)
        result: RawResult = _module(contract).read(contract, opened_files, folder, con, work)
        _check_each_once(contract, opened_files, result)
        return result


def _check_numbered(contract: Contract, files: list[Path]) -> None:
    """Refuse parts numbered in their names that leave a gap. Pages and messages state their number themselves."""
    if contract.format in ("json", "xml"):
        return
    groups: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    for file in files:
        if match := _NUMBERED.fullmatch(file.name):
            of = int(match["of"]) if match["of"] else None
            groups.setdefault((match["before"], match["after"]), []).append((int(match["number"]), of))
    for (before, after), parts in groups.items():
        numbers, stated = sorted({number for number, _ in parts}), max((of or 0 for _, of in parts))
        first = min(numbers[0], 1)
        last = max(numbers[-1], stated - 1 + first)
        if missing := sorted({*range(first, last + 1)} - {*numbers}):
            found = f"no part {', '.join(map(str, missing[:9]))}" + " …" * (len(missing) > 9)
            raise contract.refusal(f"{before}…{after}", f"every part up to {last}", found)


# «часть 2 из 3», part_02; a district's code is longer.
_NUMBERED = re.compile(
    r"(?i)(?P<before>(?:.*[^a-zа-яәғқңөұүһі])?(?:part|page|vol|часть|том|бөлім|бөлік)[ _.№-]*)(?P<number>[0-9]{1,4})"
    r"(?:[ _.-]*(?:of|из)[ _.-]*(?P<of>[0-9]{1,4}))?(?P<after>(?:[^0-9].*)?)"
)


def _check_each_once(contract: Contract, files: list[Path], result: RawResult) -> None:
    """Refuse two files of one content: one part came twice, and another is missing. Files without rows may be equal."""
    by_content: dict[tuple[int, str], str] = {}
    sizes = Counter(file.stat().st_size for file in files)
    for file in files:
        size = file.stat().st_size
        if contract.is_delta or sizes[size] == 1 or result.rows.get(file.name) == 0:
            continue
        with file.open("rb") as stream:
            content = size, hashlib.file_digest(stream, "sha256").hexdigest()
        other = by_content.setdefault(content, file.name)
        if other != file.name:
            raise contract.refusal(file, "another file than the others", f"every byte of {other}")


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of one file begins; for a workbook the row that Excel shows."""
    lines: dict[int, int] = _module(contract).locate(contract, file, records)
    return lines


def opened(contract: Contract, files: list[Path], work: Path) -> list[Path]:
    """The files themselves, or the members of archives unpacked into `work`. Raises ExtractRefused."""
    if contract.archive is None:
        return files
    for file in files:
        check_is_zip(contract, file)
    return [member for file in files for member in archive.members(contract, contract.archive, file, work)]


def _module(contract: Contract) -> Any:
    # Old workbooks are read by the library that reads the new ones.
    name = "xlsx" if contract.format == "xls" else contract.format
    return import_module(f"auyl.formats.{name}")
