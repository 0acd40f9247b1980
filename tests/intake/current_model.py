"""What must be current after operations in any order: computed from what was decided, without asking the product.

An operation writes facts into the ledger: an arrival, a judgement, a decision. The model says beforehand which facts
and in which order; an operation that is killed writes the first of them. From the facts it computes what is current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

PERIODS = ("2026-09", "2026-10")
REGISTRIES = ("population", "social_assistance", "ambulance")
SOCIAL = "social_assistance"
EDITIONS = ("NK-1", "NK-2")
# Greatest amount of an assistance; the rules of the other registries do not name it.
LIMITS = (5000000, 80000)
Content = tuple[str, str]  # sha256 and edition


class Refused(Exception):
    """The operation cannot be: the command must refuse it in words, and write nothing more."""


@dataclass(eq=False)
class Extract:
    """A delivery. `bad`: rows without a valid number; `big`: rows with an amount above the lower limit.

    `fixes`: how many rows of either kind of `corrects` it corrects, which was judged under `corrects_under`.
    """

    registry: str
    period: str
    variant: int
    bad: int = 0
    big: int = 0
    stated_on: date | None = None
    corrects: Extract | None = None
    corrects_under: int = 0
    fixes: tuple[int, int] = (0, 0)
    delivery_id: int = 0
    arrived: int = 0
    landed: int = 0
    is_again: bool = False
    judged_under: int = 0
    is_withdrawn: bool = False

    @property
    def chain(self) -> list[Extract]:
        """This one, and those that it corrects down to the extract itself."""
        return [self, *(self.corrects.chain if self.corrects else [])]

    @property
    def root(self) -> Extract:
        """The extract itself."""
        return self.chain[-1]

    @property
    def counts(self) -> bool:
        """Was it accepted, and neither it nor what it corrects withdrawn?"""
        return self.judged_under > 0 and not self.is_taken_out

    @property
    def is_taken_out(self) -> bool:
        """Was it, or what it corrects, withdrawn?"""
        return any(extract.is_withdrawn for extract in self.chain)

    def rejected(self) -> tuple[int, int]:
        """Rows of either kind that go back to the owner."""
        return self.bad, self.big if self.judged_under == min(LIMITS) else 0

    def label(self) -> tuple[object, ...]:
        """What its content follows from."""
        corrections = [(e.fixes, e.corrects_under) for e in self.chain if e.corrects]
        return (self.registry, self.period, self.variant, *corrections, self.judged_under)


@dataclass
class Fact:
    """A row that an operation writes: its table, its values (known only after the facts before), what follows."""

    table: str
    values: Callable[[], tuple[object, ...]]
    follows: Callable[[int], None]


@dataclass
class Move:
    """A revision became current, by a build, a rollback (true) or forward (false) of `revisions`."""

    revision: int
    is_rolled_back: bool | None = None
    revisions: tuple[int, ...] = ()


@dataclass
class Month:
    """The revisions of a period with their content, which is current, and which were rolled back."""

    contents: dict[int, Content] = field(default_factory=dict)
    current: int = 0
    moves: list[Move] = field(default_factory=list)
    rolled_back: set[int] = field(default_factory=set)
    refused_inputs: str = ""
    released: set[str] = field(default_factory=set)

    @property
    def is_held(self) -> bool:
        """Is a rollback the newest move?"""
        return bool(self.moves) and self.moves[-1].is_rolled_back is True

    def follow(self, move: Move) -> None:
        """The revision is current."""
        if move.is_rolled_back is not None:
            change = self.rolled_back.update if move.is_rolled_back else self.rolled_back.difference_update
            change(move.revisions)
        self.moves.append(move)
        self.current = move.revision

    def rollback(self, to: int | None) -> Move | None:
        """The move that a rollback makes; None if it changes nothing. Raises Refused."""
        if not self.current:
            raise Refused
        if to == self.current or (to is None and self.is_held):
            return None
        history = [move.revision for move in self.moves]
        before = [r for r in history if r != self.current and r not in self.rolled_back]
        target = to if to is not None else before[-1] if before else 0
        if target not in self.contents or target in self.rolled_back:
            raise Refused
        since = history[len(history) - history[::-1].index(target) :]
        between = {r for r in since if r not in self.rolled_back} - {target, self.current}
        return Move(target, True, (*sorted(between), self.current))

    def forward(self, to: int | None) -> Move | None:
        """The move that takes a rollback back; None if it changes nothing. Raises Refused."""
        if not self.current or (to is not None and to not in self.contents):
            raise Refused
        freed = (to,) if to is not None else self.moves[-1].revisions if self.is_held else ()
        freed = tuple(r for r in freed if r in self.rolled_back)
        if not freed:
            return None
        is_decision = self.moves[-1].is_rolled_back is not None
        return Move(freed[-1] if is_decision else self.current, False, freed)


@dataclass
class Model:
    """All that was decided. `batches` has each batch with its extract."""

    limit: int = LIMITS[0]
    scale: str = "0.001"
    extracts: list[Extract] = field(default_factory=list)
    batches: dict[int, Extract] = field(default_factory=dict)
    editions: dict[str, bool] = field(default_factory=dict)  # the newest decision last
    months: dict[str, Month] = field(default_factory=lambda: {period: Month() for period in PERIODS})
    refusals: set[tuple[str, str]] = field(default_factory=set)
    turn: int = 0

    @property
    def edition(self) -> str:
        """The edition that was adopted last, of those that are."""
        return [edition for edition, is_adopted in self.editions.items() if is_adopted][-1]

    def rules(self, registry: str) -> int:
        """The limit under which extracts of a registry are judged now."""
        return self.limit if registry == SOCIAL else LIMITS[0]

    def current(self, registry: str, period: str) -> list[Extract]:
        """What counts for a period, in the order of arrival: one extract, or all changes.

        An extract that states a time does not supersede one that states a later one. What states none, or came again,
        stands above all that arrived before it. Corrected rows stand right above what they correct.
        """
        here = [e for e in self.extracts if (e.registry, e.period) == (registry, period) and e.counts]
        roots = sorted((e for e in here if e.corrects is None), key=lambda e: e.arrived)
        if registry == "ambulance":
            return roots
        newest, claim, stated = None, date.min, date.min
        for root in roots:
            own = root.stated_on or date.min
            if root.stated_on and not root.is_again:
                stated = max(stated, own)
                level = own
            else:
                level = max(stated, own)
            if level >= claim:
                newest, claim = root, level
        return [max((e for e in here if e.root is newest), key=lambda e: e.landed)] if newest else []

    def clean(self) -> list[Extract]:
        """All that counts, in the order in which a clean installation takes it in."""
        counting = [e for registry in REGISTRIES for period in PERIODS for e in self.current(registry, period)]
        return sorted(counting, key=lambda e: e.root.arrived)

    def key(self, period: str) -> tuple[object, ...]:
        """All that the snapshot of a period follows from."""
        calls = [e.label() for e in self.clean() if e.registry == "ambulance"]
        others = []
        for registry in ("population", SOCIAL):
            labels = [e.label() for e in self.current(registry, period)]
            # A registry that is missing says of which month it was there last.
            others.append(labels or [(p, bool(self.current(registry, p))) for p in PERIODS if p <= period])
        refused = sorted(self.refusals)
        return (period, self.scale, self.edition, str(calls), str(others), str(refused))

    def is_complete(self, period: str) -> bool:
        """Is the population there, without which nothing is built?"""
        return bool(self.current("population", period))

    def deliver(self, extract: Extract) -> Iterator[Fact]:
        """An extract arrives, for the first time or again, and is loaded."""
        known = next((e for e in self.extracts if _is_same(e, extract)), None)
        yield self._arrival(known, extract)
        yield from self._judgement(known or extract)

    def correct(self, period: str) -> Iterator[Fact]:
        """The rejected rows of the current extract come back corrected."""
        for base in self.current(SOCIAL, period):
            bad, big = base.rejected()
            if bad or big:
                fixed = Extract(
                    SOCIAL, period, base.variant, base.bad - bad, base.big - big, corrects=base,
                    corrects_under=base.judged_under, fixes=(bad, big),
                )  # fmt: skip
                yield from self.deliver(fixed)

    def _arrival(self, known: Extract | None, extract: Extract) -> Fact:
        where = extract.registry, extract.period
        arrivals = [e for e in self.extracts if (e.registry, e.period) == where]
        last = max(arrivals, key=lambda e: e.arrived, default=None)
        outcome = "landed"
        if known:
            outcome = "unchanged" if last and known in last.chain else "again"

        def follows(delivery_id: int) -> None:
            arrived = known or extract
            if not known:
                extract.delivery_id = delivery_id
                self.extracts.append(extract)
            if outcome != "unchanged":
                self.turn += 1
                arrived.arrived, arrived.is_again = self.turn, bool(known)
                arrived.landed = arrived.landed or self.turn

        return Fact("look", lambda: (*where, outcome, known.delivery_id if known else None), follows)

    def _judgement(self, extract: Extract) -> Iterator[Fact]:
        """Nothing where the extract is withdrawn or these rules judged it last, and where it comes too late."""
        rules = self.rules(extract.registry)
        where = extract.registry, extract.period
        if extract.is_taken_out or extract.judged_under == rules:
            return
        if extract.corrects and not extract.judged_under and extract.corrects not in self.current(*where):
            return

        def follows(batch_id: int) -> None:
            extract.judged_under = rules
            self.batches[batch_id] = extract

        yield Fact("judgement", lambda: (extract.delivery_id, rules), follows)

    def reload(self, period: str | None) -> Iterator[Fact]:
        """Every delivery is judged by the rules of today. Raises Refused."""
        chosen = [e for e in self.extracts if period in (None, e.period)]
        if not chosen:
            raise Refused
        for extract in sorted(chosen, key=lambda e: (e.period, e.delivery_id)):
            yield from self._judgement(extract)

    def withdraw(self, batch_id: int, is_withdrawn: bool) -> Iterator[Fact]:
        """A batch does not count, or counts again, with those that correct it."""
        extract = self.batches[batch_id]

        def follows(_: int) -> None:
            extract.is_withdrawn = is_withdrawn

        if extract.is_taken_out != is_withdrawn:
            yield Fact("withdrawal", lambda: (batch_id, is_withdrawn), follows)
        if extract.is_taken_out and not is_withdrawn:
            raise Refused  # what it corrects is withdrawn

    def adopt(self, edition: str, is_adopted: bool) -> Iterator[Fact]:
        """An edition is adopted or retired. Raises Refused."""
        adopted = [name for name, is_current in self.editions.items() if is_current]
        if is_adopted and edition == self.edition:
            return
        if not is_adopted:
            if edition not in self.editions:
                raise Refused
            if edition not in adopted:
                return
            if adopted == [edition]:
                raise Refused

        def follows(_: int) -> None:
            self.editions.pop(edition, None)
            self.editions[edition] = is_adopted

        yield Fact("edition_decision", lambda: (edition, is_adopted), follows)

    def move(self, period: str, is_rolled_back: bool, to: int | None) -> Iterator[Fact]:
        """A period is rolled back or forward. Raises Refused."""
        month = self.months[period]
        move = month.rollback(to) if is_rolled_back else month.forward(to)
        if move is not None:
            values = (period, is_rolled_back, move.revisions, move.revision)
            yield Fact("revision_decision", lambda: values, lambda _: month.follow(move))


def _is_same(known: Extract, extract: Extract) -> bool:
    """The same bytes; those that correct rows are the same only where they correct the same extract."""
    fields = ("registry", "period", "variant", "fixes")
    if any(getattr(known, name) != getattr(extract, name) for name in fields):
        return False
    if known.corrects is None or extract.corrects is None:
        return known.corrects is extract.corrects
    return known.root is extract.root
