"""What becomes of each row: kept, quarantined with every reason, or left out as a repetition."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.pandas_way.read import WHERE, Raw

Rules = dict[str, pd.Series]


@dataclass
class Batch:
    """One registry of a period. `kept`: typed rows that stay; `quarantine`: others as they came, with outcome, rules.

    `typed` has all rows, for those that count although their number is bad. `failed` counts the rows that break a rule:
    rule, severity, failed. A row is staged, quarantined or a duplicate, once each.
    """

    registry: str
    raw: Raw
    typed: pd.DataFrame
    kept: pd.DataFrame
    quarantine: pd.DataFrame
    failed: pd.DataFrame
    account: dict[str, int]


def judge(
    registry: str, raw: Raw, typed: pd.DataFrame, critical: Rules, warnings: Rules, key: list[str], newest: list[str]
) -> Batch:
    """Apply the rules; `critical` and `warnings` are masks of broken rows. Of a key the newest row stays."""
    repeated = raw.rows.duplicated(raw.columns)
    broken = pd.DataFrame({**critical, **warnings}).fillna(False).astype(bool)
    bad = broken[list(critical)].any(axis=1)
    good = typed[~bad & ~repeated]
    shared = good[good.duplicated(key, keep=False)].dropna(subset=key)
    shared = shared.sort_values([*newest, *WHERE], ascending=[False] * len(newest) + [True, True])
    broken["one_row_per_key"] = False
    broken.loc[shared.index[shared.duplicated(key)], "one_row_per_key"] = True
    bad |= broken["one_row_per_key"]
    away = bad | repeated
    quarantine = raw.rows[away].assign(
        _outcome=repeated[away].map({True: "duplicate", False: "quarantined"}), _rules=_names(broken[away])
    )
    lines = raw.rejects.rename(columns={"rule": "_rules"}).assign(_outcome="quarantined")
    kept = typed[~away].assign(_warned=_names(broken.loc[~away, list(warnings)]))
    failed = broken[~repeated].sum().rename_axis("rule").reset_index(name="failed").query("failed > 0")
    failed = failed.assign(severity=failed["rule"].map(lambda rule: "warning" if rule in warnings else "critical"))
    rejected = raw.rejects["rule"].value_counts().rename_axis("rule").reset_index(name="failed")
    account = {
        "rows_in": len(raw.rows) + len(raw.rejects),
        "staged": len(kept),
        "quarantined": int((bad & ~repeated).sum()) + len(raw.rejects),
        "duplicates": int(repeated.sum()),
        "warned": int(kept["_warned"].notna().sum()),
    }
    return Batch(
        registry,
        raw,
        typed,
        kept,
        pd.concat([quarantine, lines], ignore_index=True),
        pd.concat([failed, rejected.assign(severity="critical")], ignore_index=True),
        account,
    )


def _names(broken: pd.DataFrame) -> pd.Series:
    """The names of the rules that each row breaks, null where it breaks none."""
    some = broken[broken.any(axis=1)]
    names = ["; ".join(some.columns[row]) for row in some.to_numpy()]
    return pd.Series(names, index=some.index, dtype="str").reindex(broken.index)


def check_account(batch: Batch, most_quarantined: float, most_duplicates: float) -> None:
    """Refuse a batch whose account does not balance or that lost too many rows. Raises SystemExit."""
    account = batch.account
    rows = account["rows_in"]
    if rows != account["staged"] + account["quarantined"] + account["duplicates"]:
        raise SystemExit(f"{batch.registry}: the account does not balance: {account}")
    if account["quarantined"] > most_quarantined * rows or account["duplicates"] > most_duplicates * rows:
        raise SystemExit(f"{batch.registry}: too many rows do not stay: {account}")
