"""The catalogue of indicators: one YAML file per theme, and a SQL file of the same name with its measures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from auyl.descriptions import Description, read, read_texts, read_yaml
from auyl.errors import ContractInvalid
from auyl.languages import Texts
from auyl.snapshot.core import read_core_tables
from auyl.snapshot.indicator import Indicator, Measure, Unit

# A measure as lineage reads it: aggregate, filter, name, on one line of the theme's SQL.
MEASURE = re.compile(r"^\s+(?P<aggregate>.+?) filter \(where (?P<filter>.+)\) as (?P<name>\w+),?$", flags=re.MULTILINE)


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

    `is_reported_by_okrug`: its registry is a report that each okrug makes, and nobody makes for a town; then a quotient
    of a district is that of its okrugs that made it.
    `partial_below_pct`: the coverage below which its shares, rates and medians are flagged as partial.
    """

    id: str = Field(alias="theme")
    position: int
    names: Texts = Field(alias="name")
    no_rows: Literal["zero", "missing"]
    is_reported_by_okrug: bool = Field(False, alias="reportedByOkrug")
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
