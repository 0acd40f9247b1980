"""A laboratory of its own process: run the whole path, be killed at a point, run again, tell what is published.

Everything is imported once; each attempt is a fork, which SIGKILL ends as the kernel ends a worker. Prints JSON lines,
each with the name of its scenarios: build, intake, moments, reconciled.

A step of the intake is the same for every registry: its points are tried with two.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import great_expectations  # noqa: F401 - before the forks
import pandas  # noqa: F401 - before the forks
import psycopg2

from auyl import formats, ledger, pipeline
from auyl.linkage.contradictions import compute as contradictions
from auyl.linkage.entities import build as entities
from auyl.linkage.persons import link
from auyl.settings import Settings, from_environment
from auyl.snapshot import publish, revision, vault
from auyl.stage import scan as check
from auyl.store.lake import Lake

PERIOD = "2026-10"
# Each is a step that writes. A process is killed before and after it, or while it runs.
INTAKE: list[tuple[Any, str]] = [
    (Lake, "prepare"), (Lake, "move"), (Lake, "put"), (ledger, "add_delivery"), (formats, "read"), (check, "scan"),
    (check, "write_quarantine"), (check, "write_stage"), (check, "write_identity"), (check, "write_linkable"),
    (ledger, "add_batch"),
]  # fmt: skip
# These come when every batch is in the ledger, and the others when the links are too.
LINKS: list[tuple[Any, str]] = [(link, "_record_run")]
BUILD: list[tuple[Any, str]] = [
    (revision, "consolidate"), (revision, "publish"), (publish, "write_catalogue"),
    (publish.Publication, "copy"), (vault.VaultLoad, "swap"), (publish, "build_row"), (publish, "show_catalogue"),
]  # fmt: skip
RECONCILED: list[tuple[Any, str]] = [(entities, "_write"), (ledger, "add_entity_set"), (contradictions, "_publish")]
# After these something is there for good.
COMMITS = ("move", "add_delivery", "add_batch", "publish", "add_entity_set", "_publish")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killing(function: Callable[..., Any], when: str, call: int) -> Callable[..., Any]:
    """`function`, which ends the process before or after its call number `call`."""
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        own = calls  # other threads call it meanwhile
        if own == call and when == "before":
            die()
        result = function(*arguments, **named)
        if own == call and when == "after":
            die()
        return result

    return wrapped


def attempt(work: Callable[[], object], prepare: Callable[[], None] = lambda: None, seconds: float = 0) -> int:
    """Do the work in a fork; with `seconds` the parent kills it then. Returns the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        prepare()
        work()
        os._exit(0)
    if seconds:
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(psycopg2.connect(settings.dsn)) as con, con, con.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def forget_published(settings: Settings) -> None:
    """Leave the batches and their links alone."""
    ask(settings, "truncate ledger.build, serving.snapshot, vault.person, vault.person_period cascade")
    Lake(settings.lake).remove("core")


def forget_built(settings: Settings) -> None:
    """Leave the batches alone, as they stand when a build begins."""
    forget_published(settings)
    ask(settings, "truncate ledger.link_run, vault.link_review cascade")
    Lake(settings.lake).remove("linkage")


def empty(settings: Settings) -> None:
    forget_built(settings)
    ask(settings, "truncate ledger.delivery, ledger.batch, ledger.refusal cascade")
    for folder in ("landing", "raw", "stage", "linkable", "quarantine"):
        Lake(settings.lake).remove(folder)


def state(settings: Settings) -> dict[str, Any]:
    """What readers and the ledger hold."""
    values = ask(
        settings,
        "select count(*), count(distinct (period, revision)), "
        "(select count(*) from serving.current_snapshot) from serving.snapshot_value",
    )[0]
    lake = Lake(settings.lake)
    whole = all(
        lake.exists(path)
        for row in ask(settings, "select stage_path, quarantine_path, linkable_path from ledger.batch")
        for path in row
        if path is not None
    )
    return {
        "values": values[0],
        "revisions": values[1],
        "current": values[2],
        "ledger_names_whole_files": whole,
        "content": [row[0] for row in ask(settings, "select content_sha256 from serving.snapshot")],
        "persons": ask(settings, "select count(*) from vault.person")[0][0],
        "batches": ask(settings, "select count(*) from ledger.batch")[0][0],
    }


def state_taken_in(settings: Settings) -> dict[str, Any]:
    """What the ledger holds of batches, and every row of the files that it names."""
    lake = Lake(settings.lake)
    batches = ask(
        settings,
        "select registry, digest, rows_in, staged, linkable, quarantined, duplicates, stage_path, quarantine_path, "
        "linkable_path from ledger.batch_ranked order by registry",
    )
    with duckdb.connect() as con:
        rows = [
            [
                con.execute(f"select count(*), sum(hash(t))::varchar from '{lake.address(path)}' as t").fetchall()
                for path in batch[-3:]
                if path is not None and lake.exists(path)
            ]
            for batch in batches
        ]
    whole = all(lake.exists(path) for batch in batches for path in batch[-3:] if path is not None)
    return {"ledger_names_whole_files": whole, "batches": [list(batch[:-3]) for batch in batches], "rows": rows}


def reconcile(settings: Settings) -> None:
    """What the night makes of the batches that have come."""
    entities.build(PERIOD, settings)
    contradictions.compute(PERIOD, settings)


def forget_reconciled(settings: Settings) -> None:
    ask(settings, "truncate ledger.entity_set, serving.contradiction_set, serving.contradiction cascade")
    for folder in ("entity", "contradiction"):
        Lake(settings.lake).remove(folder)


def state_reconciled(settings: Settings) -> dict[str, Any]:
    """What the ledger names of entities, and what owners read of contradictions."""
    lake = Lake(settings.lake)
    sets = ask(settings, "select kind, inputs_digest, path, attributes from ledger.entity_set order by 1, 2")
    ((told,),) = ask(settings, "select contradictions from serving.contradiction_set union all select 0 limit 1")
    ((held,),) = ask(settings, "select count(*) from serving.contradiction")
    whole = held == told
    with duckdb.connect() as con:
        for *_, path, attributes in sets:
            whole &= con.execute(f"select count(*) from '{lake.address(path)}'").fetchall() == [(attributes,)]
    return {
        "ledger_names_whole_files": whole,
        "sets": [list(row) for row in sets],
        "contradictions": [
            str(row)
            for row in ask(
                settings, "select type_id, subject_key, left_value from serving.contradiction order by 1, 2, 3"
            )
        ],
    }


def points(steps: list[tuple[Any, str]]) -> list[tuple[str, Callable[[], None], float]]:
    scenarios: list[tuple[str, Callable[[], None], float]] = []
    for place, name in steps:
        function = getattr(place, name)
        for when in ("before", "after") if name in COMMITS else ("before",):
            killer = killing(function, when, 2 if name in ("put", "prepare") else 1)
            scenarios.append((f"{when} {name}", lambda p=place, n=name, k=killer: setattr(p, n, k), 0))  # type: ignore[misc]
    return scenarios


def main() -> None:
    extracts = Path(sys.argv[1])
    settings = replace(from_environment(), threads=2)
    empty(settings)

    def whole_path() -> object:
        return pipeline.run(settings, PERIOD, extracts, say=lambda _: None)

    def take_in_two() -> object:
        return list(pipeline.take_in(settings, PERIOD, two))

    began = time.monotonic()
    assert attempt(whole_path) == 0
    whole_s = time.monotonic() - began
    moments = [(f"at {part}/8", lambda: None, whole_s * part / 8) for part in range(1, 8)]
    laboratory("build", whole_path, points(LINKS), forget_built, state, settings)
    laboratory("build", whole_path, points(BUILD), forget_published, state, settings)
    laboratory("moments", whole_path, moments, empty, state, settings)
    laboratory(
        "reconciled", lambda: reconcile(settings), points(RECONCILED), forget_reconciled, state_reconciled, settings
    )
    empty(settings)
    with tempfile.TemporaryDirectory() as folder:
        two = Path(folder)
        for registry in ("population", "social_assistance"):
            shutil.copytree(extracts / PERIOD / registry, two / PERIOD / registry)
        laboratory("intake", take_in_two, points(INTAKE), empty, state_taken_in, settings)


def laboratory(
    name: str,
    work: Callable[[], object],
    scenarios: list[tuple[str, Callable[[], None], float]],
    forget: Callable[[Settings], None],
    look: Callable[[Settings], dict[str, Any]],
    settings: Settings,
) -> None:
    """Print what the work leaves, then for each scenario what a killed one left and what the next made of it."""

    def tell(point: str, **facts: Any) -> None:
        print(json.dumps({"name": name, "point": point, **facts}), flush=True)

    assert attempt(work) == 0
    tell("none", signal=0, after=look(settings))
    for point, prepare, seconds in scenarios:
        forget(settings)
        ended = attempt(work, prepare, seconds)
        sooner = seconds
        while sooner > 0.1 and ended == 0:
            # It was quicker than the first, which had the caches to warm or neighbours beside it.
            sooner *= 0.75
            forget(settings)
            ended = attempt(work, prepare, sooner)
        killed = look(settings)
        code = attempt(work)
        tell(point, signal=ended, killed=killed, code=code, after=look(settings))


if __name__ == "__main__":
    main()
