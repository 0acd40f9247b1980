"""A contract as intake sees it, and reading it from its file. Whether a contract is valid is decided in `rules`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml

from auyl.contracts import options as option
from auyl.contracts.options import (
    ArchiveOptions,
    ColumnOptions,
    Fact,
    JsonOptions,
    Options,
    PlaceRole,
    RegistryOptions,
)
from auyl.descriptions import YAML_LOADER
from auyl.errors import ConnectionUnusable, ContractInvalid, ExtractRefused, SourceNotReady, SourceUnavailable

# What a row may say of its person beside the number (`iin`); linkage compares these.
PERSON_COLUMNS = ("surname", "given_name", "patronymic", "birth_date")
# Sources of GeoJSON that are no property: `geometry:lon`, `geometry:lat`.
GEOMETRY = "geometry:"
# Roles of columns that name a row's place, in the order in which the resolver believes them. A free address stands
# without the others; beside it, `crew` and `person` (whose registered home may decide) settle places of one name.
PLACE_ROLES: tuple[str, ...] = get_args(PlaceRole)
_Kind = TypeVar("_Kind", bound=Options)


@dataclass(frozen=True)
class Column:
    """One column of a registry. `source` is its heading, path or key in the extract; `decimals` those of a number.

    A row counts without an attribute, although the registry owes it.
    """

    name: str
    source: str
    type: str
    required: bool
    aliases: tuple[str, ...]
    classification: str
    is_code: bool
    letters: str | None
    decimals: int = 2
    is_attribute: bool = False

    @property
    def is_needed(self) -> bool:
        """Does a row without it not count?"""
        return self.required and not self.is_attribute

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it may have in an extract."""
        return (self.source, *self.aliases)

    @property
    def is_vault(self) -> bool:
        """Must this column never leave the vault?"""
        return self.classification == "vault"

    @property
    def is_private(self) -> bool:
        """Is this a text in people's own words, in which a home, a name or a telephone may stand?"""
        return self.classification == "private"

    @property
    def is_hidden(self) -> bool:
        """Does stage leave it out?"""
        return self.is_vault or self.is_private


@dataclass(frozen=True)
class Contract:
    """What a registry promised.

    `needs` are the numbers of the akims' needs that it feeds (docs/registries.md).
    `place` maps roles (`PLACE_ROLES`) to columns of stage; `other_oblasts` says that rows of all oblasts belong to it.
    An extract is due for every `frequency_months`, at most `latency_days` after they end; `cadence` and `deadline` say
    the same as the contract writes it.
    """

    registry: str
    title: str
    owner: str
    purpose: str
    cadence: str
    way: str
    format: str
    connection: str
    encoding: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    newest_by: tuple[str, ...]
    facts: tuple[Fact, ...]
    is_delta: bool
    feeds_vault: bool
    stage: str
    suite: str
    poll_seconds: float
    carry_forward_months: int
    deadline: str
    frequency_months: int
    latency_days: int
    path: Path
    digest: str
    max_extract_bytes: int = 16 << 30
    needs: tuple[int, ...] = ()
    other_oblasts: bool = False
    place: dict[str, str] = field(hash=False, compare=False, default_factory=dict)
    envelope: dict[str, str] = field(hash=False, compare=False, default_factory=dict)
    archive: ArchiveOptions | None = field(hash=False, compare=False, default=None)
    option_sets: tuple[Options, ...] = field(hash=False, compare=False, default=())

    def options(self, kind: type[_Kind]) -> _Kind:
        """The options of its way in or of its format, whichever is of this kind. Raises TypeError if neither is."""
        options = self.option_set(kind)
        if options is not None:
            return options
        raise TypeError(f"{self.registry}: no {kind.__name__} for way {self.way} with format {self.format}")

    def option_set(self, kind: type[_Kind]) -> _Kind | None:
        """The options of this kind; None if it reads others."""
        return next((options for options in self.option_sets if isinstance(options, kind)), None)

    @property
    def counts_its_files(self) -> bool:
        """Does an extract say itself of how many files, or of how many records in all of them, it consists?"""
        json = self.option_set(JsonOptions)
        return "parts" in self.envelope or bool(json and json.total)

    def refusal(
        self,
        file: str | Path,
        expected: str,
        found: str,
        line: int | None = None,
        column: str | None = None,
        owner: str | None = None,
    ) -> ExtractRefused:
        """The error to raise for an extract of this registry; `owner` is the registry's unless the cause is ours."""
        name = file.name if isinstance(file, Path) else file
        return ExtractRefused(self.registry, name, expected, found, owner or self.owner, line, column)

    def too_large(self, file: str | Path, size: int | None = None) -> ExtractRefused:
        """The error to raise for files larger together than an extract may be; without `size`, for one that grows."""
        found = f"{size:,} bytes" if size is not None else "one that goes on"
        owner = f"{self.owner}, or maxExtractBytes in the contract"
        return self.refusal(file, f"an extract of at most {self.max_extract_bytes:,} bytes", found, owner=owner)

    def connection_unusable(self, expected: str, found: str) -> ConnectionUnusable:
        """The error to raise for the connection of this registry."""
        return ConnectionUnusable(self.registry, self.connection, expected, found)

    def unavailable(
        self, expected: str, found: str, owner: str | None = None, place: str | None = None
    ) -> SourceUnavailable:
        """The error to raise for a source of this registry that did not answer, or not whole; `place` is within it."""
        return SourceUnavailable(self._in_words(expected, found, owner, place))

    def broke_off(self, found: str) -> SourceUnavailable:
        """The error to raise for a source that gave no whole answer in all attempts."""
        return self.unavailable("a whole answer", found)

    def not_ready(
        self, expected: str, found: str, again_in_s: float | None = None, owner: str | None = None
    ) -> SourceNotReady:
        """The error to raise for a source of this registry that has nothing ready yet."""
        return SourceNotReady(self._in_words(expected, found, owner, None), again_in_s)

    def _in_words(self, expected: str, found: str, owner: str | None, place: str | None) -> str:
        where = f"{self.registry}: {place}" if place else self.registry
        return f"{where}: expected {expected}; found {found}. Fix: {owner or self.owner}"

    @property
    def names_person(self) -> bool:
        """Does a row name its person beside the number, so that linkage can find the person of a wrong number?"""
        return {"iin", *PERSON_COLUMNS} <= {column.name for column in self.columns} and not self.feeds_vault

    @property
    def has_private_texts(self) -> bool:
        """Has it private columns? Then its rows as they came lie in the zone of identities."""
        return any(column.is_private for column in self.columns)

    @property
    def private_address(self) -> Column | None:
        """The column with the address in people's own words that tells a row's place; None for other registries."""
        return next((column for column in self.columns if column.name == self.place.get("address")), None)

    @property
    def is_hourly(self) -> bool:
        """Do extracts come more than once a day?"""
        return self._cadence_unit == "hour"

    @property
    def is_within_month(self) -> bool:
        """Do extracts of a month come during that month: every hour, day or week?"""
        return self._cadence_unit in ("hour", "day", "week")

    @property
    def _cadence_unit(self) -> str | None:
        return _UNITS.get(self.cadence.rpartition(" ")[2].lower())


def load(registry: str, include: Path) -> Contract:
    """The contract of `registry`. Raises ContractInvalid when there is none or it is not usable."""
    path = include / "contracts" / f"{registry}.odcs.yaml"
    if not path.is_file():
        known = names(include)
        near = get_close_matches(registry, known)
        suggested = f"did you mean {' or '.join(near)}" if near else f"there are: {', '.join(known)}"
        raise ContractInvalid(f"no contract for registry «{registry}»; {suggested}")
    return read(path)


def names(include: Path) -> list[str]:
    """Registries that have a contract, sorted."""
    return sorted(path.name.removesuffix(".odcs.yaml") for path in (include / "contracts").glob("*.odcs.yaml"))


def load_all(include: Path) -> list[Contract]:
    """All contracts, sorted by registry."""
    return [load(registry, include) for registry in names(include)]


def deltas(include: Path) -> list[str]:
    """Registries that send changes only; every accepted delivery of them counts."""
    return [contract.registry for contract in load_all(include) if contract.is_delta]


@cache
def read(path: Path) -> Contract:
    """The contract in a file, read once per process. Raises ContractInvalid when it is not usable."""
    content = path.read_bytes()
    try:
        document = yaml.load(content, Loader=YAML_LOADER)
        return parse(document, path, hashlib.sha256(content).hexdigest())
    except yaml.YAMLError as error:
        raise ContractInvalid(f"{path.name}: not YAML: {getattr(error, 'problem', error)}") from error
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ContractInvalid(f"{path.name}: {type(error).__name__} {error}") from error
    except ContractInvalid as error:
        raise ContractInvalid(f"{path.name}: {error}") from error


def _custom(node: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in node.get("customProperties") or []}


def parse(document: Mapping[str, Any], path: Path, digest: str) -> Contract:
    """The contract in a document that was read from `path`. Raises ContractInvalid, KeyError, TypeError."""
    custom = option.parse(RegistryOptions, _custom(document))
    server = document["servers"][0]
    general, source, reader, archive = option.parse_server(_custom(server))
    properties = document["schema"][0]["properties"]
    sla = {item["property"]: item for item in document.get("slaProperties") or []}
    keyed = sorted((p for p in properties if p.get("primaryKey")), key=lambda p: p.get("primaryKeyPosition", 1))
    return Contract(
        registry=document["id"],
        title=document["name"],
        owner=document["team"]["name"],
        purpose=str(document["description"]["purpose"]).strip(),
        cadence=f"{sla['frequency']['value']} {sla['frequency'].get('unit', '')}".strip(),
        deadline=str(sla["latency"]["value"]) + str(sla["latency"].get("unit", "")),
        frequency_months=_in_units(sla["frequency"], _FREQUENCY_MONTHS, "frequency"),
        latency_days=_in_units(sla["latency"], _LATENCY_DAYS, "latency"),
        way=general.way,
        format=general.format,
        connection=general.connection,
        encoding=general.encoding,
        columns=tuple(_column(p) for p in properties),
        keys=tuple(p["name"] for p in keyed),
        newest_by=custom.newest_by,
        facts=custom.facts,
        is_delta=custom.delivery == "delta",
        feeds_vault=custom.feeds_vault,
        stage=custom.stage or document["id"],
        suite=custom.suite or document["id"],
        poll_seconds=general.poll_seconds,
        max_extract_bytes=general.max_extract_bytes,
        carry_forward_months=custom.carry_forward_months,
        path=path,
        digest=digest,
        needs=custom.needs,
        other_oblasts=custom.other_oblasts,
        place={str(role): column for role, column in custom.place.items()},
        envelope=getattr(reader, "envelope", {}),
        archive=archive,
        option_sets=(reader, source),
    )


# Units of ODCS and their usual spellings.
_SPELLINGS = {
    "hour": ("h", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("w", "week", "weeks"),
    "month": ("m", "mo", "month", "months"),
    "quarter": ("q", "quarter", "quarters"),
    "year": ("y", "yr", "year", "years"),
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
# Extracts more frequent than monthly are requested by month.
_FREQUENCY_MONTHS = {"hour": 0, "day": 0, "week": 0, "month": 1, "quarter": 3, "year": 12}
_LATENCY_DAYS = {"hour": 0, "day": 1, "week": 7, "month": 31}


def _in_units(sla: dict[str, Any], units: dict[str, int], what: str) -> int:
    """A property of `slaProperties` as whole months or days, at least 1."""
    value, unit = sla["value"], _UNITS.get(str(sla.get("unit", "")).lower())
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or unit not in units:
        known = ", ".join(units)
        raise ContractInvalid(f"{what}: a whole number of one of {known}, not {value!r} {sla.get('unit')!r}")
    return max(1, value * units[unit])


def _column(node: dict[str, Any]) -> Column:
    name = node["name"]
    custom = option.parse(ColumnOptions, _custom(node), f"column {name}: ")
    return Column(
        name=name,
        source=node.get("physicalName", name),
        type=node["logicalType"],
        required=bool(node.get("required")),
        aliases=custom.aliases,
        classification=node.get("classification", "internal"),
        is_code=custom.code,
        letters=custom.letters,
        decimals=custom.decimals,
        is_attribute=custom.attribute,
    )
