"""Retention: how long the bytes of extracts are kept that count no more, by registry.

The terms stand in `include/retention.yaml`. A term without the norm that sets it is a fault, and no term means: kept.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from auyl import contracts
from auyl.errors import ContractInvalid

FILE = "retention.yaml"
LEAST_COUNTING_MONTHS = 13


@dataclass(frozen=True)
class Term:
    """Months since a delivery that counts no more arrived, and since the end of the month for which an extract counts;
    for each the norm that says so. Without months it is kept.
    """

    months: int | None = None
    norm: str = ""
    counting_months: int | None = None
    counting_norm: str = ""


def terms(include: Path) -> dict[str, Term]:
    """The term of each registry. Raises ContractInvalid for a file that does not say it."""
    path = include / FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ContractInvalid(f"{FILE}: expected the terms of retention, found {type(error).__name__}") from error
    if not isinstance(content, dict) or set(content) - {"extracts", "counting", "registries"}:
        raise ContractInvalid(f"{FILE}: expected extracts, counting and registries")
    usual = _term("extracts", (content.get("extracts") or {}), content.get("counting"))
    of_registries = content.get("registries") or {}
    names = contracts.names(include)
    if not isinstance(of_registries, dict) or (unknown := sorted(set(of_registries) - set(names))):
        found = f"found {', '.join(unknown)}" if isinstance(of_registries, dict) else "found something else"
        raise ContractInvalid(f"{FILE}, registries: expected names of registries, {found}")
    own = {}
    for name, described in of_registries.items():
        counting = described.pop("counting", None) if isinstance(described, dict) else None
        own[name] = _term(name, described, counting)
    return {name: own.get(name, usual) for name in names}


def _term(name: str, described: Any, counting: Any) -> Term:
    months, norm = _months(name, described)
    of_counting, its_norm = _months(f"{name}, counting", counting)
    if of_counting is not None and of_counting < LEAST_COUNTING_MONTHS:
        raise ContractInvalid(
            f"{FILE}, {name}, counting: expected at least {LEAST_COUNTING_MONTHS} months, since months are compared "
            f"with those of the year before; found {of_counting}"
        )
    return Term(months, norm, of_counting, its_norm)


def _months(name: str, described: Any) -> tuple[int | None, str]:
    described = described or {}
    if not isinstance(described, dict) or set(described) - {"months", "norm"}:
        raise ContractInvalid(f"{FILE}, {name}: expected months and norm")
    months, norm = described.get("months"), described.get("norm") or ""
    if months is None:
        return None, ""
    if not isinstance(months, int) or isinstance(months, bool) or months < 1:
        raise ContractInvalid(f"{FILE}, {name}: expected months as a whole number from 1, found {months!r}")
    if not isinstance(norm, str) or not norm.strip():
        raise ContractInvalid(f"{FILE}, {name}: expected the norm that sets {months} months, found none")
    return months, norm.strip()


def before(now: datetime, months: int) -> datetime:
    """The same moment so many months earlier; the last day of a shorter month."""
    year, months_before = divmod(now.year * 12 + now.month - 1 - months, 12)
    month = months_before + 1
    return now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))
