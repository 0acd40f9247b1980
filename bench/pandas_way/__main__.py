"""`python -m bench.pandas_way EXTRACTS PERIOD ASIDE [--lean] [--store WAY]`: address in AUYL_DSN, key file in
AUYL_HASH_KEY_FILE.

The last line of the output is JSON: rows, seconds of every part.
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
# Shares of quarantined rows and of repetitions that a batch may have at most, as the suites say.
MOST = {"population": (0.1, 0.1), "budget_okrug": (0.1, 0.1)}
OF_VAULT = ["person_key", "iin", "surname", "given_name", "patronymic", "street", "building", "flat"]


def take_in(registry: str, files: list[Path], given: registries.Given, aside: Path, kept: store.Store | None) -> Batch:
    """Land, read, judge and keep one registry; without a store its bad rows go to a file alone."""
    if kept is not None:
        with part(f"{registry}: land"):
            landed = store.land(registry, given.period, files, aside / "landing")
        with part("ledger"):
            kept.delivered(landed)
        files = landed.files
    with part(registry):
        batch = READERS[registry](files, given)
        check_account(batch, *MOST.get(registry, (0.2, 0.1)))
        if kept is None:
            batch.quarantine.to_csv(aside / f"{registry}.csv", index=False)
            return batch
        columns = store.profile(batch)
    with part(f"{registry}: keep raw"):
        kept.raw(batch)
    with part(f"{registry}: keep stage and quarantine"):
        kept.staged(batch)
    with part("ledger"):
        kept.accepted(batch, landed, columns)
    return batch


def main() -> None:
    """One period from six extracts to a snapshot."""
    parser = argparse.ArgumentParser(prog="python -m bench.pandas_way")
    parser.add_argument("extracts", type=Path)
    parser.add_argument("period")
    parser.add_argument("aside", type=Path, help="folder for the landing, or for the rows that are set aside")
    parser.add_argument("--lean", action="store_true", help="no landing, raw, stage, ledger, links, core, revisions")
    parser.add_argument("--store", choices=store.WAYS, default="sql", help="to_sql as it is, by COPY, or Parquet files")
    asked = parser.parse_args()
    SECONDS["imports"] = time.perf_counter() - BEGAN
    asked.aside.mkdir(parents=True, exist_ok=True)
    engine = create_engine(os.environ["AUYL_DSN"].replace("postgresql://", "postgresql+psycopg2://"))
    kept = store.Store(engine, asked.store, asked.aside / "kept")
    with part("territory"):
        secret = bytes.fromhex(Path(os.environ["AUYL_HASH_KEY_FILE"]).read_text(encoding="ascii"))
        given = registries.Given(asked.period, Territory(asked.extracts / "reference"), secret)
    batches = {}
    for registry in READERS:
        files = sorted(file for file in (asked.extracts / asked.period / registry).iterdir() if file.is_file())
        batches[registry] = take_in(registry, files, given, asked.aside, None if asked.lean else kept)
    links = None
    if not asked.lean:
        with part("link"):
            links, pairs = link_all(batches, given)
        with part("keep links"):
            kept.keep("link", links)
            kept.keep("link_pair", pairs)
            kept.write("link_review", links[links["outcome"] == "review"])
    with part("core tables"):
        core = tables(batches, links, given)
    if not asked.lean:
        with part("keep core tables"):
            for table, rows in core.items():
                kept.keep(f"core_{table}", rows)
    with part("indicators"):
        values = measure(core, given.territory, given.end)
    persons = batches["population"].kept
    if asked.lean:
        with part("keep persons"):
            store.write_lean(kept, "person", persons[OF_VAULT[:5]], "person_key")
        with part("keep snapshot"):
            store.write_lean(kept, "snapshot_value", values[["kato", "indicator_id", "value"]])
    else:
        with part("gate"):
            if breaches := gate(values, given.territory, store.former_residents(kept, asked.period)):
                raise SystemExit(f"the snapshot breaches: {'; '.join(breaches)}")
        with part("tables by settlement"):
            settlements = by_settlement(core, given.territory)
        store.publish(kept, store.Revision(asked.period, persons[OF_VAULT], values, settlements, [*batches.values()]))
    rows = {registry: len(batch.kept) for registry, batch in batches.items()} | {"values": len(values)}
    if links is not None:
        rows["linked"] = int((links["outcome"] == "link").sum())
    print(json.dumps({"rows": rows, "parts": {name: round(s, 3) for name, s in SECONDS.items()}}))


if __name__ == "__main__":
    main()
