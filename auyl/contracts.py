"""Contracts: one ODCS 3.1 file per registry, read into the few things that intake asks of it.

What belongs here: reading and checking contracts, and which heading of an extract is which column. What stays out:
acting on them (`auyl.intake`).
The ODCS model and its JSON schema are only imported by `validate`, since Airflow reads contracts at every parse.
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from auyl.errors import ContractInvalid, ExtractRefused

WAYS = ("file", "sftp", "rest", "soap", "sql")
FORMATS = ("csv", "xml", "xlsx", "xls", "json", "jsonl", "geojson")
# Options of a server that a format reads; `docs/contracts.md` says what each means.
FORMAT_OPTIONS: dict[str, frozenset[str]] = {
    "csv": frozenset({"delimiter", "finalNewline"}),
    "xml": frozenset({"record", "envelope", "recordCount", "ignore"}),
    "xlsx": frozenset({"maxUnpackedBytes", "fillDown", "headingRows"}),
    "xls": frozenset({"fillDown", "headingRows"}),
    "json": frozenset({"items", "page", "pages", "total", "envelope"}),
    "jsonl": frozenset({"finalNewline"}),
    "geojson": frozenset({"envelope", "total"}),
}
REQUIRED_OPTIONS: dict[str, frozenset[str]] = {"xml": frozenset({"record"}), "json": frozenset({"items"})}
ARCHIVE_OPTIONS = frozenset({"archive", "memberPattern", "ignoreMembers", "maxMembers", "maxUnpackedBytes"})
# Sources of GeoJSON that are no property: `geometry:lon`, `geometry:lat`.
GEOMETRY = "geometry:"
# What a column may say of a row's place, in the order in which the resolver believes it; a free address only alone.
PLACE_ROLES = (
    "rca", "kato", "gbd_district_code", "district_name", "okrug_name", "settlement_name", "address",
)  # fmt: skip
# What a contract must say of its way in, and what may stand where there is a choice.
NEEDED = {
    "file": ("filePattern",), "sftp": ("filePattern",), "rest": ("resource", "items"), "soap": ("service",),
    "sql": ("table", "watermark", "periodColumn"),
}  # fmt: skip
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "rest": {"paging": ("number", "cursor", "next", "none"), "auth": ("bearer", "oauth2", "basic", "header", "none")},
    "soap": {"channel": ("sync", "async"), "signature": ("required", "unchecked")},
}
TYPES = ("string", "integer", "number", "date", "timestamp", "boolean")


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

    @property
    def is_hourly(self) -> bool:
        """Do extracts come oftener than once a day?"""
        return self.cadence.rpartition(" ")[2].lower() in _HOUR

    @property
    def is_within_month(self) -> bool:
        """Do extracts of a month come while it lasts: every hour, day or week?"""
        return self.cadence.rpartition(" ")[2].lower() in (*_HOUR, *_DAY, *_WEEK)

    @property
    def mender(self) -> str:
        """Who is asked to mend a bad extract."""
        return self.owner


def load(registry: str, include: Path) -> Contract:
    """The contract of `registry`. Raises ContractInvalid when there is none or it is not usable."""
    path = include / "contracts" / f"{registry}.odcs.yaml"
    if not path.is_file():
        known = ", ".join(names(include))
        raise ContractInvalid(f"no contract for registry «{registry}»; there are: {known}")
    return _read(path)


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
def _read(path: Path) -> Contract:
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


def validate(path: Path) -> None:
    """Check a contract against the ODCS schema and what intake can do. Raises ContractInvalid with all faults."""
    import json
    from importlib.resources import files

    import jsonschema

    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    checker = jsonschema.validators.validator_for(schema)(schema)
    faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in checker.iter_errors(document)]
    if not faults:
        contract = _read(path)
        columns = [column.name for column in contract.columns]
        faults += [f"column {name} stands twice" for name in {n for n in columns if columns.count(n) > 1}]
        faults += [f"newestBy: no column {name}" for name in contract.newest_by if name not in columns]
        faults += [f"column {c.name}: no type {c.type}" for c in contract.columns if c.type not in TYPES]
        faults += [f"place: no role {role}" for role in contract.place if role not in PLACE_ROLES]
        if contract.registry != path.name.removesuffix(".odcs.yaml"):
            faults.append(f"id {contract.registry} is not the name of the file")
        if contract.way not in WAYS or contract.format not in FORMATS:
            faults.append(f"no way in «{contract.way}» with format «{contract.format}»")
        else:
            faults += _option_faults(contract) + _faults_of_way(contract)
    if faults:
        raise ContractInvalid(f"{path.name}: " + "; ".join(faults))


def _option_faults(contract: Contract) -> list[str]:
    """What is wrong with the options that its format and archive read. Options of a way in are its own affair."""
    options, faults = contract.options, []
    archive = ARCHIVE_OPTIONS if "archive" in options else frozenset()
    own = FORMAT_OPTIONS[contract.format] | archive
    every = frozenset().union(ARCHIVE_OPTIONS, *FORMAT_OPTIONS.values())
    for name in sorted(options):
        near = difflib.get_close_matches(name, sorted(every), n=1, cutoff=0.85)
        if name in every - own and not (contract.way == "rest" and name in FORMAT_OPTIONS["json"]):
            faults.append(f"option {name}: format {contract.format} does not read it")
        elif name not in every and near:
            faults.append(f"option {name}: is {near[0]} meant?")
    needed = REQUIRED_OPTIONS.get(contract.format, frozenset()) | ({"memberPattern"} if archive else set())
    faults += [f"option {name} is missing" for name in sorted(needed - set(options))]
    if options.get("archive", "zip") != "zip":
        faults.append(f"option archive: zip is the only one, came {options['archive']}")
    if not isinstance(options.get("finalNewline", True), bool):
        faults.append("option finalNewline: true or false")
    if options.get("headingRows", 1) not in (1, 2):
        faults.append(f"option headingRows: 1 or 2, came {options['headingRows']}")
    if len(str(options.get("delimiter", ","))) != 1:
        faults.append(f"option delimiter: one character, came {options['delimiter']!r}")
    for name in ("fillDown", "ignoreMembers"):
        if not isinstance(options.get(name) or [], list):
            faults.append(f"option {name}: a list, came {options[name]!r}")
    columns = {column.name for column in contract.columns}
    if isinstance(fill_down := options.get("fillDown") or [], list):
        faults += [f"option fillDown: no column {name}" for name in fill_down if name not in columns]
    for name in ("maxMembers", "maxUnpackedBytes"):
        if not (isinstance(options.get(name, 1), int) and options.get(name, 1) > 0):
            faults.append(f"option {name}: a number above 0, came {options[name]!r}")
    try:
        codecs.lookup(contract.encoding)
    except LookupError:
        faults.append(f"no encoding {contract.encoding}")
    if contract.format == "geojson":
        axes = {GEOMETRY + "lon", GEOMETRY + "lat"}
        sources = [c.source for c in contract.columns if c.source.startswith(GEOMETRY)]
        faults += [f"source {source}: {' or '.join(sorted(axes))}" for source in sources if source not in axes]
    return faults


def _faults_of_way(contract: Contract) -> list[str]:
    """What a contract does not say of its way in, or says wrongly."""
    options, way = contract.options, contract.way
    faults = [f"way {way} needs the option {name}" for name in NEEDED.get(way, ()) if not options.get(name)]
    for name, allowed in CHOICES.get(way, {}).items():
        if options.get(name) is not None and options[name] not in allowed:
            faults.append(f"{name}: «{options[name]}» is none of {', '.join(allowed)}")
    if way == "rest" and options.get("paging", "number") == "number":
        missing = [name for name in ("page", "pages", "total", "pageSize") if not options.get(name)]
        faults += [f"paging by number needs the option {name}" for name in missing]
    if way == "soap" and contract.format != "xml":
        faults.append(f"the gateway answers XML, not {contract.format}")
    return faults


def heading_key(heading: str) -> str:
    """A heading without what hands change: case, outer and doubled spaces, a byte order mark."""
    return re.sub(r"\s+", " ", heading.replace("\ufeff", "").strip()).casefold()


def match_headings(contract: Contract, headings: list[str], file: str, line: int) -> dict[Column, str]:
    """Which heading of the extract is which column of the contract.

    Raises ExtractRefused when a required column is missing, naming the nearest heading that did come, or when two
    headings claim the same column.
    """
    came = {heading_key(heading): heading for heading in headings}
    found: dict[Column, str] = {}
    for column in contract.columns:
        claims = [came[k] for k in dict.fromkeys(map(heading_key, (column.source, *column.aliases))) if k in came]
        if len(claims) > 1:
            raise ExtractRefused(
                contract.registry,
                file,
                "one column for it",
                f"{len(claims)}: {', '.join(claims)}",
                contract.mender,
                line,
                column.source,
            )
        if claims:
            found[column] = claims[0]
    taken = {heading_key(heading) for heading in found.values()}
    for column in contract.columns:
        if column.required and column not in found:
            spare = [heading for key, heading in came.items() if key not in taken and key]
            raise missing_column(contract, column, spare, file, line)
    return found


def match_keys(contract: Contract, keys: set[str], file: str) -> dict[Column, list[str]]:
    """Which keys of JSON objects are which column: its source, then its aliases. Keys are matched as they are written.

    Raises ExtractRefused when no object has the key of a required column, naming the nearest of those that came.
    """
    found = {
        column: names
        for column in contract.columns
        if (names := [name for name in (column.source, *column.aliases) if name in keys])
    }
    taken = {name for names in found.values() for name in names}
    for column in contract.columns:
        if column.required and column not in found and not column.source.startswith(GEOMETRY):
            raise missing_column(contract, column, sorted(keys - taken), file, None)
    return found


def missing_column(contract: Contract, column: Column, spare: list[str], file: str, line: int | None) -> ExtractRefused:
    """The refusal for a required column that did not come; `spare` are the headings nobody claimed."""
    near = difflib.get_close_matches(heading_key(column.source), [heading_key(s) for s in spare], n=1, cutoff=0.5)
    if near:
        found = f"no such column; the nearest unclaimed one is «{next(s for s in spare if heading_key(s) == near[0])}»"
    else:
        found = f"no such column among the unclaimed: {', '.join(spare[:12]) or 'none is left'}"
    mender = f"{contract.mender}; or us, by an alias in {contract.path.name}"
    return ExtractRefused(contract.registry, file, "a required column", found, mender, line, column.source)
