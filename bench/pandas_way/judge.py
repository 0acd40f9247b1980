"""The state of each row: staged, quarantined with every reason, or dropped as a duplicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bench.pandas_way.read import WHERE, Raw

Rules = dict[str, pd.Series]
NO_DATES = ["0000-00-00", "00.00.0000"]


@dataclass
class Batch:
    """One registry of a period. `staged`: typed good rows; `quarantine`: other rows, with outcome and rules.

    `typed` has all rows: rows with an invalid number may be linked later. `failed` counts the rows that break a rule:
    rule, severity, failed. Every row is either staged, quarantined or a duplicate.
    """

    registry: str
    raw: Raw
    typed: pd.DataFrame
    staged: pd.DataFrame
    quarantine: pd.DataFrame
    failed: pd.DataFrame
    account: dict[str, int]


def cell_rules(
    texts: Mapping[str, pd.Series] | pd.DataFrame, typed: pd.DataFrame, required: str, optional: str
) -> tuple[Rules, Rules]:
    """The critical and the warning rules on cells that hold something and no value; names of columns with spaces."""
    names = f"{required} {optional}".split()

    def any_unread(columns: list[str]) -> pd.Series:
        unread = [texts[column].notna() & typed[column].isna() for column in columns]
        return pd.concat(unread, axis=1).any(axis=1) if unread else pd.Series(False, index=typed.index)

    zeros = [texts[column].isin(NO_DATES) for column in names if column.endswith(("_date", "_on"))]
    critical = {"required_cell_unreadable": any_unread(required.split())}
    warnings = {"cell_unreadable": any_unread(optional.split())}
    if zeros:
        warnings["date_means_nothing"] = pd.concat(zeros, axis=1).any(axis=1)
    later = [column for column in names if column.endswith(("_date", "_on", "_from"))]
    if "birth_date" in later:
        warnings["date_before_birth"] = typed[later].drop(columns="birth_date").min(axis=1) < typed["birth_date"]
    return critical, warnings


def judge(
    registry: str,
    raw: Raw,
    typed: pd.DataFrame,
    critical: Rules,
    warnings: Rules,
    key: list[str],
    newest: list[str],
    costs: Mapping[str, str] | None = None,
) -> Batch:
    """Apply the rules; `critical` and `warnings` are masks of broken rows. Only the newest row of a key is staged.

    `costs`: columns, with spaces between them, that a row which breaks a warning counts without, by rule.
    """
    for rule, columns in (costs or {}).items():
        typed.loc[warnings[rule].fillna(False).astype(bool), columns.split()] = None
    is_duplicate = raw.rows.duplicated(raw.columns)
    broken = pd.DataFrame({**critical, **warnings}).fillna(False).astype(bool)
    bad = broken[list(critical)].any(axis=1)
    good = typed[~bad & ~is_duplicate]
    shared = good[good.duplicated(key, keep=False)].dropna(subset=key)
    shared = shared.sort_values([*newest, *WHERE], ascending=[False] * len(newest) + [True, True])
    broken["one_row_per_key"] = False
    broken.loc[shared.index[shared.duplicated(key)], "one_row_per_key"] = True
    bad |= broken["one_row_per_key"]
    rejected_rows = bad | is_duplicate
    quarantine = raw.rows[rejected_rows].assign(
        _outcome=is_duplicate[rejected_rows].map({True: "duplicate", False: "quarantined"}),
        _rules=_names(broken[rejected_rows]),
    )
    lines = raw.rejects.rename(columns={"rule": "_rules"}).assign(_outcome="quarantined")
    staged = typed[~rejected_rows].assign(_warned=_names(broken.loc[~rejected_rows, list(warnings)]))
    failed = broken[~is_duplicate].sum().rename_axis("rule").reset_index(name="failed").query("failed > 0")
    failed = failed.assign(severity=failed["rule"].map(lambda rule: "warning" if rule in warnings else "critical"))
    rejected_lines = raw.rejects["rule"].value_counts().rename_axis("rule").reset_index(name="failed")
    account = {
        "rows_in": len(raw.rows) + len(raw.rejects),
        "staged": len(staged),
        "quarantined": int((bad & ~is_duplicate).sum()) + len(raw.rejects),
        "duplicates": int(is_duplicate.sum()),
        "warned": int(staged["_warned"].notna().sum()),
    }
    return Batch(
        registry,
        raw,
        typed,
        staged,
        pd.concat([quarantine, lines], ignore_index=True),
        pd.concat([failed, rejected_lines.assign(severity="critical")], ignore_index=True),
        account,
    )


def _names(broken: pd.DataFrame) -> pd.Series:
    """Names of the rules that each row breaks, null where it breaks none."""
    some = broken[broken.any(axis=1)]
    names = ["; ".join(some.columns[row]) for row in some.to_numpy()]
    return pd.Series(names, index=some.index, dtype="str").reindex(broken.index)


def check_account(batch: Batch, max_quarantined: float, max_duplicates: float) -> None:
    """Raise SystemExit when the account does not balance or too many rows are lost."""
    account = batch.account
    rows = account["rows_in"]
    if rows != account["staged"] + account["quarantined"] + account["duplicates"]:
        raise SystemExit(f"{batch.registry}: the account does not balance: {account}")
    if account["quarantined"] > max_quarantined * rows or account["duplicates"] > max_duplicates * rows:
        raise SystemExit(f"{batch.registry}: too many rows are lost: {account}")
