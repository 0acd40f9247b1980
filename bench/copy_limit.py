"""The limit: PostgreSQL's own COPY of the same bytes into unlogged tables of text, nothing else done with them.

Run as a process it does only that; `prepare` makes ready what it needs, outside of the clock.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2

# Signs that no extract has: every line is one column, and COPY looks for nothing in it.
BY_LINE = "format csv, delimiter E'\\x01', quote E'\\x02'"
CSV_FILES = {
    "social_assistance": ("cp1251", "WIN1251", ";"),
    "ambulance": ("utf-8", "UTF8", ","),
    "budget_okrug": ("utf-8-sig", "UTF8", ";"),
}


def prepare(extracts: Path, period: str, place: Path, dsn: str) -> list[dict[str, Any]]:
    """Lay the files where the server may read them; return the COPYs: table, columns, path, options, bytes.

    A CSV file whose lines do not all have the columns of its heading is taken by line, since COPY would stop at the
    first of them. An XLSX is no format of COPY: the text of its sheets is written as CSV.
    """
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    tasks = []
    for folder in sorted(p for p in (extracts / period).iterdir() if p.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.suffix == ".xlsx":
                tasks += _sheets(file, place, folder.name)
                continue
            task = {"table": folder.name, "columns": ["line"], "path": str(_readable(file, place)), "options": BY_LINE}
            if file.suffix == ".csv":
                task = _by_column(dsn, file, task)
            tasks.append(task)
    sized = [{**task, "bytes": Path(str(task["path"])).stat().st_size} for task in tasks]
    return sorted(sized, key=lambda task: (-task["bytes"], task["path"]))


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


def _by_column(dsn: str, file: Path, by_line: dict[str, Any]) -> dict[str, Any]:
    encoding, server_encoding, delimiter = CSV_FILES[by_line["table"]]
    with file.open(encoding=encoding, newline="") as stream:
        heading = next(csv.reader(stream, delimiter=delimiter))
    options = f"format csv, header, delimiter '{delimiter}', encoding '{server_encoding}'"
    task = {**by_line, "columns": heading, "options": options}
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        try:
            _copy(connection.cursor(), task, "trial", "temp")
        except psycopg2.DataError:
            return by_line | {"options": f"{BY_LINE}, encoding '{server_encoding}'"}
        finally:
            connection.rollback()
    return task


def _sheets(file: Path, place: Path, table: str) -> list[dict[str, Any]]:
    # A process of its own: what is read here must not count as memory of the measured ones, whose parent we are.
    done = place / f"{file.stem}.json"
    subprocess.run([sys.executable, "-m", "bench.copy_limit", "sheets", file, done], check=True)
    tasks = json.loads(done.read_text(encoding="utf-8"))
    done.unlink()
    return [{"table": table, "options": "format csv", **task} for task in tasks]


def _write_sheets(file: Path, done: Path) -> None:
    import fastexcel
    import pyarrow
    from pyarrow import csv as arrow_csv

    book = fastexcel.read_excel(str(file))
    tasks = []
    for number, sheet in enumerate(book.sheet_names):
        batch = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow()
        target = done.with_name(f"{done.stem}_{number}.csv")
        arrow_csv.write_csv(pyarrow.Table.from_batches([batch]), target, arrow_csv.WriteOptions(include_header=False))
        target.chmod(0o644)
        tasks.append({"columns": [f"column_{n + 1}" for n in range(batch.num_columns)], "path": str(target)})
    done.write_text(json.dumps(tasks), encoding="utf-8")


def _copy(cursor: Any, task: dict[str, Any], table: str, kind: str) -> int:
    columns = ", ".join('"' + name.replace('"', '""') + '" text' for name in task["columns"])
    cursor.execute(f'create {kind} table if not exists "{table}" ({columns})')
    cursor.execute(f'copy "{table}" from %s ({task["options"]})', (task["path"],))
    return int(cursor.rowcount)


def copy_all(dsn: str, tasks: list[dict[str, Any]]) -> int:
    """COPY every file in one transaction; return the lines."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        cursor = connection.cursor()
        lines = sum(_copy(cursor, task, task["table"], "unlogged") for task in tasks)
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
        alone = [[{**task, "table": f"{task['table']}_{n}"}] for n, task in enumerate(tasks)]
        with ThreadPoolExecutor(max_workers=sessions) as pool:
            lines = sum(pool.map(lambda part: copy_all(dsn, part), alone))
    print(json.dumps({"lines": lines, "bytes": sum(task["bytes"] for task in tasks)}))


if __name__ == "__main__":
    main()
