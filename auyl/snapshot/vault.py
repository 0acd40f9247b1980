"""The vault's persons: loaded beside consolidation, in the transaction that publishes.

PostgreSQL copies on one core while DuckDB consolidates on the other. Nothing is seen before the commit of the
revision, and a refused or killed build leaves the former persons.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from auyl.settings import Settings
from auyl.snapshot.consolidate import Inputs
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.lake import Lake

COLUMNS = ("surname", "given_name", "patronymic")


class VaultLoad:
    """Loads the persons of `inputs` into a table of the open transaction of `connection`, in a thread of its own."""

    def __init__(self, settings: Settings, lake: Lake, inputs: Inputs, connection: Any) -> None:
        self._settings, self._lake, self._inputs, self._connection = settings, lake, inputs, connection
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._done: Future[bool] = self._pool.submit(self._load)

    def _load(self) -> bool:
        """Returns whether there is something to swap in: the vault keeps the latest period."""
        batches = self._inputs.batches.get("population")
        cursor = self._connection.cursor()
        cursor.execute("select period from vault.person_period")
        held = cursor.fetchone()
        if not batches or (held and held[0] > self._inputs.period):
            return False
        cursor.execute("create table vault.person_incoming (like vault.person including defaults)")
        spill = self._settings.home / "spill"
        with tempfile.TemporaryDirectory(prefix="auyl-", dir=spill) as folder:
            file = Path(folder) / "person.csv"
            self._write(paths.identity_file(batches[0].name), file)
            with file.open("rb") as stream:
                cursor.copy_expert(
                    f"copy vault.person_incoming (person_key, iin, {', '.join(COLUMNS)}) "
                    f"from stdin (format csv, null '\\N')",
                    stream,
                )
        # Filling an index of random keys row by row costs several times what building it at the end does.
        cursor.execute("alter table vault.person_incoming add primary key (person_key)")
        return True

    def _write(self, identity: str, file: Path) -> None:
        con = duck.cursor(self._settings, self._lake)
        try:
            con.execute(
                f"copy (select person_key, iin, {', '.join(COLUMNS)} "
                f"from read_parquet({literal(self._lake.address(identity))})) "
                f"to {literal(str(file))} (format csv, header false, nullstr '\\N')"
            )
        finally:
            con.close()

    def swap(self, cursor: Any, period: str, revision: int) -> None:
        """Put the loaded persons in the place of the former ones."""
        if not self._done.result():
            return
        cursor.execute(
            "drop table vault.person; alter table vault.person_incoming rename to person; "
            "alter index vault.person_incoming_pkey rename to person_pkey"
        )
        cursor.execute(
            "insert into vault.person_period (period, revision) values (%s, %s) "
            "on conflict (only_row) do update set period = excluded.period, revision = excluded.revision",
            (period, revision),
        )

    def end(self) -> None:
        """Wait until the thread has let go of the connection."""
        self._pool.shutdown(wait=True)
