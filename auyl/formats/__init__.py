"""One module per file format: it turns the files of a delivery into raw Parquet, all text.

Every `read` takes the contract, the files and a folder, writes `part-NNNN.parquet` with the contract's columns as
text, `_file` and `_record` (position in that file from 1, or row of that sheet), and returns a RawResult.
A file that cannot be read whole raises ExtractRefused. A single line that cannot be split into columns, or that
repeats the heading, becomes a reject.
"""

from __future__ import annotations

import hashlib
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
        for file in opened_files:
            check_container(contract, file)
        result: RawResult = _module(contract).read(contract, opened_files, folder, con, work)
        _check_each_once(contract, opened_files, result)
        return result


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
