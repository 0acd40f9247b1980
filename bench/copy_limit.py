"""The limit: PostgreSQL's own COPY of the same bytes into unlogged tables of text, nothing else done with them.

Run as a process it does only that; `prepare` makes ready what it needs, outside of the clock.
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

# Signs that no extract has: every line is one column, and COPY looks for nothing in it.
BY_LINE = "format csv, delimiter E'\\x01', quote E'\\x02'"
# What the server calls the encodings of contracts. It has no UTF-16: text in any other is written as UTF-8 beforehand.
SERVER_ENCODINGS = {
    "utf-8": "UTF8", "utf-8-sig": "UTF8", "cp1251": "WIN1251", "cp866": "WIN866", "koi8-r": "KOI8R",
}  # fmt: skip


def prepare(extracts: Path, period: str, place: Path, dsn: str) -> list[dict[str, Any]]:
    """Lay the files where the server may read them; return the COPYs: registry, count of columns, path, options, bytes.

    Format, encoding and delimiter are those of the registry's contract. A CSV file whose lines do not all have the
    columns of its heading is taken by line, since COPY would stop at the first of them; XML and JSON are too.
    A workbook is no format of COPY: the text of its sheets is written as CSV. `place` is new or empty.
    """
    from auyl import contracts  # not at the top: the measured process needs no contract

    _open(place)
    tasks = []
    for folder in sorted(p for p in (extracts / period).iterdir() if p.is_dir()):
        contract = contracts.load(folder.name, REPOSITORY / "include")
        own = place / folder.name  # names of files are only distinct within a registry
        _open(own)
        for file in sorted(p for p in folder.iterdir() if p.is_file()):
            of_file = _sheets(file, own) if contract.format in ("xlsx", "xls") else [_text(file, own, contract, dsn)]
            tasks += [{"registry": folder.name, **task} for task in of_file]
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
    target = place / file.name
    target.unlink(missing_ok=True)
    if file.stat().st_mode & 0o004:
        with contextlib.suppress(OSError):
            os.link(file, target)
            return target
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
    # A process of its own: what is read here must not count as memory of the measured ones, whose parent we are.
    done = place / f"{file.stem}.json"
    command = [sys.executable, "-m", "bench.copy_limit", "sheets", str(file), str(done)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, check=True)
    tasks = json.loads(done.read_text(encoding="utf-8"))
    done.unlink()
    return [{"options": "format csv, encoding 'UTF8'", **task} for task in tasks]


def _write_sheets(file: Path, done: Path) -> None:
    """The sheets of a workbook as CSV, one file for all that are equally wide: some have a sheet for each okrug."""
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
    # Headings are no names of columns here: the server cuts them at 63 bytes, which is 31 letters of Cyrillic.
    columns = ", ".join(f"column_{n + 1} text" for n in range(task["columns"]))
    cursor.execute(f'create {kind} table if not exists "{table}" ({columns})')
    cursor.execute(f'copy "{table}" from %s ({task["options"]})', (task["path"],))
    return int(cursor.rowcount)


def copy_all(dsn: str, tasks: list[dict[str, Any]], suffix: str = "") -> Counter[str]:
    """COPY every file in one transaction, the equally wide of a registry into one table; return lines by registry."""
    lines: Counter[str] = Counter()
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        cursor = connection.cursor()
        for task in tasks:
            table = f"{task['registry']}_{task['columns']}{suffix}"
            lines[task["registry"]] += _copy(cursor, task, table, "unlogged")
        connection.commit()
    return lines


def main() -> None:
    """`python -m bench.copy_limit PLAN SESSIONS`, the address in AUYL_DSN."""
    if sys.argv[1] == "sheets":
        _write_sheets(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    tasks = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sessions = int(sys.argv[2])
    dsn = os.environ["AUYL_DSN"]
    # With more sessions than one every file gets a table of its own: they do not wait for each other's catalogue rows.
    if sessions == 1:
        lines = copy_all(dsn, tasks)
    else:
        with ThreadPoolExecutor(max_workers=sessions) as pool:
            parts = pool.map(lambda n: copy_all(dsn, [tasks[n]], f"_{n}"), range(len(tasks)))
            lines = sum(parts, Counter())
    said = {"lines": lines.total(), "bytes": sum(task["bytes"] for task in tasks), "lines_by_registry": lines}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
