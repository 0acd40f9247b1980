"""Which heading or key of an extract is which column of its contract."""

from __future__ import annotations

import difflib
import re

from auyl.contracts.model import GEOMETRY, Column, Contract
from auyl.errors import ExtractRefused


def heading_key(heading: str) -> str:
    """A heading for comparison: without case, outer and doubled spaces, byte order mark."""
    return re.sub(r"\s+", " ", heading.replace("\ufeff", "").strip()).casefold()


def match_headings(contract: Contract, headings: list[str], file: str, line: int) -> dict[Column, str]:
    """Which heading of the extract is which column of the contract.

    Raises ExtractRefused when a required column is missing, naming the nearest unclaimed heading, or when two headings
    claim the same column.
    """
    by_key = {heading_key(heading): heading for heading in headings}
    matched: dict[Column, str] = {}
    for column in contract.columns:
        claims = [by_key[k] for k in dict.fromkeys(map(heading_key, column.names)) if k in by_key]
        if len(claims) > 1:
            found_headings = f"{len(claims)}: {', '.join(claims)}"
            raise contract.refusal(file, "one heading for the column", found_headings, line, column.source)
        if claims:
            matched[column] = claims[0]
    taken = {heading_key(heading) for heading in matched.values()}
    for column in contract.columns:
        if column.required and column not in matched:
            spare = [heading for key, heading in by_key.items() if key not in taken and key]
            raise missing_column(contract, column, spare, file, line)
    return matched


def match_keys(contract: Contract, keys: set[str], file: str) -> dict[Column, list[str]]:
    """Which keys of JSON objects are which column: its source, then its aliases. Keys are compared as written.

    Raises ExtractRefused when no object has the key of a required column, naming the nearest unclaimed key.
    """
    matched = {
        column: names for column in contract.columns if (names := [name for name in column.names if name in keys])
    }
    taken = {name for names in matched.values() for name in names}
    for column in contract.columns:
        if column.required and column not in matched and not column.source.startswith(GEOMETRY):
            raise missing_column(contract, column, sorted(keys - taken), file, None)
    return matched


def missing_column(contract: Contract, column: Column, spare: list[str], file: str, line: int | None) -> ExtractRefused:
    """The refusal for a required column that is missing; `spare` are the headings that no column claims."""
    near = difflib.get_close_matches(heading_key(column.source), [heading_key(s) for s in spare], n=1, cutoff=0.5)
    if near:
        found = f"no such column; the nearest unclaimed one is «{next(s for s in spare if heading_key(s) == near[0])}»"
    else:
        found = f"no such column among the unclaimed: {', '.join(spare[:12]) or 'none is left'}"
    owner = f"{contract.owner}; or us, by an alias in {contract.path.name}"
    return contract.refusal(file, "a required column", found, line, column.source, owner)
