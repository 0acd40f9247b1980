"""The catalogue of contradictions: entries of `include/contradictions`, each with a SQL file of the same id.

What belongs here: what an entry may say. What stays out: how a contradiction is found (its SQL) and kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auyl import contracts
from auyl.errors import ContractInvalid

LANGUAGES = ("kk", "ru", "en")
SEVERITIES = ("high", "medium", "low")
UNITS = ("heads", "hectares")
KEYS = {"id", "name", "left", "right", "owner", "also", "severity", "affected", "source"}
RELATION = re.compile(r"\b(?:stage|placed)_(\w+)", flags=re.ASCII)


@dataclass(frozen=True)
class Side:
    """What one registry says. `says` is by language."""

    registry: str
    says: dict[str, str]


@dataclass(frozen=True)
class Type:
    """A type of contradiction. `owner` is the registry whose owner has to act, one of the two sides.

    `also` are registries that it rests on besides; `affected` is the unit of that column, where a type has one;
    `source` names the rule that is broken, where there is one.
    """

    id: str
    theme: str
    position: int
    names: dict[str, str]
    left: Side
    right: Side
    owner: str
    also: tuple[str, ...]
    severity: str
    affected: str | None
    source: str | None
    sql: str

    @property
    def registries(self) -> tuple[str, ...]:
        """Registries without which it cannot be judged."""
        return tuple(dict.fromkeys((self.left.registry, self.right.registry, *self.also)))


def load(include: Path) -> tuple[Type, ...]:
    """All types in order. Raises ContractInvalid, naming file and entry, when one is not usable or has no SQL file."""
    folder = include / "contradictions"
    documents = [(path, _yaml(path)) for path in sorted(folder.glob("*.yaml"))]
    documents.sort(key=lambda document: int(document[1]["position"]))
    types: list[Type] = []
    for path, document in documents:
        for entry in document["contradictions"]:
            try:
                types.append(_type(include, document["theme"], len(types) + 1, entry))
            except (KeyError, TypeError, ValueError) as error:
                raise ContractInvalid(f"{path.name}, «{_id(entry)}»: {type(error).__name__} {error}") from error
            except ContractInvalid as error:
                raise ContractInvalid(f"{path.name}, «{_id(entry)}»: {error}") from error
    ids = [one.id for one in types]
    files = {path.stem for path in (include / "sql" / "contradictions").glob("*.sql")}
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ContractInvalid(f"contradictions: twice in the catalogue: {', '.join(twice)}")
    if lonely := sorted(files - set(ids)):
        raise ContractInvalid(f"contradictions: SQL without an entry: {', '.join(lonely)}")
    return tuple(types)


def _yaml(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(
        path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    if not isinstance(document, dict) or set(document) != {"theme", "position", "contradictions"}:
        raise ContractInvalid(f"{path.name}: expected theme, position, contradictions")
    return document


def _id(entry: Any) -> str:
    return str(entry.get("id", "?")) if isinstance(entry, dict) else str(entry)


def _type(include: Path, theme: str, position: int, entry: dict[str, Any]) -> Type:
    if strange := set(entry) - KEYS:
        raise ContractInvalid(f"unknown keys: {', '.join(sorted(strange))}")
    file = include / "sql" / "contradictions" / f"{entry['id']}.sql"
    if not file.is_file():
        raise ContractInvalid(f"there is no {file.name}")
    made = Type(
        id=entry["id"],
        theme=theme,
        position=position,
        names=_texts(entry["name"]),
        left=Side(entry["left"]["registry"], _texts(entry["left"]["says"])),
        right=Side(entry["right"]["registry"], _texts(entry["right"]["says"])),
        owner=entry["owner"],
        also=tuple(entry.get("also", ())),
        severity=_one_of(entry["severity"], SEVERITIES),
        affected=_one_of(entry["affected"], UNITS) if "affected" in entry else None,
        source=entry.get("source"),
        sql=file.read_text(encoding="utf-8").rstrip().rstrip(";"),
    )
    if strange := set(made.registries) - set(contracts.names(include)):
        raise ContractInvalid(f"registries without a contract: {', '.join(sorted(strange))}")
    if made.owner not in (made.left.registry, made.right.registry):
        raise ContractInvalid(f"the owner is one of the two sides, not {made.owner}")
    code = "\n".join(line.partition("--")[0] for line in made.sql.splitlines())
    if (read := set(RELATION.findall(code))) != set(made.registries):
        raise ContractInvalid(f"its SQL reads {', '.join(sorted(read))}, it names {', '.join(sorted(made.registries))}")
    return made


def _texts(node: dict[str, str]) -> dict[str, str]:
    # A comma in an unquoted YAML text cuts it and makes a key of the rest.
    if set(node) != set(LANGUAGES) or not all(isinstance(text, str) and text.strip() for text in node.values()):
        raise ContractInvalid(f"a text in {', '.join(LANGUAGES)}, not {node}")
    return {language: node[language] for language in LANGUAGES}


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ContractInvalid(f"{value} is none of {', '.join(known)}")
    return value


def page_table(include: Path) -> str:
    """The types as the table of docs/contradictions.md."""
    rows = ["| type | what | left says | right says | has to act | severity |", "|---|---|---|---|---|---|"]
    for one in load(include):
        left, right = (f"{side.registry}: {side.says['en']}" for side in (one.left, one.right))
        rows.append(f"| `{one.id}` | {one.names['en']} | {left} | {right} | {one.owner} | {one.severity} |")
    return "\n".join(rows)
