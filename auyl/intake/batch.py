"""Load: one delivery from landing through raw and the scan to stage and quarantine, finished by one ledger row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl import contracts, formats, ledger
from auyl.contracts import Contract, shown
from auyl.errors import ExtractRefused, place_of
from auyl.formats.common import RawResult, period_in_words
from auyl.intake import whole_reading
from auyl.intake.corrections import merge, with_references
from auyl.intake.drift import (
    HISTORY_PERIODS,
    ColumnProfile,
    Drift,
    Profile,
    compare,
    compare_cells,
    compare_files,
    profile,
)
from auyl.intake.land import files_of, refuse_lost
from auyl.settings import Settings, from_environment
from auyl.stage import scan as check
from auyl.stage import suites
from auyl.stage.oblast import oblast_rule, oblasts_of_rows
from auyl.stage.suites import IN_OBLAST, WRONG_OBLAST
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import LOAD, lock
from auyl.store.spill import spill_folder

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class BatchResult:
    """What became of a delivery. `status` is accepted, unchanged (accepted before), refused, withdrawn or erased.

    `refusal` says why it was refused, withdrawn or erased.
    """

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
    def periods(self) -> list[str]:
        """The periods for which other rows count now: its own, and those that rows have left for it."""
        return [self.period, *(d.name for d in self.drifts if d.kind == ledger.ROWS_MOVED and d.name)]

    @property
    def accepted(self) -> bool:
        """Does its content count?"""
        return self.status in ("accepted", "unchanged")


ACCOUNT = ("rows_in", "staged", "linkable", "quarantined", "duplicates", "warned")
# Batches of another layout of the lake are made again.
LAYOUT = b"rows without an attribute in quarantine and stage"


def rules_digest(settings: Settings, contract: Contract) -> str:
    """sha256 over all that decides what becomes of a row: contract, suite, stage SQL, macros and the oblast."""
    total = hashlib.sha256()
    files = [
        contract.path,
        *suites.files(contract.suite, settings.expectations),
        settings.include / "sql" / "stage" / f"{contract.stage}.sql",
        *sorted((settings.include / "sql" / "macros").glob("*.sql")),
    ]
    for path in files:
        total.update(path.read_bytes())
    if in_oblast := oblast_rule(settings, lake_of(settings), contract):
        total.update(in_oblast.broken.encode())
    total.update(LAYOUT)
    return total.hexdigest()


def load(delivery_id: int, settings: Settings | None = None, why: ledger.Decision | None = None) -> BatchResult:
    """Load a delivery. A refused extract is returned as such and written down; nothing of it reaches stage.

    Of several batches of a delivery, the one under the rules of today counts afterwards. A refused delivery keeps the
    batch that it has. `why` is written beside a batch that counts only since this load.

    An error of ours or of the set-up is raised; the delivery stays landed, with the reason beside it.

    A delivery that a person has withdrawn, or whose bytes were erased, is left as it is.
    """
    settings = settings or from_environment()
    delivery = ledger.delivery(settings, delivery_id)
    contract = contracts.load(delivery.registry, settings.include)
    rules = rules_digest(settings, contract)
    with lock(settings, LOAD, delivery.registry, delivery.period):
        erased = ledger.erasure(settings, delivery_id)
        if erased is not None:
            return _result(delivery, "erased", refusal=f"{delivery.registry} {delivery.period}: {erased}")
        withdrawn = ledger.withdrawn(settings, delivery_id)
        if withdrawn is not None:
            return _result(delivery, "withdrawn", refusal=f"{delivery.registry} {delivery.period}: {withdrawn}")
        known = ledger.find_batch(settings, delivery_id, rules)
        lake = lake_of(settings)
        if known is not None and _is_whole(lake, contract, known):
            current = ledger.find_batch(settings, delivery_id)
            is_current = current is not None and current.batch_id == known.batch_id
            if not is_current:
                _count_again(settings, contract, known, why)
            status = "unchanged" if is_current else "accepted"
            return _result(delivery, status, known, batch_id=known.batch_id, notes=known.notes)
        try:
            in_oblast = oblast_rule(settings, lake, contract)
            suite = suites.load(contract.suite, settings.expectations, *([in_oblast] if in_oblast else []))
            refuse_lost(settings, lake, delivery)
            return _load(_Work(settings, lake, contract, suite, delivery, rules, why, known))
        except ExtractRefused as refusal:
            ledger.add_refusal(
                settings, delivery.registry, delivery.period, str(refusal), refusal.as_dict(), delivery_id, rules,
                only_new=why is not None,
            )  # fmt: skip
            return _result(delivery, "refused", refusal=str(refusal))
        except Exception as error:
            _note_failure(settings, contract, delivery, rules, error)
            raise


def _is_whole(lake: Lake, contract: Contract, batch: ledger.Batch) -> bool:
    """Does the lake have the files of a batch? Lost ones are made again from the landed bytes, in the same place."""
    identity = paths.identity_file(batch.name) if contract.feeds_vault else None
    addresses = paths.address_text_file(batch.name) if contract.private_address else None
    named = (batch.stage_path, batch.quarantine_path, batch.linkable_path, identity, addresses)
    return all(lake.exists(path) for path in named if path) and bool(lake.files(batch.raw_path))


def _note_failure(
    settings: Settings, contract: Contract, delivery: ledger.Delivery, rules: str, error: Exception
) -> None:
    """Leave the reason beside the delivery, as far as the ledger can be reached; the error itself is raised on."""
    found = f"{place_of(error)}. The extract was not judged; load it again when that is corrected"
    failure = contract.refusal(delivery.landing_path, "a load that ends", found, owner="a data engineer")
    with suppress(Exception):
        ledger.add_refusal(
            settings,
            delivery.registry,
            delivery.period,
            str(failure),
            failure.as_dict() | {"is_failure": True},
            delivery.delivery_id,
            rules,
        )


def _result(
    delivery: ledger.Delivery, status: str, account: check.Account | ledger.Batch | None = None, **more: Any
) -> BatchResult:
    counts = {name: getattr(account, name) for name in ACCOUNT if account}
    return BatchResult(delivery.registry, delivery.period, delivery.delivery_id, status, **counts | more)


@dataclass(frozen=True)
class _Work:
    """What loading a delivery needs, and the paths of what it makes."""

    settings: Settings
    lake: Lake
    contract: Contract
    suite: suites.Suite
    delivery: ledger.Delivery
    rules: str
    why: ledger.Decision | None = None
    # The batch of these rules whose files were lost.
    known: ledger.Batch | None = None

    @property
    def raw_path(self) -> str:
        of, contract = self.delivery, self.contract
        return paths.raw_folder(of.registry, of.period, of.digest, contract.digest, contract.has_private_texts)

    def quarantine_file(self, batch: str) -> str:
        return paths.quarantine_file(batch, self.contract.has_private_texts)

    def file(self, path_of: Callable[[str], str]) -> str:
        """A file of the batch; `path_of` is one of the functions of `paths` that take its name."""
        return path_of(paths.batch_name(self.contract.registry, self.delivery.period, self.delivery.digest, self.rules))

    def prepare(self, path_of: Callable[[str], str]) -> str:
        """The address of a file of the batch, in a folder that is ready for it."""
        self.lake.prepare(paths.folder_of(self.file(path_of)))
        return self.lake.address(self.file(path_of))


def _load(work: _Work) -> BatchResult:
    with duck.cursor(work.settings, work.lake) as con:
        raw = _parse(work, con)
        account, typed = _check(work, con, raw)
        shape = profile(con, work.contract, raw)
        history = _history(work.settings, work.delivery)
        breaches = judge_batch(work.contract, work.suite, account, history[0].rows if history else None)
        if breaches:
            return _refuse(work, account, breaches, oblasts_of_rows(con, work.contract))
        _stage(work, con, account, typed)
        found = compare_cells(con, work.contract, shape)
        found += whole_reading.differences(con, work.settings, work.contract, work.delivery)
        staged = work.file(paths.stage_file)
        found += whole_reading.moved(con, work.settings, work.contract, work.delivery, staged)
    found = compare(shape, history, work.contract) + compare_files(raw, work.contract) + found
    return _record(work, raw, account, shape, found)


def _parse(work: _Work, con: duckdb.DuckDBPyConnection) -> RawResult:
    """Write the rows of the landed files to raw, as text; of corrected rows, those of the whole batch."""
    contract, delivery = work.contract, work.delivery
    is_correction = delivery.corrects_batch_id is not None
    with spill_folder(work.settings) as folder:
        files = files_of(work.lake, delivery, folder)
        read_as = with_references(contract) if is_correction else contract
        raw = formats.read(read_as, files, work.lake.prepare(work.raw_path), con, folder)
        _check_envelope(contract, delivery, files, raw)
    return merge(con, work.settings, contract, delivery, raw, work.raw_path) if is_correction else raw


def _check(work: _Work, con: duckdb.DuckDBPyConnection, raw: RawResult) -> tuple[check.Account, str]:
    """Hold every row against every rule, write those that are not staged to quarantine; the account and `typed`."""
    set_person_key(con, work.settings)
    parts = [work.lake.address(path) for path in work.lake.files(work.raw_path)]
    over = check.queries(con, work.settings.include, work.contract, parts, work.delivery.period)
    account = check.scan(con, work.contract, work.suite, over.candidate, Counter(r.rule for r in raw.rejects))
    if account.rows_in != raw.rows_in:
        raise RuntimeError(f"{work.contract.registry}: {raw.rows_in} rows were read and {account.rows_in} scanned")
    rejects = [(r.file, r.line, r.text, r.rule) for r in raw.rejects]
    written = check.write_quarantine(con, work.contract, work.suite, rejects, work.prepare(work.quarantine_file))
    if written != account.rejected + account.duplicates + account.partly:
        raise RuntimeError(f"{work.contract.registry}: quarantine holds {written} rows, not those of {account}")
    return account, over.typed


def _stage(work: _Work, con: duckdb.DuckDBPyConnection, account: check.Account, typed: str) -> None:
    """Write the staged and the linkable rows. Raises RuntimeError when they are not those of the account."""
    contract = work.contract
    staged = check.write_stage(con, contract, work.suite, work.prepare(paths.stage_file))
    if contract.feeds_vault:
        check.write_identity(con, contract, work.prepare(paths.identity_file))
    if contract.private_address:
        check.write_addresses(con, contract.private_address, work.prepare(paths.address_text_file))
    linkable = 0
    if contract.names_person:
        linkable = check.write_linkable(con, contract, work.suite, typed, work.prepare(paths.linkable_file))
    if (staged, linkable) != (account.staged, account.linkable) or not account.balances:
        written = f"{staged} staged and {linkable} linkable of {account}"
        raise RuntimeError(f"{contract.registry}: the account does not balance: {written}")


def _record(work: _Work, raw: RawResult, account: check.Account, shape: Profile, found: list[Drift]) -> BatchResult:
    """Accept the batch: one transaction of the ledger. `found` is the drift within its registry."""
    settings, contract, delivery = work.settings, work.contract, work.delivery
    if (known := work.known) is not None:  # its files were lost and are there again
        if any(getattr(known, name) != getattr(account, name) for name in ACCOUNT):
            raise RuntimeError(
                f"{contract.registry}: made again, batch {known.batch_id} has another account: {account}"
            )
        if (current := ledger.find_batch(settings, delivery.delivery_id)) and current.batch_id != known.batch_id:
            _count_again(settings, contract, known, work.why)
        return _result(delivery, "accepted", known, batch_id=known.batch_id, notes=known.notes)
    severities = {rule.rule: rule.severity for rule in work.suite.row_rules}
    drifts = found + _same_bytes(settings, delivery)
    notes = {
        "unknown_columns": shown(contract, sorted(raw.unknown_columns)),
        "files": raw.rows,
        "envelope": raw.envelope,
        "ignored_sheets": raw.ignored,
    }
    batch_id = ledger.add_batch(
        settings,
        {
            "delivery_id": delivery.delivery_id,
            "rules_digest": work.rules,
            "raw_path": work.raw_path,
            "stage_path": work.file(paths.stage_file),
            "quarantine_path": work.file(work.quarantine_file),
            "linkable_path": work.file(paths.linkable_file) if contract.names_person else None,
            **{name: getattr(account, name) for name in ACCOUNT},
            "notes": notes,
        },
        [(rule, severities.get(rule, "critical"), n) for rule, n in account.failed.items()],
        [{**asdict(c), "categories": list(c.categories) if c.categories else None} for c in shape.columns.values()],
        [asdict(drift) for drift in drifts],
        work.why,
    )
    return _result(delivery, "accepted", account, batch_id=batch_id, failed=account.failed, notes=notes, drifts=drifts)


def _count_again(settings: Settings, contract: Contract, known: ledger.Batch, why: ledger.Decision | None) -> None:
    whole_reading.note_moved(settings, contract, [known])
    ledger.add_judgement(settings, known.batch_id, why)


def _same_bytes(settings: Settings, delivery: ledger.Delivery) -> list[Drift]:
    """The extract, or files of it, that came for another period already."""
    same = ledger.same_bytes(settings, delivery.registry, delivery.period, delivery.digest)
    if same:
        return [Drift("same_bytes", None, f"another extract than that of {same}", "the very same bytes")]
    return [
        Drift("same_bytes", file["name"], f"another file than that of {file['period']}", "the very same bytes")
        for file in ledger.same_files(settings, delivery.delivery_id)
    ]


def _history(settings: Settings, delivery: ledger.Delivery) -> list[Profile]:
    return [
        Profile(rows, {c["name"]: ColumnProfile(**c) for c in columns})
        for rows, columns in ledger.profiles(settings, delivery.registry, delivery.period, HISTORY_PERIODS)
    ]


def _check_envelope(contract: Contract, delivery: ledger.Delivery, files: list[Path], raw: RawResult) -> None:
    stated = raw.envelope.get("period")
    if stated is not None and stated != delivery.period:
        raise contract.refusal(
            files[0], f"period {delivery.period}", f"period {period_in_words(stated)}", column="period"
        )


def judge_batch(contract: Contract, suite: suites.Suite, account: check.Account, previous: int | None) -> list[str]:
    """The rules on the whole batch that it breaches, in words. `previous` are the rows of the nearest period before:
    a batch of the same period that is being replaced may be the one that is incomplete.
    """
    import pandas

    from auyl.stage.judge import judge

    outcome = {
        "rows_in": account.rows_in,
        "share_quarantined": account.rejected / account.rows_in,
        "share_partly": account.partly / account.rows_in,
        "share_duplicates": account.duplicates / account.rows_in,
        "rows_to_previous": account.rows_in / previous if previous and not contract.is_delta else None,
    }
    outcome |= {f"share_failed:{rule}": n / account.rows_in for rule, n in account.failed.items()}
    return judge(suite.name, list(suite.batch_expectations), pandas.DataFrame([outcome]).dropna(axis="columns"))


def _refuse(work: _Work, account: check.Account, breaches: list[str], oblasts: dict[str, int]) -> BatchResult:
    worst = sorted(account.failed.items(), key=lambda item: -item[1])[:5]
    found = f"{'; '.join(breaches)}. Rules broken most: {', '.join(f'{rule} {n}' for rule, n in worst) or 'none'}"
    contract, delivery = work.contract, work.delivery
    expected = f"a batch that satisfies the suite {contract.suite}"
    if account.failed.get(IN_OBLAST.rule, 0) > WRONG_OBLAST * account.rows_in:
        ours = work.settings.oblast_kato
        expected = f"an extract of this oblast: codes that begin with {ours[:2]} (AUYL_OBLAST is {ours})"
        rows = ", ".join(f"{n} rows with {code}…" for code, n in list(oblasts.items())[:5])
        found = f"an extract of another oblast: {rows}. {found}"
    refusal = contract.refusal(delivery.landing_path, expected, found)
    ledger.add_refusal(
        work.settings,
        contract.registry,
        delivery.period,
        str(refusal),
        refusal.as_dict() | {"failed": account.failed, "rows_in": account.rows_in, "breaches": breaches},
        delivery.delivery_id,
        work.rules,
        work.file(work.quarantine_file),
        only_new=work.why is not None,
    )
    return _result(delivery, "refused", account, staged=0, refusal=str(refusal), failed=account.failed)
