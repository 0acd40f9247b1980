"""One okrug's current snapshot, as the command line prints it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from auyl import ledger
from auyl.errors import AuylError
from auyl.languages import check_language
from auyl.settings import Settings
from auyl.store.postgres import transaction


def find_revision(settings: Settings, digest: str, period: str | None = None) -> ledger.Revision:
    """The revision whose content has a digest that begins with `digest`, of all periods or one.

    Raises AuylError where none has it, or revisions of different content.
    """
    known = [r for r in ledger.revisions(settings, period) if r.content_sha256.startswith(digest.lower())]
    if not digest or len({r.content_sha256 for r in known}) != 1:
        found = ", ".join(f"{r.period} revision {r.revision}" for r in known[:5]) if digest else ""
        raise AuylError(
            f"snapshot: expected a revision whose content has a digest that begins with {digest or '…'}; found "
            f"{found or 'none'}. `auyl snapshot list` shows them"
        )
    return known[-1]


def show(
    settings: Settings, kato: str, period: str | None = None, language: str = "ru", revision: int | None = None
) -> dict[str, Any]:
    """Name, period, revision and indicators of an okrug, and `without`: the registries that the revision goes without.

    Of the current revision, unless another one is given. Raises KeyError when nothing is published for it.
    """
    check_language(language)
    query = (settings.include / "sql" / "ledger" / "snapshot_of_okrug.sql").read_text(encoding="utf-8")
    with transaction(settings) as con:
        parameters = {"kato": kato, "period": period, "language": language, "revision": revision}
        rows = con.execute(text(query), parameters).all()
    if not rows:
        of = (f" in {period}" if period else "") + (f", revision {revision}" if revision else "")
        raise KeyError(f"nothing is published for okrug {kato}{of}")
    first = rows[0]
    without = ledger.missing_in_snapshot(settings, first.period, first.revision)
    indicators = [
        {
            name: getattr(row, name)
            for name in (
                "indicator_id", "theme", "name", "value", "numerator", "denominator", "unit", "unit_name", "decimals",
                "flag", "coverage_pct", "as_of", "rows_near", "rows_elsewhere", "registries", "responsible",
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
