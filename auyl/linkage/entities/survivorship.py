"""Survivorship: which registry's value stands for an attribute, as `include/survivorship/<kind>.yaml` says.

One file a kind of entity; `docs/survivorship.md` says what may stand in it. What belongs here: reading the table and
saying what is wrong with it. What stays out: the choice itself (`entities`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auyl import contracts
from auyl.contracts import Contract
from auyl.errors import ContractInvalid
from auyl.store import duck

LANGUAGES = ("kk", "ru", "en")
TYPES = ("text", "date", "integer", "number", "boolean")
NUMBERS = ("integer", "number")
# The key of a row that may have been linked: the person of its valid number, or the one that linkage found.
LINKED = "known_person"
# Levels of personal data are the contracts' classifications. What is of the vault is no attribute.
LEVELS = ("internal", "restricted")
# Columns that every registry with a place has beside those of stage: what the resolver found.
PLACE_COLUMNS = ("settlement_kato", "okrug_kato", "district_kato")
PERIOD = "period"
SOURCE_KEYS = {
    "registry", "value", "where", "asOf", "validFrom", "prefer", "grouped", "freshnessMonths",
}  # fmt: skip
ATTRIBUTE_KEYS = {"id", "name", "type", "unit", "level", "tolerance", "sources"}
REGISTRY_KEYS = {"key", "where", "through"}
KIND_KEYS = {"entity", "name", "registries", "attributes"}
_WORD = re.compile(r"'(?:[^']|'')*'|([a-z_][a-z0-9_]*)")


@dataclass(frozen=True)
class Rows:
    """Which rows of a registry speak of an entity: SQL of its `key`, and a condition.

    `through` is a file of `include/sql/linkage` that adds columns to them.
    """

    registry: str
    key: str
    where: str | None
    through: str | None

    @property
    def relation(self) -> str:
        """Name of the relation that holds the rows."""
        return self.through or f"source_{self.registry}"


@dataclass(frozen=True)
class Source:
    """A registry's claim to an attribute, all SQL over its stage. The first of an attribute's sources ranks highest.

    `as_of` is the day for which the value was said (`period`: the last day of the extract's period), `valid_from` the
    day since when it holds. Of several rows of one entity the newest stands, then the first by `prefer`; with `grouped`
    the value is an aggregate over them.
    """

    rows: Rows
    value: str
    where: str | None
    as_of: str
    valid_from: str | None
    prefer: str | None
    grouped: bool
    freshness_months: int

    @property
    def registry(self) -> str:
        """The registry that says it."""
        return self.rows.registry

    @property
    def expressions(self) -> list[tuple[str, str]]:
        """What of it is SQL, by the name of its entry."""
        said = (("value", self.value), ("where", self.where), ("validFrom", self.valid_from), ("prefer", self.prefer))
        as_of = [] if self.as_of == PERIOD else [("asOf", self.as_of)]
        return [(name, text) for name, text in said if text is not None] + as_of


@dataclass(frozen=True)
class Attribute:
    """An attribute of an entity. Names are by language; `level` is the level of personal data.

    Values of a number that differ by no more than `tolerance`, in its unit, do not disagree.
    """

    id: str
    names: dict[str, str]
    type: str
    unit: str | None
    level: str
    sources: tuple[Source, ...]
    tolerance: float = 0.0

    @property
    def is_number(self) -> bool:
        """Can two of its values lie close together?"""
        return self.type in NUMBERS


@dataclass(frozen=True)
class Kind:
    """A kind of entity. `throughs` are the files of `include/sql/linkage` that it needs, each after those it reads."""

    id: str
    names: dict[str, str]
    attributes: tuple[Attribute, ...]
    throughs: tuple[str, ...]
    registries: tuple[str, ...]
    path: Path

    @property
    def links_rows(self) -> bool:
        """Do rows belong to it whose person was found without a number?"""
        return any(source.rows.key == LINKED for attribute in self.attributes for source in attribute.sources)

    def attribute(self, attribute_id: str) -> Attribute:
        """The attribute with this id. Raises KeyError naming those that there are."""
        for attribute in self.attributes:
            if attribute.id == attribute_id:
                return attribute
        known = ", ".join(attribute.id for attribute in self.attributes)
        raise KeyError(f"{self.id} has no attribute {attribute_id}; there are: {known}")


def kinds(include: Path) -> list[str]:
    """Kinds of entity that have a table, sorted."""
    return sorted(path.stem for path in (include / "survivorship").glob("*.yaml"))


def load_all(include: Path) -> list[Kind]:
    """All tables. Raises ContractInvalid as `load` does."""
    return [load(kind, include) for kind in kinds(include)]


def load(kind: str, include: Path) -> Kind:
    """The table of a kind. Raises ContractInvalid naming file, attribute, what is expected and what came."""
    path = include / "survivorship" / f"{kind}.yaml"
    if not path.is_file():
        raise ContractInvalid(f"no kind of entity «{kind}»; there are: {', '.join(kinds(include))}")
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ContractInvalid(f"{path.name}: {error}") from error
    return _Reader(path, include).kind(document)


class _Reader:
    """Reads one file; every fault names it."""

    def __init__(self, path: Path, include: Path) -> None:
        self.path, self.include = path, include
        self.linkage = include / "sql" / "linkage"

    def wrong(self, where: str, expected: str, found: object) -> ContractInvalid:
        at = f"{self.path.name}: {where}: " if where else f"{self.path.name}: "
        return ContractInvalid(f"{at}expected {expected}; found {found!r}")

    def keys(self, node: Any, where: str, known: set[str], needed: Iterable[str]) -> dict[str, Any]:
        """`node` when it is a mapping with these keys."""
        if not isinstance(node, dict):
            raise self.wrong(where, f"a mapping with {', '.join(sorted(known))}", node)
        for name in node:
            if name not in known:
                near = difflib.get_close_matches(str(name), sorted(known), n=1)
                raise self.wrong(where, f"«{near[0]}»" if near else f"one of {', '.join(sorted(known))}", name)
        for name in needed:
            if name not in node:
                raise self.wrong(where, f"an entry «{name}»", sorted(node))
        return node

    def texts(self, node: Any, where: str) -> dict[str, str]:
        # A comma in an unquoted YAML text cuts it and makes a key of the rest.
        if not isinstance(node, dict) or set(node) != set(LANGUAGES) or not all(node.values()):
            raise self.wrong(where, f"a name in each of {', '.join(LANGUAGES)}", node)
        return {language: str(node[language]) for language in LANGUAGES}

    def sql(self, node: Any, where: str) -> str:
        if not isinstance(node, str) or not node.strip():
            raise self.wrong(where, "a column or an SQL expression as text", node)
        return node

    def kind(self, document: Any) -> Kind:
        document = self.keys(document, "", KIND_KEYS, sorted(KIND_KEYS))
        if document["entity"] != self.path.stem:
            raise self.wrong("entity", f"the name of the file, {self.path.stem}", document["entity"])
        registries = document["registries"]
        if not isinstance(registries, dict) or not registries:
            raise self.wrong("registries", "a registry at least", registries)
        rows = {name: self.rows(name, node) for name, node in registries.items()}
        if not isinstance(document["attributes"], list) or not document["attributes"]:
            raise self.wrong("attributes", "a list of attributes", document["attributes"])
        attributes = tuple(self.attribute(node, rows, n) for n, node in enumerate(document["attributes"], start=1))
        ids = [attribute.id for attribute in attributes]
        for twice in sorted({name for name in ids if ids.count(name) > 1}):
            raise self.wrong(f"attribute {twice}", "an id that stands once", twice)
        used = {source.registry for attribute in attributes for source in attribute.sources}
        for unused in sorted(set(rows) - used):
            raise self.wrong(f"registry {unused}", "a source of some attribute to name it", "none")
        throughs, needed = self.throughs([r.through for r in rows.values() if r.through])
        for name in sorted(needed - set(rows)):
            self.contract(name, f"registry {name}")
        return Kind(
            self.path.stem, self.texts(document["name"], "name"), attributes, tuple(throughs),
            tuple(sorted(needed | set(rows))), self.path,
        )  # fmt: skip

    def contract(self, registry: str, where: str) -> Contract:
        known = contracts.names(self.include)
        if registry not in known:
            near = difflib.get_close_matches(str(registry), known, n=1)
            raise self.wrong(where, "a registry with a contract" + (f", {near[0]} for one" if near else ""), registry)
        contract = contracts.load(registry, self.include)
        if contract.is_delta:
            raise self.wrong(where, "a registry that sends the whole, not its changes", registry)
        return contract

    def rows(self, registry: str, node: Any) -> Rows:
        where = f"registry {registry}"
        self.contract(registry, where)
        node = self.keys(node, where, REGISTRY_KEYS, ("key",))
        through = node.get("through")
        if through is not None and not (self.linkage / f"{through}.sql").is_file():
            raise self.wrong(f"{where}, through", "a file of include/sql/linkage", through)
        condition = self.sql(node["where"], f"{where}, where") if "where" in node else None
        return Rows(registry, self.sql(node["key"], f"{where}, key"), condition, through)

    def attribute(self, node: Any, rows: dict[str, Rows], position: int) -> Attribute:
        found = node.get("id") if isinstance(node, dict) else None
        where = f"attribute {found}" if found else f"attribute {position}"
        node = self.keys(node, where, ATTRIBUTE_KEYS, ("id", "name", "type", "level", "sources"))
        if not isinstance(found, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", found):
            raise self.wrong(where, "an id of small Latin letters, digits and _", found)
        if node["type"] not in TYPES:
            raise self.wrong(f"{where}, type", f"one of {', '.join(TYPES)}", node["type"])
        if node["level"] not in LEVELS:
            raise self.wrong(
                f"{where}, level", f"one of {', '.join(LEVELS)}: the vault has no attributes", node["level"]
            )
        if not isinstance(node["sources"], list) or not node["sources"]:
            raise self.wrong(f"{where}, sources", "a list with a source at least", node["sources"])
        names = self.texts(node["name"], f"{where}, name")
        sources = tuple(self.source(s, rows, f"{where}, source {n}") for n, s in enumerate(node["sources"], start=1))
        for source in sources:
            self.refuse_secrets(source, node["level"], where)
        tolerance = node.get("tolerance", 0)
        if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or tolerance < 0:
            raise self.wrong(f"{where}, tolerance", "a number, 0 or more", tolerance)
        if tolerance and node["type"] not in NUMBERS:
            raise self.wrong(f"{where}, tolerance", f"it only with type {' or '.join(NUMBERS)}", node["type"])
        return Attribute(found, names, node["type"], node.get("unit"), node["level"], sources, float(tolerance))

    def source(self, node: Any, rows: dict[str, Rows], where: str) -> Source:
        node = self.keys(node, where, SOURCE_KEYS, ("registry", "value", "freshnessMonths"))
        if node["registry"] not in rows:
            raise self.wrong(where, f"one of the file's registries, {', '.join(sorted(rows))}", node["registry"])
        months = node["freshnessMonths"]
        if isinstance(months, bool) or not isinstance(months, int) or months < 0:
            raise self.wrong(f"{where}, freshnessMonths", "whole months, 0 or more", months)
        if not isinstance(node.get("grouped", False), bool):
            raise self.wrong(f"{where}, grouped", "true or false", node["grouped"])
        if node.get("grouped") and ("prefer" in node or "validFrom" in node):
            raise self.wrong(where, "neither prefer nor validFrom beside grouped", sorted(node))

        def text(name: str) -> str | None:
            return self.sql(node[name], f"{where}, {name}") if name in node else None

        return Source(
            rows[node["registry"]], self.sql(node["value"], f"{where}, value"), text("where"), text("asOf") or PERIOD,
            text("validFrom"), text("prefer"), bool(node.get("grouped", False)), months,
        )  # fmt: skip

    def refuse_secrets(self, source: Source, level: str, where: str) -> None:
        """An attribute shows no column of the vault, and is not less guarded than the columns it shows."""
        said = words(source.value)
        for column in contracts.load(source.registry, self.include).columns:
            if column.name not in said:
                continue
            if column.is_vault:
                raise self.wrong(
                    where, "columns of stage: what the contract classifies as vault stays there",
                    f"{source.registry}.{column.name}",
                )  # fmt: skip
            if column.classification == "restricted" and level != "restricted":
                at = f"{source.registry}.{column.name}"
                raise self.wrong(f"{where}, level", f"restricted, as the contract has {at}", level)

    def throughs(self, names: list[str]) -> tuple[list[str], set[str]]:
        """Files that `names` need, in the order in which they can be made, and the registries that they read."""
        files = {path.stem for path in self.linkage.glob("*.sql")}
        ordered: list[str] = []
        registries: set[str] = set()

        def visit(name: str) -> None:
            said = words(duck.sql(self.linkage / f"{name}.sql")) - {name}
            for other in sorted(said & files):
                visit(other)
            registries.update(word.removeprefix("source_") for word in said if word.startswith("source_"))
            if name not in ordered:
                ordered.append(name)

        for name in names:
            visit(name)
        return ordered, registries


def words(text: str) -> set[str]:
    """Words of an SQL expression outside quoted texts and comments."""
    bare = re.sub(r"--[^\n]*", "", text.lower())
    return {match.group(1) for match in _WORD.finditer(bare) if match.group(1)}
