"""The catalogue of contradictions: entries of `include/contradictions`, one file per theme, and the SQL of each.

An entry has a SQL file of its own, `include/sql/contradictions/<id>.sql`, or names a family: a template of
`include/sql/contradictions/families` that its parameters fill. How a set is computed and published is not here.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from auyl import contracts
from auyl.descriptions import Description, read
from auyl.errors import ContractInvalid
from auyl.languages import Texts
from auyl.store import duck

# Parameters of families that an entry may leave out.
DEFAULTS = {
    "condition": "true", "persons": "1", "amount_kzt": "null", "quantity": "null", "okrug": "a.okrug_kato",
    "organisation": "organisation_key",
}  # fmt: skip
RELATION = re.compile(r"\b(?:stage|placed)_(\w+)", flags=re.ASCII)


class ContradictionSide(Description):
    """One of the two registries, and in words what it says."""

    registry: str
    says: Texts


class ContradictionType(Description):
    """A type of contradiction. `owner` is the registry whose owner has to act, one of the two sides.

    `also` are further registries that it reads; `affected` is the unit of that column, if the type has one; `source`
    names the rule that is broken, if there is one. `parameters` fill the template of `family`.
    """

    id: str
    names: Texts = Field(alias="name")
    left: ContradictionSide
    right: ContradictionSide
    owner: str
    also: tuple[str, ...] = ()
    severity: Literal["high", "medium", "low"]
    affected: Literal["heads", "hectares"] | None = None
    source: str | None = None
    family: str | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    _sql: str = PrivateAttr()

    @property
    def registries(self) -> tuple[str, ...]:
        """Registries without which it cannot be judged."""
        return tuple(dict.fromkeys((self.left.registry, self.right.registry, *self.also)))

    @property
    def sql(self) -> str:
        """The query that finds its contradictions, with the columns of `compute.COLUMNS`."""
        return self._sql

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> ContradictionType:
        context = info.context or {}
        if strange := sorted(set(self.registries) - set(context["registries"])):
            raise ValueError(f"expected registries with a contract, not {', '.join(strange)}")
        if self.owner not in (self.left.registry, self.right.registry):
            raise ValueError(f"expected one of the two sides as owner, not {self.owner}")
        self._sql = self._bind(context["folder"])
        if (read_by_sql := set(RELATION.findall(duck.without_comments(self._sql)))) != set(self.registries):
            raise ValueError(
                f"its SQL reads {', '.join(sorted(read_by_sql))}, it names {', '.join(sorted(self.registries))}"
            )
        return self

    def _bind(self, folder: Path) -> str:
        file = folder / "families" / f"{self.family}.sql" if self.family else folder / f"{self.id}.sql"
        if not file.is_file():
            raise ValueError(f"expected the file {file.relative_to(folder)}")
        template = duck.sql(file)
        names = set(Template(template).get_identifiers()) - {"registry"}
        if unknown := sorted(set(self.parameters) - names):
            raise ValueError(f"{file.name} has no parameters {', '.join(unknown)}")
        if unfilled := sorted(names - set(self.parameters) - set(DEFAULTS)):
            raise ValueError(f"{file.name} needs the parameters {', '.join(unfilled)}")
        return duck.bind(template, **(DEFAULTS | self.parameters), registry=self.right.registry)


class ContradictionTheme(Description):
    """A file of the catalogue. `position` orders the files."""

    theme: str
    position: int
    contradictions: tuple[ContradictionType, ...]


def load_theme(path: Path, context: dict[str, Any]) -> ContradictionTheme:
    """One file of the catalogue; `context` has `registries` with a contract and the `folder` of the SQL."""
    return read(path, ContradictionTheme, **context)


def load(include: Path) -> tuple[ContradictionType, ...]:
    """All types in order. Raises ContractInvalid, naming file and field, for a faulty entry or SQL without an entry."""
    folder = include / "sql" / "contradictions"
    context = {"registries": contracts.names(include), "folder": folder}
    files = sorted((include / "contradictions").glob("*.yaml"))
    themes = sorted((load_theme(file, context) for file in files), key=lambda theme: theme.position)
    types = tuple(entry for theme in themes for entry in theme.contradictions)
    ids = [entry.id for entry in types]
    if twice := sorted({entry for entry in ids if ids.count(entry) > 1}):
        raise ContractInvalid(f"contradictions: twice in the catalogue: {', '.join(twice)}")
    used = {folder / "families" / f"{t.family}.sql" if t.family else folder / f"{t.id}.sql" for t in types}
    if unused := sorted(path.stem for path in set(folder.rglob("*.sql")) - used):
        raise ContractInvalid(f"contradictions: SQL without an entry: {', '.join(unused)}")
    return types
