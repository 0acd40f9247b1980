"""The catalogue of indicators: one YAML a theme, beside one SQL file of the same name that makes its measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auyl.errors import ContractInvalid

LANGUAGES = ("kk", "ru", "en")
# A measure as lineage reads it: aggregate, filter, name, on one line of the theme's SQL.
MEASURE = re.compile(r"^\s+(?P<aggregate>.+?) filter \(where (?P<filter>.+)\) as (?P<name>\w+),?$", flags=re.MULTILINE)

# Which registries a core table is made of, the first being the one whose rows are counted.
REGISTRIES_OF = {
    "person": ("population",),
    "assistance": ("social_assistance", "population"),
    "jobseeker": ("employment", "population"),
    "animal": ("livestock",),
    "ambulance_call": ("ambulance",),
    "budget_line": ("budget_okrug",),
}


@dataclass(frozen=True)
class Measure:
    """A count or a sum by okrug. `table` is the core table it is taken from."""

    theme: str
    name: str
    table: str
    aggregate: str
    condition: str

    @property
    def id(self) -> str:
        """The name by which indicators call it."""
        return f"{self.theme}.{self.name}"

    @property
    def is_additive(self) -> bool:
        """Does no row mean nought? A median of nothing is not nought."""
        return self.aggregate.startswith(("count(", "sum("))


@dataclass(frozen=True)
class Indicator:
    """An indicator: `value` is a measure, or `scale` times it over `per`. Texts are by language."""

    id: str
    theme: str
    position: int
    names: dict[str, str]
    definitions: dict[str, str]
    unit: str
    units: dict[str, str]
    value: Measure
    per: Measure | None
    scale: float
    decimals: int
    better: str
    body: dict[str, str]
    level: str
    may_exceed_100: bool = False

    @property
    def registries(self) -> list[str]:
        """Registries that its number rests on, the main one first."""
        tables = [self.value.table] + ([self.per.table] if self.per else [])
        return list(dict.fromkeys(r for table in tables for r in REGISTRIES_OF[table]))


@dataclass(frozen=True)
class Theme:
    """A theme with its indicators and the SQL of its measures.

    `no_rows_is_zero` says what an okrug without any row in a registry that came means: none of it, or no report.
    """

    id: str
    position: int
    names: dict[str, str]
    sql: str
    indicators: tuple[Indicator, ...]
    no_rows_is_zero: bool


@dataclass(frozen=True)
class Catalogue:
    """All themes, in order."""

    themes: tuple[Theme, ...]
    measures: dict[str, Measure]

    @property
    def indicators(self) -> list[Indicator]:
        """All indicators, in order."""
        return [indicator for theme in self.themes for indicator in theme.indicators]

    @property
    def registries(self) -> list[str]:
        """All registries that some indicator rests on, sorted."""
        return sorted({registry for indicator in self.indicators for registry in indicator.registries})

    def indicator(self, indicator_id: str) -> Indicator:
        """The indicator with this id. Raises KeyError naming those that there are."""
        for indicator in self.indicators:
            if indicator.id == indicator_id:
                return indicator
        raise KeyError(f"no indicator {indicator_id}; there are: {', '.join(i.id for i in self.indicators)}")


def load(include: Path) -> Catalogue:
    """Read the catalogue. Raises ContractInvalid when an entry names no measure, or a text is missing."""
    folder = include / "indicators"
    bodies, units = (_yaml(folder / f"_{name}.yaml") for name in ("bodies", "units"))
    documents = [_yaml(path) for path in sorted(folder.glob("[!_]*.yaml"))]
    documents.sort(key=lambda document: int(document["position"]))
    texts = {d["theme"]: (include / "sql" / "indicators" / f"{d['theme']}.sql").read_text("utf-8") for d in documents}
    measures = {m.id: m for theme, text in texts.items() for m in _measures(theme, text)}
    themes = []
    for document in documents:
        theme = document["theme"]
        try:
            indicators = tuple(
                _indicator(entry, theme, position, measures, bodies, units)
                for position, entry in enumerate(document["indicators"], start=1)
            )
        except KeyError as error:
            raise ContractInvalid(f"{theme}.yaml: nothing is called {error}") from error
        text = texts[theme].rstrip().rstrip(";")
        themes.append(
            Theme(
                theme,
                int(document["position"]),
                _texts(document["name"]),
                text,
                indicators,
                document["noRows"] == "zero",
            )
        )
    return Catalogue(tuple(themes), measures)


def _yaml(path: Path) -> dict[str, Any]:
    # A DAG file reads all of them at every parse; see `contracts`.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return document


def _texts(node: dict[str, str]) -> dict[str, str]:
    # A comma in an unquoted YAML text cuts it and makes a key of the rest.
    if set(node) != set(LANGUAGES):
        raise ContractInvalid(f"a text in {', '.join(LANGUAGES)}, not {node}")
    return {language: str(node[language]) for language in LANGUAGES}


def _measures(theme: str, text: str) -> list[Measure]:
    table = re.search(r"^from (\w+)$", text, flags=re.MULTILINE)
    if not table or table.group(1) not in REGISTRIES_OF:
        raise ContractInvalid(f"{theme}.sql: it reads «from <core table>» on a line of its own")
    found = [Measure(theme, m["name"], table.group(1), m["aggregate"], m["filter"]) for m in MEASURE.finditer(text)]
    aggregates = text.count(" filter (where ")
    if not found or len(found) != aggregates:
        raise ContractInvalid(f"{theme}.sql: {aggregates} measures, {len(found)} of them on a line of their own")
    return found


def _indicator(
    entry: dict[str, Any],
    theme: str,
    position: int,
    measures: dict[str, Measure],
    bodies: dict[str, Any],
    units: dict[str, Any],
) -> Indicator:
    def measure(name: str) -> Measure:
        return measures[name if "." in name else f"{theme}.{name}"]

    return Indicator(
        id=entry["id"],
        theme=theme,
        position=position,
        names=_texts(entry["name"]),
        definitions=_texts(entry["definition"]),
        unit=entry["unit"],
        units=_texts(units[entry["unit"]]),
        value=measure(entry["value"]),
        per=measure(entry["per"]) if "per" in entry else None,
        scale=float(entry.get("scale", 1)),
        decimals=int(entry["decimals"]),
        better=entry["better"],
        body=_texts(bodies[entry["body"]]),
        level=entry["level"],
        may_exceed_100=bool(entry.get("mayExceed100", False)),
    )
