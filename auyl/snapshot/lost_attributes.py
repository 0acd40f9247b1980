"""The account of attributes: how many rows of a registry count without one, and by which rule."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.settings import Settings
from auyl.stage import suites
from auyl.store.postgres import transaction


def lost_attributes(settings: Settings, period: str, registry: str | None = None) -> list[dict[str, Any]]:
    """registry, attribute (columns of stage), rule, reason and rows, by registry and the most rows first.

    Of the current batches of a period, as their scan counted them. Linkable rows are among the rows, duplicates are
    not.
    """
    rows: list[dict[str, Any]] = []
    for contract in contracts.load_all(settings.include):
        if registry not in (None, contract.registry):
            continue
        suite = suites.load(contract.suite, settings.expectations)
        costs = {rule.rule: rule for rule in suite.row_rules if rule.costs}
        batches = [b.batch_id for b in ledger.current_batches(settings, contract.registry, period, contract.is_delta)]
        with transaction(settings) as con:
            failed = con.execute(
                text("select rule, failed from ledger.rule_outcome where batch_id = any(:ids) and rule = any(:rules)"),
                {"ids": batches, "rules": list(costs)},
            ).all()
        counts = Counter[str]()
        for rule, n in failed:
            counts[rule] += n
        rows += [
            {
                "registry": contract.registry,
                "attribute": ", ".join(costs[rule].costs),
                "rule": rule,
                "reason": costs[rule].reason_ru,
                "rows": n,
            }
            for rule, n in counts.most_common()
        ]
    return rows
