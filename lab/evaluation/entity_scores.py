"""Scores of entities from dirty extracts, and the limits that they must keep. `lab.evaluation.entities` counts them."""

from __future__ import annotations

from dataclasses import dataclass

from auyl.errors import AuylError

# Limits, set before the oblast of the reported seed was evaluated. A kind that one registry names may lose twice as
# many entities as intake must quarantine rows; a kind that several registries name, or that has a dictionary, loses
# hardly any. A key invented by dirt is worse than a lost one; only households have keys pieced together from two
# registries.
LEAST_F1 = {
    "animal": 0.988, "facility": 0.99, "herd": 0.97, "household": 0.97, "organisation": 0.985, "parcel": 0.97,
    "person": 0.998, "place": 0.998,
}  # fmt: skip
LEAST_PRECISION = {
    "animal": 0.999, "facility": 0.995, "herd": 0.97, "household": 0.97, "organisation": 0.999, "parcel": 0.999,
    "person": 0.999, "place": 0.999,
}  # fmt: skip
# Two rows join only if both passed intake.
LEAST_JOINED_F1 = 0.95
# One in ten addresses has no code, which is one attribute of seven; a wrong value is worse than a missing one.
LEAST_RIGHT_PCT, MOST_WRONG_PCT = 95.0, 1.0
# A person attached to the wrong clinic is one too many there and one too few here.
MOST_DIFFERENT_PCT = 5.0
# Dirt that intake corrects must leave no trace.
LEAST_CORRECTED_WHOLE_PCT = 99.5
# With fewer than these, chance decides. A sum has many rows behind it.
LEAST_COUNTED, LEAST_SUMS = 300, 100


class NothingToCompare(AuylError):
    """The period has no ground truth, or no current batches."""


@dataclass(frozen=True)
class Agreement:
    """Counts of keys or pairs: `true` in the clean oblast, `built` in the dirty one, `right` in both.

    `joined` is empty for the entities of a kind. Otherwise it is what joins them: a registry whose rows belong to them,
    or an attribute that names another entity.
    """

    kind: str
    joined: str
    true: int
    built: int
    right: int

    @property
    def precision(self) -> float:
        """Share of what was built that is right."""
        return self.right / self.built if self.built else 0.0

    @property
    def recall(self) -> float:
        """Share of what is true that was built."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (self.built + self.true) if self.built + self.true else 0.0


@dataclass(frozen=True)
class AttributeValues:
    """An attribute: `true` values of the clean oblast; how many are right, wrong or missing in the dirty one.

    With an empty `attribute`: all attributes of the kind, except sums over rows (`is_sum`), which change when one row
    of a thousand is lost. `added` are values that only the dirty oblast has. `difference_pct`, for numbers: the sum of
    differences over the sum of the clean values, where both have one.
    """

    kind: str
    attribute: str
    is_sum: bool
    true: int
    right: int
    wrong: int
    missing: int
    added: int
    difference_pct: float | None

    @property
    def right_pct(self) -> float:
        """Share of the clean values that the dirty oblast has too."""
        return 100 * self.right / self.true if self.true else 0.0

    @property
    def wrong_pct(self) -> float:
        """Share of the clean values that have another value in the dirty oblast."""
        return 100 * self.wrong / self.true if self.true else 0.0


@dataclass(frozen=True)
class NoiseOutcome:
    """Entities with a row that has one kind of dirt; `alone` are those without any other, to which the rest applies.

    `found` are in the dirty oblast, `whole` with every attribute unchanged, sums over rows left out. `outcome` is what
    intake must do with such a row.
    """

    kind: str
    noise: str
    outcome: str
    entities: int
    alone: int
    found: int
    whole: int
    attributes: int
    right_attributes: int


@dataclass(frozen=True)
class SpoiledRows:
    """SpoiledRows and added rows of a registry; `placed` are those whose clean row belongs to an entity."""

    registry: str
    rows: int
    placed: int


@dataclass(frozen=True)
class GroundTruthMatch:
    """An attribute in the ground truth about people: how many values are right and wrong in each oblast."""

    kind: str
    attribute: str
    true: int
    clean_right: int
    clean_wrong: int
    dirty_right: int
    dirty_wrong: int


@dataclass(frozen=True)
class EntityEvaluation:
    """All comparisons. `joins` leaves out rows that contain the entity's key themselves."""

    entities: tuple[Agreement, ...]
    joins: tuple[Agreement, ...]
    values: tuple[AttributeValues, ...]
    noises: tuple[NoiseOutcome, ...]
    ground_truth_matches: tuple[GroundTruthMatch, ...]
    spoiled: tuple[SpoiledRows, ...] = ()

    @property
    def missed(self) -> list[str]:
        """The limits that are missed, each in words."""
        found = []
        for one in self.entities:
            found += _below(one, "precision", one.precision, LEAST_PRECISION.get(one.kind), one.built)
            found += _below(one, "F1", one.f1, LEAST_F1.get(one.kind), one.true)
        for one in self.joins:
            found += _below(one, "F1", one.f1, LEAST_JOINED_F1, one.true)
        for values in self.values:
            at = f"{values.kind} {values.attribute}".strip()
            if values.true < (LEAST_SUMS if values.is_sum else LEAST_COUNTED):
                continue
            if not values.attribute and values.right_pct < LEAST_RIGHT_PCT:
                found.append(f"{at}: {values.right_pct:.2f} % of the values are right, below {LEAST_RIGHT_PCT:g}")
            if not values.attribute and values.wrong_pct > MOST_WRONG_PCT:
                found.append(f"{at}: {values.wrong_pct:.2f} % of the values are wrong, above {MOST_WRONG_PCT:g}")
            if values.is_sum and (values.difference_pct or 0) > MOST_DIFFERENT_PCT:
                found.append(f"{at}: the sums are {values.difference_pct:.2f} % off, above {MOST_DIFFERENT_PCT:g}")
        for outcome in ("corrected", "duplicate"):
            owed = [noise for noise in self.noises if noise.outcome == outcome]
            bearing, whole = sum(noise.alone for noise in owed), sum(noise.whole for noise in owed)
            if bearing and 100 * whole / bearing < LEAST_CORRECTED_WHOLE_PCT:
                share = f"{100 * whole / bearing:.2f} % of the entities with such a row are whole"
                found.append(f"dirt that is {outcome}: {share}, below {LEAST_CORRECTED_WHOLE_PCT:g}")
        for match in self.ground_truth_matches:
            if match.clean_right < match.true:
                at = f"{match.kind} {match.attribute}"
                wrong = match.true - match.clean_right
                found.append(f"{at}: {wrong} of {match.true} differ from the ground truth even without dirt")
        return found

    def only(self, kind: str) -> EntityEvaluation:
        """The comparisons of one kind of entity."""
        return EntityEvaluation(
            tuple(one for one in self.entities if one.kind == kind),
            tuple(one for one in self.joins if one.kind == kind),
            tuple(one for one in self.values if one.kind == kind),
            tuple(one for one in self.noises if one.kind == kind),
            tuple(one for one in self.ground_truth_matches if one.kind == kind),
        )


def _below(one: Agreement, name: str, value: float, least: float | None, counted: int) -> list[str]:
    if least is None or counted < LEAST_COUNTED or value >= least:
        return []
    return [f"{one.kind} {one.joined}".strip() + f": {name} is {value:.5f}, below {least}"]
