"""The catalogue of indicators: one YAML file per theme, and a SQL file of the same name with its measures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from auyl.descriptions import Description, read, read_texts, read_yaml
from auyl.errors import ContractInvalid
from auyl.languages import Texts
from auyl.snapshot.core import read_core_tables

# A measure as lineage reads it: aggregate, filter, name, on one line of the theme's SQL.
MEASURE = re.compile(r"^\s+(?P<aggregate>.+?) filter \(where (?P<filter>.+)\) as (?P<name>\w+),?$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Measure:
    """A count or a sum by okrug over the core table `table`; `registries` are those of the table, the counted first."""

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


class Indicator(Description):
    """An indicator: `value` is a measure, or `scale` times it over `per`."""

    id: str
    names: Texts = Field(alias="name")
    definitions: Texts = Field(alias="definition")
    unit: Annotated[Unit, _named("units")]
    value: NamedMeasure
    per: NamedMeasure | None = None
    scale: float = 1
    decimals: int
    better: Literal["up", "down", "none"]
    body: Annotated[Texts, _named("bodies")]
    level: Literal["okrug", "district", "oblast", "republic"]
    may_exceed_100: bool = Field(False, alias="mayExceed100")

    @property
    def theme(self) -> str:
        """Id of its theme."""
        return self.value.theme

    @property
    def is_total(self) -> bool:
        """Is it a count or an amount, so that the oblast's is the sum over its okrugs?"""
        return self.per is None and self.value.is_additive

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


class GateLimits(Description):
    """What of a theme may change from one revision to the next without a person's decision.

    `lost_pct`: okrugs that lose their value, of all; `change_pct`: change of the sum, of the median where a value is no
    count; `floor`: change of a median that never counts, in the indicator's unit; `year_to_date`: amounts grow since
    January, and are compared per month.
    """

    lost_pct: float = Field(ge=0, le=100)
    change_pct: float = Field(gt=0)
    floor: float = Field(0, ge=0)
    year_to_date: bool = False


class Theme(Description):
    """A theme. `no_rows` says what an okrug without rows has, in a registry that arrived: zero, or a missing report.

    `partial_below_pct`: the coverage below which its shares, rates and medians are flagged as partial.
    """

    id: str = Field(alias="theme")
    position: int
    names: Texts = Field(alias="name")
    no_rows: Literal["zero", "missing"]
    partial_below_pct: float = Field(alias="partialBelowPct", ge=0, le=100)
    gate: GateLimits
    indicators: tuple[Indicator, ...]

    @property
    def measures(self) -> list[Measure]:
        """Measures that its indicators rest on."""
        return [measure for indicator in self.indicators for measure in indicator.measures]

    @model_validator(mode="after")
    def _ids_begin_with_the_theme(self) -> Theme:
        if wrong := [i.id for i in self.indicators if not i.id.startswith(f"{self.id}.") or i.theme != self.id]:
            raise ValueError(f"ids and values of its indicators begin with «{self.id}.»: {', '.join(wrong)}")
        return self


@dataclass(frozen=True)
class Catalogue:
    """Themes in order, the SQL and the measures of each by its id, and the core tables with their registries."""

    themes: tuple[Theme, ...]
    sql: dict[str, str]
    measures: dict[str, Measure]
    core: dict[str, tuple[str, ...]]

    @property
    def indicators(self) -> list[Indicator]:
        """All indicators, in order."""
        return [indicator for theme in self.themes for indicator in theme.indicators]

    @property
    def registries(self) -> list[str]:
        """All registries that the core tables are made of, sorted."""
        return sorted({registry for registries in self.core.values() for registry in registries})

    def indicator(self, indicator_id: str) -> Indicator:
        """The indicator with this id. Raises KeyError listing the ids."""
        for indicator in self.indicators:
            if indicator.id == indicator_id:
                return indicator
        raise KeyError(f"indicator: expected one of {', '.join(i.id for i in self.indicators)}; found {indicator_id!r}")


def load(include: Path) -> Catalogue:
    """Read the catalogue. Raises ContractInvalid with every file and field that is wrong, one a line."""
    catalogue, faults = _read(include)
    if faults:
        raise ContractInvalid("\n".join(faults))
    return catalogue


def faults(include: Path) -> list[str]:
    """What is wrong in the catalogue, one a line; empty where nothing is."""
    return _read(include)[1]


def _read(include: Path) -> tuple[Catalogue, list[str]]:
    folder = include / "indicators"
    found: list[str] = []

    @contextmanager
    def collected() -> Iterator[None]:
        try:
            yield
        except ContractInvalid as error:
            found.extend(str(error).splitlines())

    core, of_core = read_core_tables(include)
    found += of_core
    sql, measures = {}, {}
    files = sorted(folder.glob("[!_]*.yaml"))
    for path in files:
        with collected():
            sql[path.stem] = _sql(include / "sql" / "indicators" / f"{path.stem}.sql")
            measures.update({m.id: m for m in _measures(path.stem, sql[path.stem], core)})
    context: dict[str, Any] = {"measures": measures, "bodies": {}, "units": {}}
    for name in ("bodies", "units"):
        with collected():
            context[name] = read_yaml(folder / f"_{name}.yaml")
            context[name] = read_texts(folder / f"_{name}.yaml")
    context["units"] = {name: Unit(name, texts) for name, texts in context["units"].items()}
    themes = []
    for path in files:
        with collected():
            themes.append(read(path, Theme, theme=path.stem, **context))
    found += _clashes(themes)
    return Catalogue(tuple(sorted(themes, key=lambda theme: theme.position)), sql, measures, core), found


def _clashes(themes: list[Theme]) -> list[str]:
    """Ids and positions that themes have in common, and themes in a file of another name."""
    ids = [indicator.id for theme in themes for indicator in theme.indicators]
    places = [theme.position for theme in themes]
    return [
        f"{theme.id}.yaml: {words}"
        for theme in themes
        for words in (
            *(
                f"indicator «{id_}»: twice in the catalogue"
                for id_ in {i.id for i in theme.indicators}
                if ids.count(id_) > 1
            ),
            *([f"position {theme.position}: another theme has it"] if places.count(theme.position) > 1 else []),
        )
    ]


def _sql(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip().rstrip(";")
    except FileNotFoundError as error:
        raise ContractInvalid(f"{path.stem}.yaml: expected its measures in sql/indicators/{path.name}") from error


def _measures(theme: str, text: str, core: dict[str, tuple[str, ...]]) -> list[Measure]:
    table = re.search(r"^from (\w+)$", text, flags=re.MULTILINE)
    if not table or table[1] not in core:
        raise ContractInvalid(f"{theme}.sql: expected «from <core table>» on a line by itself")
    measures = [
        Measure(theme, m["name"], table[1], core[table[1]], m["aggregate"], m["filter"]) for m in MEASURE.finditer(text)
    ]
    aggregates = text.count(" filter (where ")
    if not measures or len(measures) != aggregates:
        raise ContractInvalid(f"{theme}.sql: expected each measure on a line by itself; found {aggregates} filters on "
                              f"{len(measures)} such lines")  # fmt: skip
    return measures
