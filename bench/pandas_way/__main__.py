"""`python -m bench.pandas_way EXTRACTS PERIOD ASIDE [--lean] [--store WAY]`.

The DSN is in AUYL_DSN, the file of the hash key in AUYL_HASH_KEY_FILE. The last line of the output is JSON: rows, and
seconds of every part.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from sqlalchemy import create_engine

from bench.pandas_way import BEGAN, registries, store
from bench.pandas_way.core import link_all, tables
from bench.pandas_way.judge import Batch, check_account
from bench.pandas_way.measure import by_settlement, gate, measure
from bench.pandas_way.parts import SECONDS, part
from bench.pandas_way.places import Territory

READERS = {
    "population": registries.population,
    "social_assistance": registries.assistance,
    "livestock": registries.livestock,
    "ambulance": registries.ambulance,
    "employment": registries.employment,
    "budget_okrug": registries.budget,
}
# Highest shares of quarantined rows and of duplicates in a batch, as in the suites.
MAX_SHARES = {"population": (0.1, 0.1), "budget_okrug": (0.1, 0.1)}
VAULT_COLUMNS = ["person_key", "iin", "surname", "given_name", "patronymic", "street", "building", "flat"]


def take_in(
    registry: str, files: list[Path], given: registries.Given, aside: Path, database: store.Store | None
) -> Batch:
    """Land, read, judge and store one registry; without a store, only write its bad rows to a file."""
    if database is not None:
        with part(f"{registry}: land"):
            landed = store.land(registry, given.period, files, aside / "landing")
        with part("ledger"):
            database.delivered(landed)
        files = landed.files
    with part(registry):
        batch = READERS[registry](files, given)
        check_account(batch, *MAX_SHARES.get(registry, (0.2, 0.1)))
        if database is None:
            batch.quarantine.to_csv(aside / f"{registry}.csv", index=False)
            return batch
        columns = store.profile(batch)
    with part(f"{registry}: store raw"):
        database.raw(batch)
    with part(f"{registry}: store stage and quarantine"):
        database.staged(batch)
    with part("ledger"):
        database.accepted(batch, landed, columns)
    return batch


def main() -> None:
    """Make the snapshot of one period from six extracts."""
    parser = argparse.ArgumentParser(prog="python -m bench.pandas_way")
    parser.add_argument("extracts", type=Path)
    parser.add_argument("period")
    parser.add_argument("aside", type=Path, help="folder for the landing, or for rejected rows")
    parser.add_argument("--lean", action="store_true", help="no landing, raw, stage, ledger, links, core, revisions")
    parser.add_argument(
        "--store", choices=store.WAYS, default="sql", help="plain to_sql, to_sql by COPY, or Parquet files"
    )
    options = parser.parse_args()
    SECONDS["imports"] = time.perf_counter() - BEGAN
    options.aside.mkdir(parents=True, exist_ok=True)
    engine = create_engine(os.environ["AUYL_DSN"].replace("postgresql://", "postgresql+psycopg2://"))
    database = store.Store(engine, options.store, options.aside / "kept")
    with part("territory"):
        secret = bytes.fromhex(Path(os.environ["AUYL_HASH_KEY_FILE"]).read_text(encoding="ascii"))
        given = registries.Given(options.period, Territory(options.extracts / "reference"), secret)
    batches = {}
    for registry in READERS:
        files = sorted(file for file in (options.extracts / options.period / registry).iterdir() if file.is_file())
        batches[registry] = take_in(registry, files, given, options.aside, None if options.lean else database)
    links = None
    if not options.lean:
        with part("link"):
            links, pairs = link_all(batches, given)
        with part("store links"):
            database.save("link", links)
            database.save("link_pair", pairs)
            database.write("link_review", links[links["outcome"] == "review"])
    with part("core tables"):
        core = tables(batches, links, given)
    if not options.lean:
        with part("store core tables"):
            for table, rows in core.items():
                database.save(f"core_{table}", rows)
    with part("indicators"):
        values = measure(core, given.territory, given.end)
    persons = batches["population"].staged
    if options.lean:
        with part("store persons"):
            store.write_lean(database, "person", persons[VAULT_COLUMNS[:5]], "person_key")
        with part("store snapshot"):
            store.write_lean(database, "snapshot_value", values[["kato", "indicator_id", "value"]])
    else:
        with part("gate"):
            if breaches := gate(values, given.territory, store.previous_residents(database, options.period)):
                raise SystemExit(f"the snapshot breaches: {'; '.join(breaches)}")
        with part("tables by settlement"):
            settlements = by_settlement(core, given.territory)
        store.publish(
            database, store.Revision(options.period, persons[VAULT_COLUMNS], values, settlements, [*batches.values()])
        )
    rows = {registry: len(batch.staged) for registry, batch in batches.items()} | {"values": len(values)}
    if links is not None:
        rows["linked"] = int((links["outcome"] == "link").sum())
    print(json.dumps({"rows": rows, "parts": {name: round(s, 3) for name, s in SECONDS.items()}}))


if __name__ == "__main__":
    main()
