"""A machine of random operations: the ledger is always whole, and what is current could be made from nothing.

`python -m tests.intake.operations 1000 SEED` runs so many operations, in runs of twenty-five, and prints what it did.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import hypothesis
import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from auyl import contracts, formats, intake, ledger
from auyl.errors import ExtractRefused
from auyl.intake.reload import reload
from auyl.intake.withdraw import restore, withdraw
from auyl.settings import Settings
from auyl.snapshot import build, publish, revision
from auyl.stage import scan
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.reference import load_territory
from tests.conftest import empty_tables, fresh_installation
from tests.extracts import ambulance_csv, call, iin, person, population_xml, social_csv, social_row

PERIODS = ("2026-09", "2026-10")
REGISTRIES = ("population", "social_assistance", "ambulance")
BAD = "123456789012"
WHY = ledger.Decision("an operation of the machine", "machine")
NO_RULES = ("row", "batch")
# Steps that write; a process is killed before one of them.
KILLED: list[tuple[Any, str]] = [
    (Lake, "move"), (ledger, "add_delivery"), (formats, "read"), (scan, "scan"), (scan, "write_quarantine"),
    (scan, "write_stage"), (ledger, "add_batch"), (ledger, "add_judgement"), (revision, "consolidate"),
    (publish.Publication, "copy"),
]  # fmt: skip


@dataclass
class Installations:
    """The installation under test, and one in which what is current is made from nothing; both know two editions."""

    tested: Settings
    clean: Settings
    counts: Counter[str] = field(default_factory=Counter)


def prepare(dsns: tuple[str, str], folder: Path, reference: Path) -> Installations:
    """Two installations below `folder`, with the suites of the snapshot made to let tiny snapshots pass."""
    made = []
    for name, dsn in zip(("tested", "clean"), dsns, strict=True):
        (folder / name).mkdir(mode=0o700)
        made.append(fresh_installation(dsn, folder / name))
    for limit in (5000000, 80000):
        suites = folder / f"rules {limit}"
        suites.mkdir()
        for path in made[0].expectations.glob("*.json"):
            content = path.read_text("utf-8").replace("5000000", str(limit))
            if path.name == "snapshot.json":
                document = json.loads(content)
                document["expectations"] = document["expectations"][:2]
                content = json.dumps(document)
            if path.name == "_batch.json":  # the shares of tiny extracts say nothing
                document = json.loads(content)
                for item in document["expectations"]:
                    item["kwargs"] |= {"min_value": 0, "max_value": 1000}
                content = json.dumps(document)
            (suites / path.name).write_text(content, "utf-8")
    for scale in ("0.001", "0.002"):
        include = Path(shutil.copytree(made[0].include, folder / f"include {scale}"))
        theme = include / "indicators" / "social.yaml"
        theme.write_text(theme.read_text("utf-8").replace("scale: 0.001", f"scale: {scale}"), "utf-8")
    for edition in ("NK-1", "NK-2"):
        load_territory(made[0], reference / "kato.csv", reference / "crosswalk.csv", None, edition)
    shutil.copytree(folder / "tested" / "lake" / "reference", folder / "reference")
    return Installations(*made)


def under(settings: Settings, folder: Path, limit: int, scale: str, edition: str) -> Settings:
    """The installation with these rules, indicators and edition."""
    return replace(
        settings, expectations=folder / f"rules {limit}", include=folder / f"include {scale}", kato_edition=edition
    )


def extract(folder: Path, registry: str, period: str, variant: int) -> Path:
    """An extract of a few rows; another one for each variant."""
    year, month = period.split("-")
    if registry == "population":
        people = [person(n) for n in range(1, 9 + variant)]
        content, name = population_xml(people, period, made=f"{year}-{int(month):02d}-28T02:00:00+05:00"), "p.xml"
    elif registry == "social_assistance":
        rows = [social_row(n) for n in range(1, 7)] + [social_row(9, ИИН=BAD)] * (variant % 2)
        rows += [social_row(20 + n, **{"СУММА, ТЕНГЕ": "90 000,00"}) for n in range(variant)]
        content, name = social_csv(rows).replace(b"10.2026", f"{month}.{year}".encode()), "s.csv"
    else:
        calls = [call(n) for n in range(1 + 2 * variant, 6 + 2 * variant)]
        content, name = ambulance_csv(calls).replace(b"2026-10-05", f"{period}-05".encode()), "c.csv"
    file = folder / name
    file.write_bytes(content)
    return file


def take_in(settings: Settings, folder: Path, registry: str, period: str, variant: int) -> None:
    """Land and load it; what is refused is an outcome."""
    try:
        intake.load(
            intake.land_files(registry, period, [extract(folder, registry, period, variant)], settings), settings
        )
    except ExtractRefused:
        return


def killed(work: Callable[[], object], place: int, nth: int) -> None:
    """Do the work, and die before the call number `nth` of a step."""
    owner, name = KILLED[place]
    function, calls = getattr(owner, name), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    setattr(owner, name, dying)
    work()


def reload_all(settings: Settings, period: str | None) -> None:
    """Judge again what was landed."""
    list(reload(settings, WHY, None, period))


class Machine(RuleBasedStateMachine):
    """Operations in any order. `world` and `folder` are set by whoever runs it."""

    world: Installations
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.choice = {"limit": 5000000, "scale": "0.001", "edition": "NK-1"}
        self.made_under: dict[str, dict[str, Any]] = {}

    @property
    def settings(self) -> Settings:
        """The installation under the rules of now."""
        return under(self.world.tested, self.folder, **self.choice)  # type: ignore[arg-type]

    @initialize()
    def begin(self) -> None:
        """Forget what earlier runs took in."""
        empty(self.world.tested, self.folder)
        for limit in (5000000, 80000):
            settings = under(self.world.tested, self.folder, limit, "0.001", "NK-1")
            for registry in REGISTRIES:
                contract = contracts.load(registry, settings.include)
                self.made_under[intake.rules_digest(settings, contract)] = {"limit": limit}
        for period in PERIODS:
            take_in(self.settings, self.folder, "population", period, 1)

    def count(self, what: str) -> None:
        """Add to the account of operations."""
        self.world.counts[what] += 1

    @rule(registry=st.sampled_from(REGISTRIES), period=st.sampled_from(PERIODS), variant=st.integers(0, 3))
    def deliver(self, registry: str, period: str, variant: int) -> None:
        """An extract arrives, for the first time or again."""
        self.count("deliver")
        take_in(self.settings, self.folder, registry, period, variant)

    @rule(period=st.sampled_from(PERIODS))
    def correct(self, period: str) -> None:
        """Rejected rows come back corrected."""
        self.count("correct")
        files = intake.write_handback(self.settings, "social_assistance", period)
        for made in files:
            if made.batch_id is None:
                continue
            returned = self.folder / Path(made.path).name
            rows = Lake(self.settings.lake).read(made.path).decode("utf-8-sig")
            returned.write_text(rows.replace(BAD, iin(50)).replace("90 000,00", "70 000,00"), encoding="utf-8-sig")
            try:
                delivery = intake.land_files("social_assistance", period, [returned], self.settings)
            except ExtractRefused:
                continue
            intake.load(delivery, self.settings)

    @rule(pick=st.integers(0, 999), is_back=st.booleans())
    def withdraw_or_restore(self, pick: int, is_back: bool) -> None:
        """Somebody decides about a batch."""
        self.count("restore" if is_back else "withdraw")
        with transaction(self.settings) as con:
            batches = list(con.execute(text("select batch_id from ledger.batch order by 1")).scalars())
        if batches:
            try:
                (restore if is_back else withdraw)(self.settings, batches[pick % len(batches)], "machine", "machine")
            except Exception as error:
                if "Restore that one" not in str(error):
                    raise

    @rule(
        limit=st.sampled_from([5000000, 80000]),
        scale=st.sampled_from(["0.001", "0.002"]),
        edition=st.sampled_from(["NK-1", "NK-2"]),
    )
    def change(self, limit: int, scale: str, edition: str) -> None:
        """Rules, an indicator and the edition change, or are taken back."""
        self.count("change")
        self.choice = {"limit": limit, "scale": scale, "edition": edition}

    @rule(period=st.sampled_from((*PERIODS, None)))
    def judge_again(self, period: str | None) -> None:
        """A reload."""
        self.count("reload")
        if ledger.landed(self.settings, list(REGISTRIES), period):
            reload_all(self.settings, period)

    @rule(period=st.sampled_from(PERIODS))
    def publish(self, period: str) -> None:
        """A build."""
        self.count("build")
        build(period, self.settings, allow_missing=True)

    @rule(
        work=st.sampled_from(["deliver", "reload", "build"]),
        registry=st.sampled_from(REGISTRIES),
        period=st.sampled_from(PERIODS),
        variant=st.integers(0, 3),
        place=st.integers(0, len(KILLED) - 1),
        nth=st.integers(1, 2),
    )
    def die(self, work: str, registry: str, period: str, variant: int, place: int, nth: int) -> None:
        """A process dies within its work; the next operation finds what it left."""
        self.count(f"killed {work}")
        if work == "reload" and not ledger.landed(self.settings, list(REGISTRIES), period):
            return
        steps = {
            "deliver": partial(take_in, self.settings, self.folder, registry, period, variant),
            "reload": partial(reload_all, self.settings, period),
            "build": partial(build, period, self.settings, True),
        }
        child = FORKS.Process(target=killed, args=(steps[work], place, nth))
        child.start()
        child.join()
        self.count(f"exit {child.exitcode}")
        assert child.exitcode in (0, -signal.SIGKILL)

    @invariant()
    def account_balances(self) -> None:
        """Each delivery has one batch that counts, each period one extract; the files hold the rows of the account."""
        lake = Lake(self.world.tested.lake)
        with transaction(self.world.tested) as con:
            rows = con.execute(
                text(
                    "select rows_in - staged - linkable - quarantined - duplicates as rest, staged, stage_path, "
                    "count(*) filter (where current_rank = 1) over (partition by registry, period) as current, "
                    "count(*) filter (where rank_in_delivery = 1) over (partition by delivery_id) as counted, "
                    "bool_and(is_withdrawn) over (partition by registry, period) as gone, "
                    "current_rank = 1 and rank_in_delivery <> 1 as is_odd from ledger.batch_ranked"
                )
            ).all()
        for row in rows:
            assert (row.rest, row.counted, bool(row.is_odd)) == (0, 1, False), row
            assert row.current == (0 if row.gone else 1), row
            ((staged,),) = duckdb.sql(f"select count(*) from '{lake.address(row.stage_path)}'").fetchall()
            assert staged == row.staged, row

    def teardown(self) -> None:
        """What is current, made from nothing, is the same snapshot."""
        if not self.made_under:
            return
        empty(self.world.clean, self.folder)
        clean = under(self.world.clean, self.folder, **self.choice)  # type: ignore[arg-type]
        for registry in REGISTRIES:
            for period in PERIODS:
                for batch in ledger.current_batches(self.settings, registry, period, registry == "ambulance"):
                    self._again(batch)
        for period in PERIODS:
            published = build(period, self.settings, allow_missing=True)
            again = build(period, clean, allow_missing=True)
            assert (published.status == "incomplete") == (again.status == "incomplete"), (published, again)
            assert published.status != "refused", published
            if published.status != "incomplete":
                assert content(self.settings, period) == content(clean, period), (period, published, again)
                self.count("compared")

    def _again(self, batch: ledger.Batch) -> int | None:
        """Take the delivery of a batch into the clean installation, under the rules that it was made by."""
        delivery = ledger.delivery(self.settings, batch.delivery_id)
        corrects = None
        if delivery.corrects_batch_id is not None:
            corrects = self._again(ledger.batch(self.settings, delivery.corrects_batch_id))
        choice = self.choice | self.made_under[batch.rules_digest]
        clean = under(self.world.clean, self.folder, **choice)  # type: ignore[arg-type]
        lake = Lake(self.settings.lake)
        files = [Path(lake.address(p)) for p in lake.files(delivery.landing_path) if not p.endswith("manifest.json")]
        number = intake.land_files(batch.registry, batch.period, files, clean, batch.extracted_at, corrects)
        result = intake.load(number, clean)
        assert result.accepted, result
        return result.batch_id


def content(settings: Settings, period: str) -> list[Any]:
    """The digest of what is published for a period."""
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select s.content_sha256, s.edition from serving.current_snapshot as c "
                "inner join serving.snapshot as s using (period, revision) where c.period = :period"
            ),
            {"period": period},
        )
        return [tuple(row) for row in rows]


def empty(settings: Settings, folder: Path) -> None:
    """Forget everything but the territory."""
    empty_tables(settings.dsn)
    shutil.rmtree(settings.lake, ignore_errors=True)
    Path(settings.lake).mkdir(mode=0o700)
    shutil.copytree(folder / "reference", Path(settings.lake) / "reference")


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.intake.operations"])


def run(world: Installations, folder: Path, operations: int, seed: int) -> Counter[str]:
    """So many random operations, in runs of at most twenty-five; each ends with the comparison."""
    steps = min(operations, 25)
    examples = 1 + max(1, operations // steps)  # the first one is always the simplest

    class Seeded(Machine):
        pass

    Seeded.world, Seeded.folder = world, folder
    chosen = hypothesis.settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate], print_blob=False,
    )  # fmt: skip
    run_state_machine_as_test(hypothesis.seed(seed)(Seeded), settings=chosen)  # type: ignore[no-untyped-call]
    return world.counts


def main() -> None:
    """Run on a server of its own."""
    from auyl.store.embedded import EmbeddedPostgres
    from lab import synthetic
    from tests.conftest import fresh_database

    operations, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else Random().randrange(1000)
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "home").mkdir()
        synthetic.make(folder / "oblast", "2026-10", 300)
        server = EmbeddedPostgres(folder / "home", place=folder / "place" if os.geteuid() == 0 else None,
                                  settings={"fsync": "off"})  # fmt: skip
        dsn = server.start()
        try:
            with fresh_database(dsn) as tested, fresh_database(dsn) as clean:
                work = folder / "work"
                work.mkdir()
                world = prepare((tested, clean), work, folder / "oblast" / "reference")
                print(f"seed {seed}: {dict(run(world, work, operations, seed))}")
        finally:
            server.destroy()


if __name__ == "__main__":
    main()
