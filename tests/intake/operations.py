"""A machine of random operations: the ledger is always whole, and what is current could be made from nothing.

`python -m tests.intake.operations 1000 SEED` runs so many operations, in runs of thirty, and prints what it did. Each
run ends with the comparison; every build within it is compared with all others that rest on the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import hypothesis
import hypothesis.strategies as st
from hypothesis import assume
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from auyl.errors import AuylError
from auyl.settings import Settings
from tests.intake import commands
from tests.intake.current_model import (
    EDITIONS,
    LIMITS,
    PERIODS,
    REGISTRIES,
    SOCIAL,
    Content,
    Extract,
    Fact,
    Model,
    Month,
    Move,
    Refused,
)
from tests.intake.installations import Installations, prepare, under
from tests.intake.kills import FORKS, is_killed
from tests.intake.written import Rows, Written, account_balances

SCALES = ("0.001", "0.002")
PERIOD = st.sampled_from(PERIODS)
# A third of the operations die at this share of their calls.
DEATH = st.integers(0, 299).map(lambda n: n / 100 if n < 100 else None)
OPERATIONS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "deliver": (5, {"registry": st.sampled_from(REGISTRIES), "period": PERIOD, "variant": st.integers(0, 4)}),
    "correct": (2, {"period": PERIOD}),
    "withdraw": (3, {"pick": st.integers(0, 999), "is_back": st.booleans()}),
    "decide_edition": (2, {"edition": st.sampled_from(EDITIONS), "is_adopted": st.booleans()}),
    "change_rule": (1, {"limit": st.sampled_from(LIMITS)}),
    "change_indicator": (1, {"scale": st.sampled_from(SCALES)}),
    "reload": (2, {"period": st.sampled_from((*PERIODS, None))}),
    "build": (4, {"period": PERIOD}),
    "release": (1, {"period": PERIOD}),
    "take_back": (2, {"period": PERIOD}),
    "move": (3, {"period": PERIOD, "is_back": st.booleans(), "to": st.none() | st.integers(1, 4)}),
}
# Not rules of their own: of those, each run of hypothesis leaves some out.
OPERATION = st.sampled_from([name for name, (weight, _) in OPERATIONS.items() for _ in range(weight)]).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(OPERATIONS[name][1]), DEATH)
)
# Calls of an operation that nothing ends, counted once.
CALLS = {
    "deliver": 620, "correct": 700, "withdraw": 45, "restore": 45, "adopt": 60, "retire": 30, "reload": 700,
    "build": 700, "rollback": 100, "forward": 100, "release": 700,
}  # fmt: skip


@dataclass
class Comparisons:
    """Contents by what they follow from, of all runs; `compared` are those that a clean installation has made too."""

    contents: dict[tuple[object, ...], Content] = field(default_factory=dict)
    compared: set[tuple[object, ...]] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """Operations in any order. `world`, `comparisons` and `counts` are set by whoever runs it."""

    world: Installations
    comparisons: Comparisons
    counts: Counter[str]
    say: Callable[[str], None]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.written: Written | None = None
        self.taking_back: Callable[[], None] | None = None

    @property
    def settings(self) -> Settings:
        """The installation under the rules of now."""
        return under(self.world.tested, self.world.folder, self.model.limit, self.model.scale)

    @initialize(number=st.integers(0, 9999))
    def begin(self, number: int) -> None:
        """Forget what earlier runs took in. Two months have arrived."""
        assume(number)  # the simplest run repeats one operation
        self.world.begin()
        self.model.editions = dict.fromkeys(EDITIONS[:1], True)
        self.written = Written(self.settings)
        for limit in LIMITS:
            self.written.know(under(self.world.tested, self.world.folder, limit, "0.001"), limit)
        for period in PERIODS:
            self.deliver("population", period, 1, None)

    def teardown(self) -> None:
        """What is current, made from nothing, is the same snapshot."""
        if self.written is None:
            return
        for period in PERIODS:
            self.build(period, None)
            self.release(period, None)
        self.compare()
        self.say(f"{sum(self.counts.values())} operations and outcomes, {self.counts['compared']} compared")

    @rule(operation=OPERATION)
    def operate(self, operation: tuple[str, dict[str, Any], float | None]) -> None:
        """The next operation, and when it dies."""
        name, arguments, death = operation
        getattr(self, name)(**arguments, death=death)

    def deliver(self, registry: str, period: str, variant: int, death: float | None) -> None:
        """An extract arrives, for the first time or again."""
        extract = Extract(registry, period, variant)
        if registry == "population":
            extract.stated_on = date(int(period[:4]), int(period[5:]), commands.stated_day(variant))
        if registry == SOCIAL:
            extract.bad, extract.big = variant % 2, variant
        work = partial(commands.take_in, self.settings, self.world.folder, registry, period, variant)
        self.perform("deliver", work, self.model.deliver(extract), death)

    def correct(self, period: str, death: float | None) -> None:
        """Rejected rows come back corrected."""
        work = partial(commands.correct, self.settings, self.world.folder, period)
        self.perform("correct", work, self.model.correct(period), death)

    def withdraw(self, pick: int, is_back: bool, death: float | None) -> None:
        """Somebody decides about a batch, whether it is current or was superseded long ago."""
        batches = sorted(self.model.batches)
        batch = batches[pick % len(batches)]
        name = "restore" if is_back else "withdraw"
        self.taking_back = partial(self.withdraw, batches.index(batch), not is_back, None)
        work = partial(commands.decide, self.settings, batch, is_back)
        self.perform(name, work, self.model.withdraw(batch, not is_back), death)

    def decide_edition(self, edition: str, is_adopted: bool, death: float | None) -> None:
        """An edition of the classifier is adopted or retired."""
        self.taking_back = partial(self.decide_edition, edition, not is_adopted, None)
        work = partial(commands.decide_edition, self.settings, edition, is_adopted)
        self.perform("adopt" if is_adopted else "retire", work, self.model.adopt(edition, is_adopted), death)

    def change_rule(self, limit: int, death: float | None) -> None:
        """A rule of a suite changes, or is taken back."""
        self.counts["change rule"] += limit != self.model.limit
        self.model.limit = limit

    def change_indicator(self, scale: str, death: float | None) -> None:
        """An indicator changes, or is taken back."""
        self.counts["change indicator"] += scale != self.model.scale
        self.taking_back = partial(self.change_indicator, self.model.scale, None)
        self.model.scale = scale

    def reload(self, period: str | None, death: float | None) -> None:
        """All that was landed is judged again."""
        self.perform("reload", partial(commands.judge_again, self.settings, period), self.model.reload(period), death)

    def build(self, period: str, death: float | None) -> None:
        """A period is built."""
        self.perform("build", partial(commands.publish, self.settings, period), iter(()), death, period)

    def release(self, period: str, death: float | None) -> None:
        """What the gate refused is published."""
        is_refused = bool(self.model.months[period].refused_inputs)
        work = partial(commands.release_changes, self.settings, period)
        self.perform("release", work, iter(()), death, period if is_refused else None)

    def take_back(self, period: str, death: float | None) -> None:
        """The newest decision or change is taken back, and a period built."""
        if self.taking_back is not None:
            self.taking_back()
            self.counts["take back"] += 1
        self.build(period, death)

    def move(self, period: str, is_back: bool, to: int | None, death: float | None) -> None:
        """A period is rolled back to an earlier revision, or forward again."""
        work = partial(commands.move, self.settings, period, is_back, to)
        name = "rollback" if is_back else "forward"
        self.perform(name, work, self.model.move(period, is_back, to), death)

    def perform(
        self,
        name: str,
        work: Callable[[], object],
        expected: Iterator[Fact],
        death: float | None,
        built: str | None = None,
    ) -> None:
        """Do it, whole or up to its death, and hold what it wrote against what it should have written.

        `built` is the period that it builds.
        """
        assert self.written is not None
        is_dead, is_refused = False, False
        if death is None:
            try:
                work()
            except AuylError:
                is_refused = True
        else:
            is_dead = is_killed(self.world.tested, work, 1 + int(death * CALLS[name]))
        self.counts[f"{name} killed" if is_dead else name] += 1
        rows = self.written.since()
        self.follow(expected, rows, is_dead, is_refused or (death is not None and not is_dead))
        self.follow_build(rows, built, is_dead or death is not None)
        self.model.refusals = self.written.refusals()
        assert self.written.current() == {p: m.current for p, m in self.model.months.items() if m.current}
        account_balances(self.world.tested, rows.batches)

    def follow(self, expected: Iterator[Fact], rows: Rows, is_dead: bool, may_be_refused: bool) -> None:
        """Every row that was written is the next one that the model expects, and without a death none is missing."""
        try:
            for table, values, number in rows.facts:
                fact = next(expected, None)
                assert fact is not None, f"more than expected: {table} {values}"
                assert (fact.table, fact.values()) == (table, values)
                fact.follows(number)
            missing = None if is_dead else next(expected, None)
            assert missing is None, f"missing: {missing and (missing.table, missing.values())}"
        except Refused:
            assert may_be_refused

    def follow_build(self, rows: Rows, period: str | None, may_be_dead: bool) -> None:
        """What a build has made current is what the same inputs have made before."""
        for of, inputs in rows.acceptances:
            assert of == period and inputs == self.model.months[of].refused_inputs
            self.model.months[of].released.add(inputs)
        for of, inputs, outcome, revision in rows.builds:
            assert of == period
            self.follow_outcome(self.model.months[of], of, inputs, outcome, revision)
        if period is None or may_be_dead or not self.model.is_complete(period):
            assert period is None or may_be_dead or not rows.builds
            return
        month = self.model.months[period]
        content = self.comparisons.contents.get(self.model.key(period))
        if content is not None and not month.refused_inputs:
            self.is_current_or_rolled_back(month, content)

    def follow_outcome(self, month: Month, period: str, inputs: str, outcome: str, revision: int | None) -> None:
        """A row of a build: published, unchanged, returned or refused."""
        self.counts[outcome] += 1
        month.refused_inputs = inputs if outcome == "refused" else ""
        if revision is None:
            assert outcome == "refused" and inputs not in month.released
            return
        assert self.written is not None
        content = self.written.content(period, revision)
        if outcome == "published":
            assert content not in month.contents.values(), "the revision with this content should be current again"
            month.contents[revision] = content
        assert month.contents[revision] == content, "a revision never changes"
        key = self.model.key(period)
        assert self.comparisons.contents.setdefault(key, content) == content, key
        if outcome == "unchanged":
            assert revision == month.current or revision in month.rolled_back
        else:
            assert revision not in month.rolled_back
            month.follow(Move(revision))

    def is_current_or_rolled_back(self, month: Month, content: Content) -> None:
        """Is the content current? If not, then because a person rolled it back, and nothing new came since."""
        if month.contents[month.current] != content:
            assert content in [month.contents[revision] for revision in month.rolled_back]
            assert content not in [c for r, c in month.contents.items() if r not in month.rolled_back]

    def compare(self) -> None:
        """Take what is current into an empty installation, and build it there."""
        self.model.batches.clear()
        keys = {period: self.model.key(period) for period in PERIODS if self.model.is_complete(period)}
        if set(keys.values()) <= self.comparisons.compared:
            self.counts["compared before"] += len(keys)
            return
        clean = self.world.clean_again(self.model)
        for period in PERIODS:
            content = commands.built_from_nothing(clean, period)
            assert (content is not None) == (period in keys), (period, content)
            if content is not None:
                assert self.comparisons.contents.setdefault(keys[period], content) == content, keys[period]
                self.is_current_or_rolled_back(self.model.months[period], content)
                self.comparisons.compared.add(keys[period])
                self.counts["compared"] += 1


def run(world: Installations, operations: int, seed: int, say: Callable[[str], None] = lambda _: None) -> Counter[str]:
    """So many random operations, in runs of at most thirty; each ends with the comparison."""

    class Seeded(Machine):
        pass

    Seeded.world, Seeded.comparisons, Seeded.counts = world, Comparisons(), Counter()
    Seeded.say = staticmethod(say)  # type: ignore[assignment]
    for nth in range(-(-operations // 60)):
        # Later runs of one search resemble earlier ones.
        chosen = hypothesis.settings(
            max_examples=2, stateful_step_count=min(30, -(-operations // 2)), deadline=None, database=None,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate], print_blob=False,
        )  # fmt: skip
        run_state_machine_as_test(hypothesis.seed(seed + 1000 * nth)(Seeded), settings=chosen)  # type: ignore[no-untyped-call]
    return Seeded.counts


def main() -> None:
    """Run on a server of its own."""
    from auyl.store.embedded import EmbeddedPostgres
    from tests.conftest import fresh_database

    operations, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else Random().randrange(1000)
    FORKS.Process(target=os.getpid).start()
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "home").mkdir()
        server = EmbeddedPostgres(folder / "home", place=folder / "place" if os.geteuid() == 0 else None,
                                  settings={"fsync": "off"})  # fmt: skip
        dsn = server.start()
        try:
            with fresh_database(dsn) as tested, fresh_database(dsn) as clean:
                work = folder / "work"
                work.mkdir()
                world = prepare((tested, clean), work)
                began = time.monotonic()
                counts = run(world, operations, seed, partial(print, flush=True))
                print(f"seed {seed}, {time.monotonic() - began:.0f} s: {dict(sorted(counts.items()))}")
        finally:
            server.destroy()


if __name__ == "__main__":
    main()
