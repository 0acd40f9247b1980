"""The limit: PostgreSQL's own COPY of the same bytes into unlogged tables of text, and nothing else.

The measured process does only that; `prepare` makes its files beforehand.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

from bench import REPOSITORY

if TYPE_CHECKING:
    from auyl.contracts import Contract
from auyl.contracts.options import CsvOptions

# Delimiter and quote that occur in no extract, so that every line is one column.
BY_LINE = "format csv, delimiter E'\\x01', quote E'\\x02'"
# PostgreSQL's names of the encodings of contracts. Text in any other, such as UTF-16, is converted to UTF-8 first.
SERVER_ENCODINGS = {
    "utf-8": "UTF8", "utf-8-sig": "UTF8", "cp1251": "WIN1251", "cp866": "WIN866", "koi8-r": "KOI8R",
}  # fmt: skip


def prepare(extracts: Path, period: str, place: Path, dsn: str) -> list[dict[str, Any]]:
    """Make files that the server can read in the new or empty folder `place`.

    Returns one task per COPY: registry, number of columns, path, options, bytes. Format, encoding and delimiter are
    those of the registry's contract. Copied line by line into one column: XML, JSON, and CSV files with a line of too
    few or too many columns, at which COPY would stop. Sheets of workbooks, which COPY cannot read, are written as CSV.
    """
    from auyl import contracts  # not at the top: the measured process needs no contracts

    _open(place)
    tasks = []
    for folder in sorted(p for p in (extracts / period).iterdir() if p.is_dir()):
        contract = contracts.load(folder.name, REPOSITORY / "include")
        target = place / folder.name  # file names are unique within a registry only
        _open(target)
        for file in sorted(p for p in folder.iterdir() if p.is_file()):
            is_workbook = contract.format in ("xlsx", "xls")
            copies = _sheets(file, target) if is_workbook else [_text(file, target, contract, dsn)]
            tasks += [{"registry": folder.name, **task} for task in copies]
    sized = [{**task, "bytes": Path(str(task["path"])).stat().st_size} for task in tasks]
    return sorted(sized, key=lambda task: (-task["bytes"], task["path"]))


def _open(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)


def _text(file: Path, place: Path, contract: Contract, dsn: str) -> dict[str, Any]:
    encoding = codecs.lookup(contract.encoding).name
    if encoding in SERVER_ENCODINGS:
        path = _readable(file, place)
    else:
        path = _as_utf8(file, encoding, place)
        encoding = "utf-8"
    named = f"encoding '{SERVER_ENCODINGS[encoding]}'"
    by_line = {"columns": 1, "path": str(path), "options": f"{BY_LINE}, {named}"}
    if contract.format != "csv":
        return by_line
    delimiter = contract.options(CsvOptions).delimiter
    with path.open(encoding=encoding, newline="") as stream:
        width = len(next(csv.reader(stream, delimiter=delimiter)))
    quoted = delimiter.replace("'", "''")
    by_column = by_line | {"columns": width, "options": f"format csv, header, delimiter '{quoted}', {named}"}
    return by_column if _passes(dsn, by_column) else by_line


def _as_utf8(file: Path, encoding: str, place: Path) -> Path:
    target = place / file.name
    with file.open(encoding=encoding, newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        shutil.copyfileobj(source, out)
    target.chmod(0o644)
    return target


def _readable(file: Path, place: Path) -> Path:
    # Not a link: intake refuses a file that has a second name.
    target = place / file.name
    shutil.copyfile(file, target)
    target.chmod(0o644)
    return target


def _passes(dsn: str, task: dict[str, Any]) -> bool:
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        try:
            _copy(connection.cursor(), task, "trial", "temp")
        except psycopg2.DataError:
            return False
        finally:
            connection.rollback()
    return True


def _sheets(file: Path, place: Path) -> list[dict[str, Any]]:
    # In a child process: memory used here would count for the measured processes, which this process starts.
    done = place / f"{file.stem}.json"
    command = [sys.executable, "-m", "bench.copy_limit", "sheets", str(file), str(done)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, check=True)
    tasks = json.loads(done.read_text(encoding="utf-8"))
    done.unlink()
    return [{"options": "format csv, encoding 'UTF8'", **task} for task in tasks]


def _write_sheets(file: Path, done: Path) -> None:
    """Write the sheets of a workbook as CSV, one file per number of columns: some books have a sheet per okrug."""
    import fastexcel
    import pyarrow
    from pyarrow import csv as arrow_csv

    book = fastexcel.read_excel(str(file))
    written: dict[int, Path] = {}
    for sheet in book.sheet_names:
        batch = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow()
        if batch.num_columns == 0:
            continue
        target = written.setdefault(batch.num_columns, done.with_name(f"{done.stem}_{batch.num_columns}.csv"))
        with target.open("ab") as out:
            arrow_csv.write_csv(pyarrow.Table.from_batches([batch]), out, arrow_csv.WriteOptions(include_header=False))
    for target in written.values():
        target.chmod(0o644)
    done.write_text(json.dumps([{"columns": w, "path": str(p)} for w, p in written.items()]), encoding="utf-8")


def _copy(cursor: Any, task: dict[str, Any], table: str, kind: str) -> int:
    # Headings cannot be column names: the server cuts names at 63 bytes, which is 31 Cyrillic letters.
    columns = ", ".join(f"column_{n + 1} text" for n in range(task["columns"]))
    cursor.execute(f'create {kind} table if not exists "{table}" ({columns})')
    cursor.execute(f'copy "{table}" from %s ({task["options"]})', (task["path"],))
    return int(cursor.rowcount)


def copy_all(dsn: str, tasks: list[dict[str, Any]], suffix: str = "") -> Counter[str]:
    """COPY every file in one transaction, one table per registry and number of columns; returns lines by registry."""
    lines: Counter[str] = Counter()
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        cursor = connection.cursor()
        for task in tasks:
            table = f"{task['registry']}_{task['columns']}{suffix}"
            lines[task["registry"]] += _copy(cursor, task, table, "unlogged")
        connection.commit()
    return lines


def main() -> None:
    """`python -m bench.copy_limit PLAN SESSIONS`, DSN in AUYL_DSN."""
    if sys.argv[1] == "sheets":
        _write_sheets(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    tasks = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sessions = int(sys.argv[2])
    dsn = os.environ["AUYL_DSN"]
    # Several sessions use a table per file, so that they do not wait for each other's catalogue rows.
    if sessions == 1:
        lines = copy_all(dsn, tasks)
    else:
        with ThreadPoolExecutor(max_workers=sessions) as pool:
            parts = pool.map(lambda n: copy_all(dsn, [tasks[n]], f"_{n}"), range(len(tasks)))
            lines = sum(parts, Counter())
    output = {"lines": lines.total(), "bytes": sum(task["bytes"] for task in tasks), "lines_by_registry": lines}
    print(json.dumps(output))


if __name__ == "__main__":
    main()
