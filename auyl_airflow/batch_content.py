"""What the page of a batch (`auyl_airflow.pages`) shows, by the rights of an engineer: counts, rules and shapes."""

from __future__ import annotations

from typing import Any


def batch_content(settings: Any, contract: Any, period: str) -> dict[str, Any]:
    """Deliveries, refusals, broken rules and okrugs of a registry and period, each a list of rows for the template."""
    from auyl import ledger
    from auyl.snapshot.quality import by_okrug
    from auyl.stage.suites import load as load_suite

    registry = contract.registry
    reasons = {rule.rule: rule.reason_ru for rule in load_suite(contract.suite, settings.expectations).row_rules}
    rules = ledger.broken_rules(settings, registry, period, contract.is_delta)
    return {
        "deliveries": ledger.page_extracts(settings, registry, period, contract.is_delta),
        "refusals": [row | {"reason": _reason(row)} for row in ledger.refusal_shapes(settings, registry, period)],
        "rules": [row | {"reason": reasons.get(row["rule"], "")} for row in rules],
        "okrugs": by_okrug(settings, registry, period),
    }


def _reason(row: dict[str, Any]) -> str:
    if row["breaches"]:
        return "; ".join(row["breaches"])
    place = [f"line {row['line']}"] if row["line"] is not None else []
    place += [f"column «{row['column_name']}»"] if row["column_name"] is not None else []
    return f"{', '.join([*place, ''])}expected {row['expected']}; found {row['found']}. Fix: {row['owner']}"
