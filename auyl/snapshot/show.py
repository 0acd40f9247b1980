"""One okrug's current snapshot, as the command line prints it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from auyl import ledger
from auyl.languages import check_language
from auyl.settings import Settings
from auyl.store.postgres import transaction


def show(settings: Settings, kato: str, period: str | None = None, language: str = "ru") -> dict[str, Any]:
    """Name, period, revision and indicators of an okrug, and `without`: the registries that the revision goes without.

    Raises KeyError when nothing is published for it.
    """
    check_language(language)
    query = (settings.include / "sql" / "ledger" / "snapshot_of_okrug.sql").read_text(encoding="utf-8")
    with transaction(settings) as con:
        rows = con.execute(text(query), {"kato": kato, "period": period, "language": language}).all()
    if not rows:
        raise KeyError(f"nothing is published for okrug {kato}" + (f" in {period}" if period else ""))
    first = rows[0]
    without = ledger.missing_in_snapshot(settings, first.period)
    indicators = [
        {
            name: getattr(row, name)
            for name in (
                "indicator_id", "theme", "name", "value", "numerator", "denominator", "unit", "unit_name", "decimals",
                "flag", "coverage_pct", "as_of", "registries", "responsible",
            )
        }
        for row in rows
    ]  # fmt: skip
    return {
        "kato": kato,
        "name": first.okrug_name,
        "period": first.period,
        "revision": first.revision,
        "without": without,
        "indicators": indicators,
    }
