"""What a contract may say: the standard's schema, and what each way in and each format reads.

`docs/contracts.md` says what the options mean; a test holds the two together.
"""

from __future__ import annotations

import codecs
import difflib
from pathlib import Path

import yaml

from auyl.contracts.model import GEOMETRY, PLACE_ROLES, Contract, read
from auyl.errors import ContractInvalid

WAYS = ("file", "sftp", "rest", "soap", "sql")
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
FORMATS = tuple(FORMAT_OPTIONS)
REQUIRED_OPTIONS: dict[str, frozenset[str]] = {"xml": frozenset({"record"}), "json": frozenset({"items"})}
ARCHIVE_OPTIONS = frozenset({"archive", "memberPattern", "ignoreMembers", "maxMembers", "maxUnpackedBytes"})
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
        contract = read(path)
        faults += _faults_of_columns(contract)
        if contract.registry != path.name.removesuffix(".odcs.yaml"):
            faults.append(f"id {contract.registry} is not the name of the file")
        if contract.way not in WAYS or contract.format not in FORMATS:
            faults.append(f"no way in «{contract.way}» with format «{contract.format}»")
        else:
            faults += _unread_options(contract) + _faults_of_options(contract) + _faults_of_format(contract)
            faults += _faults_of_way(contract)
    if faults:
        raise ContractInvalid(f"{path.name}: " + "; ".join(faults))


def _faults_of_columns(contract: Contract) -> list[str]:
    """Columns that clash or have no such type, and names of columns that there are not."""
    columns = [column.name for column in contract.columns]
    faults = [f"column {name} stands twice" for name in {n for n in columns if columns.count(n) > 1}]
    faults += [f"newestBy: no column {name}" for name in contract.newest_by if name not in columns]
    faults += [f"column {c.name}: no type {c.type}" for c in contract.columns if c.type not in TYPES]
    faults += [f"place: no role {role}" for role in contract.place if role not in PLACE_ROLES]
    return faults


def _unread_options(contract: Contract) -> list[str]:
    """Options that its format and archive do not read, or that they need and miss. Those of a way in are its own."""
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
    return faults + [f"option {name} is missing" for name in sorted(needed - set(options))]


def _faults_of_options(contract: Contract) -> list[str]:
    """Values that an option of a format or archive cannot have."""
    options, faults = contract.options, []
    if options.get("archive", "zip") != "zip":
        faults.append(f"option archive: zip is the only one, came {options['archive']}")
    if not isinstance(options.get("finalNewline", True), bool):
        faults.append("option finalNewline: true or false")
    if options.get("headingRows", 1) not in (1, 2):
        faults.append(f"option headingRows: 1 or 2, came {options['headingRows']}")
    if len(str(options.get("delimiter", ","))) != 1:
        faults.append(f"option delimiter: one character, came {options['delimiter']!r}")
    lists = ("fillDown", "ignoreMembers")
    faults += [
        f"option {name}: a list, came {options[name]!r}"
        for name in lists
        if not isinstance(options.get(name) or [], list)
    ]
    columns = {column.name for column in contract.columns}
    if isinstance(fill_down := options.get("fillDown") or [], list):
        faults += [f"option fillDown: no column {name}" for name in fill_down if name not in columns]
    for name in ("maxMembers", "maxUnpackedBytes"):
        if not (isinstance(options.get(name, 1), int) and options.get(name, 1) > 0):
            faults.append(f"option {name}: a number above 0, came {options[name]!r}")
    return faults


def _faults_of_format(contract: Contract) -> list[str]:
    """An encoding that Python does not know; a source of GeoJSON that is no axis."""
    faults = []
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
