"""Contracts: one ODCS 3.1 file per registry, read into the few things that intake asks of it.

    model      what a registry promised: Contract, Column; reading the files
    options    names, types, choices and defaults of all options, as pydantic models
    rules      `validate` names all faults of a file, by the ODCS schema too
    headings   which heading of an extract is which column

What stays out: acting on contracts (`auyl.intake`). Airflow reads them at every parse, so nothing heavy is imported;
the ODCS schema and its checker are only imported by `validate`.
"""

from auyl.contracts.headings import (
    as_written,
    heading_key,
    in_words,
    match_headings,
    match_keys,
    missing_column,
    shown,
)
from auyl.contracts.model import GEOMETRY, PERSON_COLUMNS, PLACE_ROLES, Column, Contract, deltas, load, load_all, names
from auyl.contracts.options import FORMATS, WAYS
from auyl.contracts.rules import validate

__all__ = [
    "FORMATS",
    "GEOMETRY",
    "PERSON_COLUMNS",
    "PLACE_ROLES",
    "WAYS",
    "Column",
    "Contract",
    "as_written",
    "deltas",
    "heading_key",
    "in_words",
    "load",
    "load_all",
    "match_headings",
    "match_keys",
    "missing_column",
    "names",
    "shown",
    "validate",
]
