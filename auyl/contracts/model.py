"""A contract as intake sees it, and the reading of it from its file.

What belongs here: what a registry promised, in our own words. What stays out: whether it may promise that (`rules`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from auyl.errors import ContractInvalid, ExtractRefused

# Sources of GeoJSON that are no property: `geometry:lon`, `geometry:lat`.
GEOMETRY = "geometry:"
# What a column may say of a row's place, in the order in which the resolver believes it; a free address only alone.
# Beside a free address: the crew that went there, and the key of the person whose registered home may settle a doubt.
PLACE_ROLES = (
    "rca", "kato", "gbd_district_code", "district_name", "okrug_name", "settlement_name", "address", "crew", "person",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a registry. `source` is its heading, path or key in the extract."""

    name: str
    source: str
    type: str
    required: bool
    aliases: tuple[str, ...]
    classification: str
    is_code: bool
    letters: str | None

    @property
    def is_vault(self) -> bool:
        """Does this column never leave the vault?"""
        return self.classification == "vault"


@dataclass(frozen=True)
class Contract:
    """What a registry promised. `options` are those of its server: file pattern, encoding, paths, page size.

    `needs` are the numbers of the akims' needs that it feeds (docs/registries.md).
    `place` tells which column of stage speaks of the place in which role (`PLACE_ROLES`).
    An extract is promised for every span of `frequency_months`, at most `latency_days` after its end; `cadence` and
    `deadline` are the same in the contract's own words.
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
    is_delta: bool
    feeds_vault: bool
    stage: str
    suite: str
    carry_forward_months: int
    deadline: str
    frequency_months: int
    latency_days: int
    path: Path
    digest: str
    needs: tuple[int, ...] = ()
    place: dict[str, str] = field(hash=False, compare=False, default_factory=dict)
    options: dict[str, Any] = field(hash=False, compare=False, default_factory=dict)

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

    @property
    def is_hourly(self) -> bool:
        """Do extracts come oftener than once a day?"""
        return self.cadence.rpartition(" ")[2].lower() in _HOUR

    @property
    def is_within_month(self) -> bool:
        """Do extracts of a month come while it lasts: every hour, day or week?"""
        return self.cadence.rpartition(" ")[2].lower() in (*_HOUR, *_DAY, *_WEEK)


def load(registry: str, include: Path) -> Contract:
    """The contract of `registry`. Raises ContractInvalid when there is none or it is not usable."""
    path = include / "contracts" / f"{registry}.odcs.yaml"
    if not path.is_file():
        known = ", ".join(names(include))
        raise ContractInvalid(f"no contract for registry «{registry}»; there are: {known}")
    return read(path)


def names(include: Path) -> list[str]:
    """Registries that have a contract, sorted."""
    return sorted(path.name.removesuffix(".odcs.yaml") for path in (include / "contracts").glob("*.odcs.yaml"))


def load_all(include: Path) -> list[Contract]:
    """All contracts, sorted by registry."""
    return [load(registry, include) for registry in names(include)]


def deltas(include: Path) -> list[str]:
    """Registries that send what changed and not the whole; every accepted delivery of them counts."""
    return [contract.registry for contract in load_all(include) if contract.is_delta]


@cache
def read(path: Path) -> Contract:
    """The contract in a file, read once a process. Raises ContractInvalid when it is not usable."""
    content = path.read_bytes()
    # CSafeLoader is an order of magnitude faster; a wheel of PyYAML without libyaml has none.
    document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        return _contract(document, path, hashlib.sha256(content).hexdigest())
    except (KeyError, IndexError, TypeError) as error:
        raise ContractInvalid(f"{path.name}: {type(error).__name__} {error}") from error
    except ContractInvalid as error:
        raise ContractInvalid(f"{path.name}: {error}") from error


def _custom(node: dict[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in node.get("customProperties") or []}


def _contract(document: dict[str, Any], path: Path, digest: str) -> Contract:
    custom = _custom(document)
    server = document["servers"][0]
    options = {**_custom(server), **{k: server[k] for k in ("path", "delimiter", "location") if k in server}}
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
        way=options.get("way", "file"),
        format=options.get("format") or server["format"],
        connection=options["connection"],
        encoding=options.get("encoding") or server.get("encoding") or "utf-8",
        columns=tuple(_column(p) for p in properties),
        keys=tuple(p["name"] for p in keyed),
        newest_by=tuple(custom.get("newestBy") or ()),
        is_delta=custom.get("delivery", "full") == "delta",
        feeds_vault=bool(custom.get("feedsVault", False)),
        stage=custom.get("stage", document["id"]),
        suite=custom.get("suite", document["id"]),
        carry_forward_months=int(custom.get("carryForwardMonths", 0)),
        path=path,
        digest=digest,
        needs=tuple(custom.get("needs") or ()),
        place=dict(custom.get("place") or {}),
        options=options,
    )


# Units of ODCS and their usual spellings. What comes more often than monthly is asked for by the month.
_DAY, _MONTH, _YEAR = ("d", "day", "days"), ("m", "mo", "month", "months"), ("y", "yr", "year", "years")
_HOUR, _WEEK, _QUARTER = ("h", "hour", "hours"), ("w", "week", "weeks"), ("q", "quarter", "quarters")
_FREQUENCY_MONTHS = {
    **dict.fromkeys((*_HOUR, *_DAY, *_WEEK), 0),
    **dict.fromkeys(_MONTH, 1),
    **dict.fromkeys(_QUARTER, 3),
    **dict.fromkeys(_YEAR, 12),
}
_LATENCY_DAYS = {
    **dict.fromkeys(_HOUR, 0),
    **dict.fromkeys(_DAY, 1),
    **dict.fromkeys(_WEEK, 7),
    **dict.fromkeys(_MONTH, 31),
}


def _in_units(sla: dict[str, Any], units: dict[str, int], what: str) -> int:
    """A property of `slaProperties` as whole months or days, 1 at least."""
    value, unit = sla["value"], str(sla.get("unit", "")).lower()
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or unit not in units:
        known = ", ".join(units)
        raise ContractInvalid(f"{what}: a whole number of one of {known}, not {value!r} {unit!r}")
    return max(1, value * units[unit])


def _column(node: dict[str, Any]) -> Column:
    custom = _custom(node)
    return Column(
        name=node["name"],
        source=node.get("physicalName", node["name"]),
        type=node["logicalType"],
        required=bool(node.get("required")),
        aliases=tuple(custom.get("aliases") or ()),
        classification=node.get("classification", "internal"),
        is_code=bool(custom.get("code")),
        letters=custom.get("letters"),
    )
