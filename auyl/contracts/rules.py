"""What a contract must be beyond its options: valid ODCS, with columns that exist and a format that fits its way in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from auyl.contracts.model import GEOMETRY, Contract, read
from auyl.contracts.options import XlsOptions
from auyl.descriptions import YAML_LOADER, line_of
from auyl.errors import ContractInvalid

TYPES = ("string", "integer", "number", "date", "timestamp", "boolean")
CLASSIFICATIONS = ("internal", "restricted", "vault", "private")
AXES = (GEOMETRY + "lat", GEOMETRY + "lon")


def validate(path: Path) -> None:
    """Check a contract against the ODCS schema and what intake can do. Raises ContractInvalid with all faults."""
    text = path.read_text(encoding="utf-8")
    try:
        document = yaml.load(text, Loader=YAML_LOADER)
    except yaml.YAMLError as error:
        raise ContractInvalid(f"{path.name}: not YAML: {getattr(error, 'problem', error)}") from error
    faults = [
        f"line {line_of(text, e.absolute_path)}, {'/'.join(map(str, e.absolute_path)) or 'the whole file'}: {e.message}"
        for e in _checker().iter_errors(document)
    ]
    if not faults:
        contract = read(path)
        faults += _faults_of_columns(contract)
        if contract.registry != path.name.removesuffix(".odcs.yaml"):
            faults.append(f"id {contract.registry} is not the name of the file")
        if contract.way == "soap" and contract.format != "xml":
            faults.append(f"the gateway answers XML, not {contract.format}")
    if faults:
        raise ContractInvalid("\n".join(f"{path.name}, {fault}" for fault in faults))


@cache
def _checker() -> Any:
    import json
    from importlib.resources import files

    import jsonschema

    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def _faults_of_columns(contract: Contract) -> list[str]:
    """Columns that clash, have an unknown type or source, and names of columns that do not exist."""
    columns = [column.name for column in contract.columns]
    faults = [f"column {name} occurs twice" for name in {n for n in columns if columns.count(n) > 1}]
    faults += [f"newestBy: no column {name}" for name in contract.newest_by if name not in columns]
    faults += [f"column {c.name}: no type {c.type}" for c in contract.columns if c.type not in TYPES]
    faults += [f"column {c.name}: no classification {c.classification}; there are {', '.join(CLASSIFICATIONS)}"
               for c in contract.columns if c.classification not in CLASSIFICATIONS]  # fmt: skip
    address = contract.private_address
    if "address" in contract.place and not (address and address.is_private):
        faults.append(f"place, address: a column of classification private, not {contract.place['address']}")
    faults += [f"column {c.name}: private, so it cannot be a key" for c in contract.columns
               if c.is_private and c.name in contract.keys]  # fmt: skip
    faults += [f"place, {role}: {name} is private, and only address may be" for role, name in contract.place.items()
               if role != "address" and any(c.is_private and c.name == name for c in contract.columns)]  # fmt: skip
    faults += [f"column {c.name}: a heading «{n}» of another column" for c in contract.columns for n in c.names
               if any(n in other.names for other in contract.columns if other is not c)]  # fmt: skip
    faults += [f"no column is a primaryKey of {contract.registry}"] if not contract.keys else []
    if contract.format in ("xls", "xlsx"):
        filled = contract.options(XlsOptions).fill_down
        faults += [f"option fillDown: no column {name}" for name in filled if name not in columns]
    if contract.format == "geojson":
        sources = [c.source for c in contract.columns if c.source.startswith(GEOMETRY) and c.source not in AXES]
        faults += [f"source {source}: {' or '.join(AXES)}" for source in sources]
    return faults
