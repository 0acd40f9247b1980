"""An indicator of the catalogue and the measures that it is made of: its kind, its window, the needs it serves."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from auyl.descriptions import Description
from auyl.languages import Texts

# What a number is, statistically: how it adds up over places, whether chance is part of it, what it can be at most.
Kind = Literal["count", "sum", "mean", "median", "proportion", "rate", "ratio"]
Window = Literal["month", "stock", "months_12", "year_to_date", "quarter", "half_year", "since_start"]
# The needs of the mission that an indicator can serve; the others are look-ups and histories.
FIRST_NEED, LAST_NEED = 1, 21
OF_TWO_MEASURES = ("mean", "proportion", "rate", "ratio")
MEDIAN = re.compile(r"quantile_cont\((\w+), 0\.5\)")
# Below these a number is too small to tell, unless the indicator says otherwise: NCHS standards for proportions
# (Series 2, No. 175) and rates.
MINIMUMS: dict[str, dict[str, int]] = {"proportion": {"denominator": 30}, "rate": {"events": 10}}


@dataclass(frozen=True)
class Measure:
    """A count or a sum by place over the core table `table`; `registries` are those of the table, the counted first."""

    theme: str
    name: str
    table: str
    registries: tuple[str, ...]
    aggregate: str
    condition: str

    @property
    def id(self) -> str:
        """The name by which indicators refer to it."""
        return f"{self.theme}.{self.name}"

    @property
    def is_additive(self) -> bool:
        """Do the places of a district add up to it? A row is in one place, a person may have rows in several."""
        return self.aggregate.startswith(("count(*", "sum("))

    @property
    def median_of(self) -> str | None:
        """The column whose median it is; its interval is counted off among the sorted values."""
        median = MEDIAN.fullmatch(self.aggregate)
        return median[1] if median else None

    @property
    def is_zero_without_rows(self) -> bool:
        """Whether no rows mean zero. The median of no rows is unknown."""
        return self.aggregate.startswith(("count(", "sum("))


class Unit(NamedTuple):
    """A unit of `_units.yaml`."""

    id: str
    names: Texts


def _named(kind: str) -> BeforeValidator:
    """A field that names an entry of `kind` in the validation context."""

    def look_up(name: Any, info: ValidationInfo) -> Any:
        known = (info.context or {})[kind]
        if name not in known:
            near = ", ".join(get_close_matches(str(name), known, n=3, cutoff=0))
            raise ValueError(f"expected one of the {kind}, such as {near}")
        return known[name]

    return BeforeValidator(look_up)


def _of_theme(name: Any, info: ValidationInfo) -> Any:
    """Measures of the same theme are named without it."""
    return name if "." in str(name) else f"{(info.context or {})['theme']}.{name}"


NamedMeasure = Annotated[Measure, _named("measures"), BeforeValidator(_of_theme)]


class Minimum(Description):
    """The fewest cases that an indicator can be read from: `events` in its numerator, `denominator` below the line."""

    events: int = Field(0, ge=0)
    denominator: int = Field(0, ge=0)


class Indicator(Description):
    """An indicator: `value` is a measure, or `scale` times it over `per`.

    `grain`: the smallest place that it is published for. `power`: what the akim can do about it alone, with others, or
    not at all. `disclosure`: open; small, hidden where few are counted; dominated, also where one contributes most;
    sensitive, of persons' circumstances; official, never public. `bounds`: what a value can be, by `kind` unless given.
    """

    id: str
    names: Texts = Field(alias="name")
    definitions: Texts = Field(alias="definition")
    kind: Kind
    window: Window
    unit: Annotated[Unit, _named("units")]
    value: NamedMeasure
    per: NamedMeasure | None = None
    scale: float = 1
    decimals: int
    better: Literal["up", "down", "none"]
    body: Annotated[Texts, _named("bodies")]
    level: Literal["okrug", "district", "oblast", "republic"]
    power: Literal["own", "shared", "none"]
    disclosure: Literal["open", "small", "dominated", "sensitive", "official"] = Field(alias="class")
    grain: Literal["settlement", "okrug"] = "okrug"
    compare: Literal["peers", "none"] = "peers"
    needs: tuple[Annotated[int, Field(ge=FIRST_NEED, le=LAST_NEED)], ...] = Field(min_length=1)
    minimum: Minimum = Minimum(events=0, denominator=0)
    bounds: tuple[float | None, float | None] = (None, None)

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_kind(cls, entry: Any) -> Any:
        if not isinstance(entry, dict):
            return entry
        kind = entry.get("kind")
        # A share of a whole is within it; what is paid may exceed the plan, and nothing that is counted is below zero.
        bounds = (0, entry.get("scale", 1) if kind == "proportion" else None)
        return {"minimum": MINIMUMS.get(str(kind), {}), "bounds": bounds} | entry

    @model_validator(mode="after")
    def _kind_fits(self) -> Indicator:
        if (self.kind in OF_TWO_MEASURES) != (self.per is not None):
            what = "a measure below the line (per)" if self.kind in OF_TWO_MEASURES else "no measure below the line"
            raise ValueError(f"kind {self.kind}: expected {what}")
        expected = {"count": "count(", "sum": "sum(", "median": "quantile_cont(", "proportion": "count("}
        for measure in self.measures:
            if not measure.aggregate.startswith(expected.get(self.kind, "")):
                raise ValueError(
                    f"kind {self.kind}: expected measures of {expected[self.kind]}…); "
                    f"{measure.id} is {measure.aggregate}"
                )
        if self.disclosure == "sensitive" and self.grain == "settlement":
            raise ValueError("class sensitive: expected no grain below the okrug")
        return self

    @property
    def theme(self) -> str:
        """Id of its theme."""
        return self.value.theme

    @property
    def is_total(self) -> bool:
        """Is it a count or an amount, so that the oblast's is the sum over its okrugs?"""
        return self.per is None and self.value.is_zero_without_rows

    @property
    def measures(self) -> list[Measure]:
        """Numerator and, if there is one, denominator."""
        return [self.value, self.per] if self.per else [self.value]

    @property
    def registries(self) -> list[str]:
        """Registries that its number rests on, the main one first."""
        return list(dict.fromkeys(registry for measure in self.measures for registry in measure.registries))


def described(indicator: Indicator) -> dict[str, Any]:
    """How an indicator is computed: formula, registries, and its measures with their fields and id."""
    formula = indicator.value.id + (f" × {indicator.scale:g}" if indicator.scale != 1 else "")
    formula += f" / {indicator.per.id}" if indicator.per else ""
    measures = [asdict(measure) | {"registries": list(measure.registries)} for measure in indicator.measures]
    return {"formula": formula, "registries": indicator.registries, "measures": measures}
