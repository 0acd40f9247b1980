"""Survivorship: which registry's value stands for an attribute, as `include/survivorship/<kind>.yaml` says.

One file per kind of entity; `docs/survivorship.md` describes its entries. The choice itself is `build`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from auyl import contracts
from auyl.descriptions import Description, read
from auyl.errors import ContractInvalid
from auyl.languages import Texts
from auyl.store import duck

NUMBERS = ("integer", "number")
# The key of a row that may have been linked: the person of its valid number, or the one that linkage chose.
LINKED = "known_person"
# Columns that every registry with a place has besides those of stage: what the resolver added.
PLACE_COLUMNS = ("settlement_kato", "okrug_kato", "district_kato")
PERIOD = "period"
_WORD = re.compile(r"'(?:[^']|'')*'|([a-z_][a-z0-9_]*)")


def _check_sql(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a column or an SQL expression")
    return text


Sql = Annotated[str, AfterValidator(_check_sql)]


class EntityRows(Description):
    """Which rows of a registry belong to an entity: SQL of its `key`, and a condition.

    `through` is a file of `include/sql/linkage` that adds columns to them.
    """

    registry: str
    key: Sql
    where: Sql | None = None
    through: str | None = None

    @property
    def relation(self) -> str:
        """Name of the relation that holds the rows."""
        return self.through or f"source_{self.registry}"

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> EntityRows:
        include = _include(info)
        _check_registry(include, self.registry)
        if self.through is not None and not (include / "sql" / "linkage" / f"{self.through}.sql").is_file():
            raise ValueError(f"expected in through a file of include/sql/linkage, not {self.through}")
        return self


class AttributeSource(Description):
    """A registry's claim to an attribute, as SQL over its stage. The first of an attribute's sources ranks highest.

    `as_of` is the day for which the value is stated (`period`: the last day of the extract's period), `valid_from` the
    day since when it holds. Of several rows of one entity the newest wins, then the first by `prefer`; with `grouped`
    the value is an aggregate over them.
    """

    registry: str
    value: Sql
    where: Sql | None = None
    as_of: Sql = PERIOD
    valid_from: Sql | None = None
    prefer: Sql | None = None
    grouped: Annotated[bool, Field(strict=True)] = False
    freshness_months: Annotated[int, Field(strict=True, ge=0)]
    _rows: EntityRows = PrivateAttr()

    @property
    def rows(self) -> EntityRows:
        """The rows of its registry."""
        return self._rows

    @property
    def expressions(self) -> list[tuple[str, str]]:
        """Its SQL, by the name of the entry."""
        entries = (
            ("value", self.value),
            ("where", self.where),
            ("validFrom", self.valid_from),
            ("prefer", self.prefer),
        )
        as_of = [] if self.as_of == PERIOD else [("asOf", self.as_of)]
        return [(name, text) for name, text in entries if text is not None] + as_of

    @model_validator(mode="after")
    def _check(self) -> AttributeSource:
        if self.grouped and (self.prefer or self.valid_from):
            raise ValueError("expected neither prefer nor validFrom beside grouped")
        return self


class EntityAttribute(Description):
    """An attribute of an entity. `level` is the level of personal data: what belongs to the vault is no attribute.

    Values of a number that differ by no more than `tolerance`, in its unit, do not disagree.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    names: Texts = Field(alias="name")
    type: Literal["text", "date", "integer", "number", "boolean"]
    unit: str | None = None
    level: Literal["internal", "restricted"]
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    sources: Annotated[tuple[AttributeSource, ...], Field(min_length=1)]

    @property
    def is_number(self) -> bool:
        """Can two of its values lie close together?"""
        return self.type in NUMBERS

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> EntityAttribute:
        if self.tolerance and not self.is_number:
            raise ValueError(f"expected a tolerance only with type {' or '.join(NUMBERS)}, not {self.type}")
        for source in self.sources:
            _check_registry(_include(info), source.registry)
            self._refuse_secrets(source, _include(info))
        return self

    def _refuse_secrets(self, source: AttributeSource, include: Path) -> None:
        """An attribute shows no column of the vault, and is not less guarded than the columns it shows."""
        names = words(source.value)
        for column in contracts.load(source.registry, include).columns:
            at = f"{source.registry}.{column.name}"
            if column.name in names and column.is_hidden:
                kind = column.classification
                raise ValueError(f"expected columns of stage, not {at}, which the contract classifies as {kind}")
            if column.name in names and column.classification == "restricted" and self.level != "restricted":
                raise ValueError(f"expected level restricted, as the contract has {at}, not {self.level}")


def _name_rows(registries: Any) -> Any:
    """The rows of each registry, with its name."""
    if not isinstance(registries, dict):
        return registries
    return {name: {"registry": name, **rows} if isinstance(rows, dict) else rows for name, rows in registries.items()}


class EntityKind(Description):
    """A kind of entity. `rows` are those of each registry that its sources name."""

    id: str = Field(alias="entity")
    names: Texts = Field(alias="name")
    rows: Annotated[dict[str, EntityRows], BeforeValidator(_name_rows), Field(alias="registries", min_length=1)]
    attributes: Annotated[tuple[EntityAttribute, ...], Field(min_length=1)]
    _path: Path = PrivateAttr()
    _throughs: tuple[str, ...] = PrivateAttr()
    _registries: tuple[str, ...] = PrivateAttr()

    @property
    def path(self) -> Path:
        """Its file."""
        return self._path

    @property
    def throughs(self) -> tuple[str, ...]:
        """The files of `include/sql/linkage` that it needs, each after those it reads."""
        return self._throughs

    @property
    def registries(self) -> tuple[str, ...]:
        """The registries of its rows and those that its `throughs` read, sorted."""
        return self._registries

    @property
    def links_rows(self) -> bool:
        """Do linked rows, which lack a valid person number, belong to it?"""
        return any(source.rows.key == LINKED for attribute in self.attributes for source in attribute.sources)

    def attribute(self, attribute_id: str) -> EntityAttribute:
        """The attribute with this id. Raises KeyError naming those that there are."""
        for attribute in self.attributes:
            if attribute.id == attribute_id:
                return attribute
        known = ", ".join(attribute.id for attribute in self.attributes)
        raise KeyError(f"{self.id} has no attribute {attribute_id}; there are: {known}")

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> EntityKind:
        include, self._path = _include(info), (info.context or {})["file"]
        if self.id != self._path.stem:
            raise ValueError(f"expected the name of the file as entity, {self._path.stem}, not {self.id}")
        counts = Counter(attribute.id for attribute in self.attributes)
        if twice := sorted(name for name, count in counts.items() if count > 1):
            raise ValueError(f"expected each attribute once, not {', '.join(twice)} again")
        for attribute in self.attributes:
            for source in attribute.sources:
                if source.registry not in self.rows:
                    raise ValueError(f"attribute {attribute.id}: registries has no {source.registry}")
                source._rows = self.rows[source.registry]
        if unused := sorted(set(self.rows) - {s.registry for a in self.attributes for s in a.sources}):
            raise ValueError(f"expected a source for each of registries, none names {', '.join(unused)}")
        needed = [rows.through for rows in self.rows.values() if rows.through]
        self._throughs, read_by_sql = _order_throughs(include / "sql" / "linkage", needed)
        for registry in sorted(read_by_sql):
            _check_registry(include, registry)
        self._registries = tuple(sorted(read_by_sql | set(self.rows)))
        return self


def kinds(include: Path) -> list[str]:
    """Kinds of entity that have a table, sorted."""
    return sorted(path.stem for path in (include / "survivorship").glob("*.yaml"))


def load_all(include: Path) -> list[EntityKind]:
    """All tables. Raises ContractInvalid as `load` does."""
    return [load(kind, include) for kind in kinds(include)]


def load(kind: str, include: Path) -> EntityKind:
    """The table of a kind. Raises ContractInvalid naming file, field, what is expected and what stands there."""
    path = include / "survivorship" / f"{kind}.yaml"
    if not path.is_file():
        raise ContractInvalid(f"no kind of entity «{kind}»; there are: {', '.join(kinds(include))}")
    return read(path, EntityKind, include=include, file=path)


def words(text: str) -> set[str]:
    """Words of an SQL expression outside quoted texts and comments."""
    return {match.group(1) for match in _WORD.finditer(duck.without_comments(text.lower())) if match.group(1)}


def _include(info: ValidationInfo) -> Path:
    folder: Path = (info.context or {})["include"]
    return folder


def _check_registry(include: Path, registry: str) -> None:
    known = contracts.names(include)
    if registry not in known:
        near = get_close_matches(registry, known, n=1)
        raise ValueError(f"expected a registry with a contract{f', such as {near[0]}' if near else ''}, not {registry}")
    if contracts.load(registry, include).is_delta:
        raise ValueError(f"expected a registry that sends complete extracts, {registry} sends changes")


def _order_throughs(folder: Path, names: list[str]) -> tuple[tuple[str, ...], set[str]]:
    """Files that `names` need, each after those it reads, and the registries that they read."""
    files = {path.stem for path in folder.glob("*.sql")}
    ordered: list[str] = []
    registries: set[str] = set()

    def visit(name: str) -> None:
        relations = words(duck.sql(folder / f"{name}.sql")) - {name}
        for other in sorted(relations & files):
            visit(other)
        registries.update(word.removeprefix("source_") for word in relations if word.startswith("source_"))
        if name not in ordered:
            ordered.append(name)

    for name in names:
        visit(name)
    return tuple(ordered), registries
