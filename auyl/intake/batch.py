"""Load: one delivery from landing through raw and the scan to stage and quarantine, finished by one ledger row."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from auyl import contracts, formats, ledger
from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.formats.common import RawResult
from auyl.intake.drift import HISTORY_PERIODS, ColumnProfile, Drift, Profile, compare, profile
from auyl.intake.handback import merge, with_references
from auyl.intake.land import files_of
from auyl.settings import Settings, from_environment
from auyl.stage import scan as check
from auyl.stage.suites import Suite
from auyl.stage.suites import load as load_suite
from auyl.store import duck, paths
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import LOAD, lock


@dataclass(frozen=True)
class BatchResult:
    """What became of a delivery. `status` is accepted, unchanged (accepted before) or refused."""

    registry: str
    period: str
    delivery_id: int
    status: str
    batch_id: int | None = None
    rows_in: int = 0
    staged: int = 0
    linkable: int = 0
    quarantined: int = 0
    duplicates: int = 0
    warned: int = 0
    refusal: str | None = None
    failed: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    drifts: list[Drift] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Rows that the owner gets back to correct."""
        return self.linkable + self.quarantined

    @property
    def accepted(self) -> bool:
        """Does its content count?"""
        return self.status in ("accepted", "unchanged")


# Batches of another layout of the lake are made anew.
LAYOUT = b"linkable beside stage"


def rules_digest(settings: Settings, contract: Contract) -> str:
    """sha256 over all that decides what becomes of a row: contract, suite, stage SQL and macros."""
    total = hashlib.sha256()
    files = [
        contract.path,
        settings.expectations / f"{contract.suite}.json",
        settings.include / "sql" / "stage" / f"{contract.stage}.sql",
        *sorted((settings.include / "sql" / "macros").glob("*.sql")),
    ]
    for path in files:
        total.update(path.read_bytes())
    total.update(LAYOUT)
    return total.hexdigest()


def load(delivery_id: int, settings: Settings | None = None) -> BatchResult:
    """Load a delivery. A refused extract is returned as such and written down; nothing of it reaches stage."""
    settings = settings or from_environment()
    delivery = ledger.delivery(settings, delivery_id)
    contract = contracts.load(delivery.registry, settings.include)
    rules = rules_digest(settings, contract)
    with lock(settings, LOAD, delivery.registry, delivery.period):
        known = ledger.find_batch(settings, delivery_id, rules)
        if known is not None:
            return _result(known, "unchanged")
        try:
            return _load(settings, contract, delivery, rules)
        except ExtractRefused as refusal:
            ledger.add_refusal(
                settings, delivery.registry, delivery.period, str(refusal), refusal.as_dict(), delivery_id, rules
            )
            return BatchResult(delivery.registry, delivery.period, delivery_id, "refused", refusal=str(refusal))


def _result(batch: ledger.Batch, status: str) -> BatchResult:
    return BatchResult(
        batch.registry, batch.period, batch.delivery_id, status, batch.batch_id, batch.rows_in, batch.staged,
        batch.linkable, batch.quarantined, batch.duplicates, batch.warned, notes=batch.notes,
    )  # fmt: skip


def _load(settings: Settings, contract: Contract, delivery: ledger.Delivery, rules: str) -> BatchResult:
    lake = Lake(settings.lake)
    suite = load_suite(contract.suite, settings.expectations)
    raw_path = paths.raw_folder(contract.registry, delivery.period, delivery.digest, contract.digest)
    name = paths.batch_name(contract.registry, delivery.period, delivery.digest, rules)
    con = duck.cursor(settings, lake)
    try:
        with tempfile.TemporaryDirectory(prefix="auyl-", dir=settings.home / "spill") as folder:
            files = files_of(lake, delivery, Path(folder))
            read_as = contract if delivery.corrects_batch_id is None else with_references(contract)
            raw = formats.read(read_as, files, lake.prepare(raw_path), con, Path(folder))
            _check_envelope(contract, delivery, files, raw)
        if delivery.corrects_batch_id is not None:
            raw = merge(con, settings, contract, delivery, raw, raw_path)
        set_person_key(con, settings)
        parts = [lake.address(path) for path in lake.files(raw_path)]
        stage_sql = duck.sql(settings.include / "sql" / "stage" / f"{contract.stage}.sql")
        check.define_views(con, contract, parts, delivery.period, stage_sql)
        account = check.scan(con, contract, suite, Counter(reject.rule for reject in raw.rejects))
        if account.rows_in != raw.rows_in:
            raise RuntimeError(f"{contract.registry}: {raw.rows_in} rows were read and {account.rows_in} scanned")
        quarantine_path = paths.quarantine_file(name)
        lake.prepare(paths.folder_of(quarantine_path))
        rejects = [(r.file, r.line, r.text, r.rule) for r in raw.rejects]
        kept_back = check.write_quarantine(con, contract, suite, rejects, lake.address(quarantine_path))
        if kept_back != account.rejected + account.duplicates:
            raise RuntimeError(f"{contract.registry}: quarantine holds {kept_back} rows, not those of {account}")
        looks = profile(con, contract, raw)
        breaches = judge_batch(settings, contract, delivery, suite, account)
        if breaches:
            return _refuse(settings, contract, delivery, rules, account, breaches, quarantine_path)
        stage_path = paths.stage_file(name)
        lake.prepare(paths.folder_of(stage_path))
        staged = check.write_stage(con, contract, suite, lake.address(stage_path))
        if contract.feeds_vault:
            identity = paths.identity_file(name)
            lake.prepare(paths.folder_of(identity))
            check.write_identity(con, contract, lake.address(identity))
        linkable, linkable_path = 0, None
        if contract.names_person:
            linkable_path = paths.linkable_file(name)
            lake.prepare(paths.folder_of(linkable_path))
            linkable = check.write_linkable(con, contract, lake.address(linkable_path))
        if (staged, linkable) != (account.staged, account.linkable) or not account.balances:
            raise RuntimeError(
                f"{contract.registry}: the account does not balance: {staged} staged and {linkable} linkable of "
                f"{account}"
            )
    finally:
        con.close()
    severities = {rule.rule: rule.severity for rule in suite.row_rules}
    drifts = compare(looks, _history(settings, delivery), contract)
    former = ledger.same_bytes(settings, delivery.registry, delivery.period, delivery.digest)
    if former:
        drifts.append(Drift("same_bytes", None, f"another extract than that of {former}", "the very same bytes"))
    batch = ledger.add_batch(
        settings,
        {
            "delivery_id": delivery.delivery_id,
            "rules_digest": rules,
            "raw_path": raw_path,
            "stage_path": stage_path,
            "quarantine_path": quarantine_path,
            "linkable_path": linkable_path,
            "rows_in": account.rows_in,
            "staged": account.staged,
            "linkable": account.linkable,
            "quarantined": account.quarantined,
            "duplicates": account.duplicates,
            "warned": account.warned,
            "notes": {"unknown_columns": sorted(raw.unknown_columns), "files": raw.rows, "envelope": raw.envelope},
        },
        [(rule, severities.get(rule, "critical"), n) for rule, n in account.failed.items()],
        [{**asdict(c), "categories": list(c.categories) if c.categories else None} for c in looks.columns.values()],
        [asdict(drift) for drift in drifts],
    )
    return BatchResult(
        contract.registry, delivery.period, delivery.delivery_id, "accepted", batch.batch_id, account.rows_in,
        account.staged, account.linkable, account.quarantined, account.duplicates, account.warned, None,
        account.failed, batch.notes, drifts,
    )  # fmt: skip


def _history(settings: Settings, delivery: ledger.Delivery) -> list[Profile]:
    return [
        Profile(rows, {c["name"]: ColumnProfile(**c) for c in columns})
        for rows, columns in ledger.profiles(settings, delivery.registry, delivery.period, HISTORY_PERIODS)
    ]


def _check_envelope(contract: Contract, delivery: ledger.Delivery, files: list[Path], raw: RawResult) -> None:
    stated = raw.envelope.get("period")
    if stated is not None and stated != delivery.period:
        raise contract.refusal(files[0], f"period {delivery.period}", f"period {stated}", column="period")


def judge_batch(
    settings: Settings, contract: Contract, delivery: ledger.Delivery, suite: Suite, account: check.Account
) -> list[str]:
    """What of the suite the batch as a whole breaches, in words."""
    import pandas

    from auyl.stage.judge import judge

    former = ledger.rows_of_former(settings, contract.registry, delivery.period)
    outcome = {
        "rows_in": account.rows_in,
        "share_quarantined": account.rejected / account.rows_in,
        "share_duplicates": account.duplicates / account.rows_in,
        "rows_to_previous": account.rows_in / former if former and not contract.is_delta else None,
    }
    outcome |= {f"share_failed:{rule}": n / account.rows_in for rule, n in account.failed.items()}
    expectations = list(suite.batch_expectations)
    expectations += [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": f"share_failed:{rule.rule}", "max_value": round(1 - rule.mostly, 9)},
            "severity": rule.severity,
            "meta": {"rule": rule.rule, "reason_ru": rule.reason_ru, "reason_kk": rule.reason_kk},
        }
        for rule in suite.row_rules
        if rule.mostly is not None
    ]
    return judge(suite.name, expectations, pandas.DataFrame([outcome]).dropna(axis="columns"))


def _refuse(
    settings: Settings,
    contract: Contract,
    delivery: ledger.Delivery,
    rules: str,
    account: check.Account,
    breaches: list[str],
    quarantine_path: str,
) -> BatchResult:
    worst = sorted(account.failed.items(), key=lambda item: -item[1])[:5]
    found = f"{'; '.join(breaches)}. Rules broken most: {', '.join(f'{rule} {n}' for rule, n in worst) or 'none'}"
    refusal = contract.refusal(delivery.landing_path, f"a batch that keeps the suite {contract.suite}", found)
    details = refusal.as_dict() | {"failed": account.failed, "rows_in": account.rows_in, "breaches": breaches}
    ledger.add_refusal(
        settings,
        contract.registry,
        delivery.period,
        str(refusal),
        details,
        delivery.delivery_id,
        rules,
        quarantine_path,
    )
    return BatchResult(
        contract.registry, delivery.period, delivery.delivery_id, "refused", None, account.rows_in, 0,
        account.linkable, account.quarantined, account.duplicates, account.warned, str(refusal), account.failed,
    )  # fmt: skip
