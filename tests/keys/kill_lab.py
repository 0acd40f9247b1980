"""A laboratory of its own process: rotate, be killed at a point, inspect, rotate again, inspect. Prints JSON lines.

Arguments: the file of the current key and that of the other; each scenario rotates from one to the other.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb

from auyl.errors import AuylError
from auyl.identifiers import keyed_hash
from auyl.keys.rotation import rotate
from auyl.settings import Settings, from_environment
from auyl.snapshot import build
from auyl.store import paths
from auyl.store.lake import Lake
from auyl.store.postgres import engine

PERIOD = "2026-10"
# How the step begins that is the last one reported, and its number among those.
POINTS = (("alone", 1), ("wrote", 9), ("changed", 1), ("committed", 1), ("moved", 1), ("moved", 9))


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """What ended a fork that does `work` (a signal, or 0), and what it gave. DuckDB is opened in forks alone."""
    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if child == 0:
            try:
                Path(file.name).write_text(json.dumps(work()))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        text = Path(file.name).read_text()
        return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


def dying(point: str, nth: int) -> Callable[[str], None]:
    """A listener that ends its process as the kernel ends one, at the step's number `nth` of its kind."""
    left = nth

    def report(step: str) -> None:
        nonlocal left
        left -= step.startswith(point)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return report


def made_with(settings: Settings) -> dict[str, float]:
    """Shares of the persons of the lake's identity and of the vault that were made with the key of `settings`."""
    lake = Lake(settings.lake)
    with duckdb.connect() as con:
        rows = [
            row
            for file in lake.files("identity/population")
            for row in con.execute(f"select iin, person_key::varchar from '{lake.address(file)}' limit 200").fetchall()
        ]
    connection = engine(settings.dsn).connect()
    with connection as con_pg:
        persons = con_pg.exec_driver_sql("select iin, person_key::text from vault.person limit 200").all()
    return {
        name: sum(keyed_hash(iin, settings.hash_key) == key.replace("-", "") for iin, key in found) / len(found)
        for name, found in (("lake", rows), ("vault", persons))
    }


def tried(settings: Settings) -> str:
    """What a build under the key of `settings` comes to."""
    try:
        return build(PERIOD, settings).status
    except AuylError as error:
        return str(error)


def inspect_keys(previous: Settings, target: Settings) -> dict[str, Any]:
    return forked(
        lambda: {
            "previous": made_with(previous) | {"build": tried(previous)},
            "target": made_with(target) | {"build": tried(target)},
            "work": len(Lake(target.lake).files(paths.ROTATION.name)),
        }
    )[1]


def main() -> None:
    settings = from_environment()
    keys = cycle([Path(sys.argv[1]), Path(sys.argv[2])])
    previous = replace(settings, hash_key_file=next(keys))
    for point, nth in POINTS:
        target = replace(settings, hash_key_file=next(keys))
        signalled, _ = forked(
            lambda f=previous, t=target, p=point, n=nth: rotate(f, t.hash_key_file, "killed", say=dying(p, n))
        )
        killed = inspect_keys(previous, target)
        code, status = forked(lambda f=previous, t=target: rotate(f, t.hash_key_file, "again").status)
        case = {"point": f"{point} {nth}", "signal": -signalled, "killed": killed, "code": code, "status": status}
        print(json.dumps(case | {"after": inspect_keys(previous, target)}), flush=True)
        previous = target


if __name__ == "__main__":
    main()
