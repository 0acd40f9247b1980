"""What a contract must be beyond its options: valid ODCS, with columns that exist and a format that fits its way in."""

from __future__ import annotations

from pathlib import Path

import yaml

from auyl.contracts.model import GEOMETRY, Contract, read
from auyl.contracts.options import XlsOptions
from auyl.errors import ContractInvalid

TYPES = ("string", "integer", "number", "date", "timestamp", "boolean")
AXES = (GEOMETRY + "lat", GEOMETRY + "lon")


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
        if contract.way == "soap" and contract.format != "xml":
            faults.append(f"the gateway answers XML, not {contract.format}")
    if faults:
        raise ContractInvalid(f"{path.name}: " + "; ".join(faults))


def _faults_of_columns(contract: Contract) -> list[str]:
    """Columns that clash, have an unknown type or source, and names of columns that do not exist."""
    columns = [column.name for column in contract.columns]
    faults = [f"column {name} occurs twice" for name in {n for n in columns if columns.count(n) > 1}]
    faults += [f"newestBy: no column {name}" for name in contract.newest_by if name not in columns]
    faults += [f"column {c.name}: no type {c.type}" for c in contract.columns if c.type not in TYPES]
    if contract.format in ("xls", "xlsx"):
        filled = contract.options(XlsOptions).fill_down
        faults += [f"option fillDown: no column {name}" for name in filled if name not in columns]
    if contract.format == "geojson":
        sources = [c.source for c in contract.columns if c.source.startswith(GEOMETRY) and c.source not in AXES]
        faults += [f"source {source}: {' or '.join(AXES)}" for source in sources]
    return faults
