"""One mutant through intake: its outcome, and whether that is right.

A mutant is **refused** by an ExtractRefused that names its registry and one of its files, or **accepted** with an
account that balances in the files written. Anything else is a fault:

crash       another exception
unnamed     a refusal without the registry or the file
unbalanced  rows_in ≠ staged + linkable + quarantined + duplicates, as counted in the files of stage and quarantine
lost        fewer rows were read than an independent, lenient reader sees records
misread     a record that this reader can parse was read differently, or one was read that does not exist
changed     a staged value is none that an independent reading of the same cell allows
emptied     a cell that holds something is missing in stage, and its row does not name the column, or it is required
cut         accepted although the end of a file is missing. A cut just after a record leaves a valid CSV or JSON-lines
            file: that is reported as `cut at record`, and only a stated count, a marker with a size or the volume
            compared with the previous period can reveal it.
foreign     accepted although it is a file of another registry
period      accepted with its rows staged although it states another period
quoted      a refusal, a log record, a note or drift holds a cell of the extract
greedy      took more memory than a small file may
slow        took more processor time than a small file may
"""

from __future__ import annotations

import logging
import re
import resource
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auyl import contracts, formats, ledger
from auyl.errors import ExtractRefused
from auyl.formats.common import RawResult
from auyl.intake import batch, drift
from auyl.settings import Settings
from auyl.stage import scan as check
from auyl.stage.suites import load as load_suite
from auyl.store import duck
from tests.formats.fuzz import memory, oracle, tables
from tests.formats.fuzz.corpus import PERIOD
from tests.formats.fuzz.mutations import Mutant, good_files
from tests.formats.fuzz.readers import heading

REFUSED, ACCEPTED, AT_RECORD = "refused", "accepted", "cut at record"
FAULTS = (
    "crash", "unnamed", "unbalanced", "lost", "misread", "changed", "emptied", "cut", "foreign", "period", "quoted",
    "greedy", "slow",
)  # fmt: skip
# A mutant is small; what a reader in a child process may take is bounded there.
MOST_BYTES, MOST_SECONDS = 600 << 20, 30.0
# A cell of fewer signs occurs in any text; these words are of JSON.
IS_PERIOD = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}$|{PERIOD}")
QUOTED_FROM, CONSTANTS = 5, ("Infinity", "-Infinity", "false")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a mutant; `detail` says why."""

    mutant: Mutant
    became: str
    detail: str = ""

    @property
    def is_fault(self) -> bool:
        """Is the outcome a fault of the product?"""
        return self.became in FAULTS

    def __str__(self) -> str:
        registry = self.mutant.sample.contract.registry
        return f"{registry}: {self.mutant.kind} ({self.mutant.what}): {self.became} {self.detail}"


class _Log(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage() + str(record.exc_info or ""))


class Laboratory:
    """One DuckDB for many trials, with the contracts of `settings`; without ledger and PostgreSQL.

    Each trial has a connection of its own, whose temporary tables go with it. One thread: an extract is small.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._database = duck.connect(replace(settings, threads=1))
        self.con = self._database
        self._cells: dict[str, frozenset[str]] = {}
        self._headings: dict[str, list[str]] = {}
        self._read: tuple[Mutant, oracle.Source] | None = None

    def close(self) -> None:
        """Close DuckDB."""
        self._database.close()

    def run(self, mutant: Mutant) -> Outcome:
        """Read, check and stage a mutant as `intake.load` does."""
        folder = Path(tempfile.mkdtemp(prefix="auyl-fuzz-"))
        log = _Log()
        logging.getLogger().addHandler(log)
        self.con = self._database.cursor()
        started = _processor_seconds()
        try:
            with memory.Peak() as peak:
                outcome = self._outcome(mutant, folder, log.lines)
            seconds = _processor_seconds() - started
            if outcome.is_fault:
                return outcome
            if peak.bytes > MOST_BYTES:
                return Outcome(mutant, "greedy", f"{peak.bytes >> 20} MiB")
            if seconds > MOST_SECONDS:
                return Outcome(mutant, "slow", f"{seconds:.0f} s")
            quoted = self._quoted(mutant, log.lines)
            return Outcome(mutant, "quoted", f"«{quoted}» in: {outcome.detail} {log.lines}") if quoted else outcome
        finally:
            logging.getLogger().removeHandler(log)
            self.con.close()
            shutil.rmtree(folder, ignore_errors=True)

    def _outcome(self, mutant: Mutant, folder: Path, said: list[str]) -> Outcome:
        try:
            return self._run(mutant, folder, said)
        except ExtractRefused as refusal:
            # Beside the names of its file and sheet.
            said += [refusal.expected, refusal.found]
            # The refusal of a reader that failed in a way nobody foresaw.
            if f"the reader of {mutant.sample.contract.format} failed: " in refusal.found:
                return Outcome(mutant, "crash", refusal.found)
            return named(mutant, refusal)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            return Outcome(mutant, "crash", f"{type(error).__name__}: {str(error)[:300]}")

    def _run(self, mutant: Mutant, folder: Path, said: list[str]) -> Outcome:
        contract, con = mutant.sample.contract, self.con
        for name in ("drop", "raw", "work"):
            (folder / name).mkdir()
        files = []
        for name, content in sorted(mutant.delivered().items()):
            files.append(folder / "drop" / name)
            files[-1].write_bytes(content)
        suite = load_suite(contract.suite, self.settings.expectations)
        con.execute("set timezone = 'UTC'")
        raw = formats.read(contract, files, str(folder / "raw"), con, folder / "work")
        delivery = ledger.Delivery(0, contract.registry, PERIOD, "", datetime.now(tz=UTC), None, "", "")
        batch._check_envelope(contract, delivery, files, raw)
        batch.set_person_key(con, self.settings)
        parts = [str(path) for path in sorted((folder / "raw").glob("*.parquet"))]
        over = check.queries(con, self.settings.include, contract, parts, PERIOD)
        rejects = Counter(reject.rule for reject in raw.rejects)
        account = check.scan(con, contract, suite, over.candidate, rejects)
        kept = [(r.file, r.line, r.text, r.rule) for r in raw.rejects]
        check.write_quarantine(con, contract, suite, kept, str(folder / "quarantine.parquet"))
        check.write_stage(con, contract, suite, str(folder / "stage.parquet"))
        drifts = drift.compare(drift.profile(con, contract, raw), [], contract)
        if account.rejected <= account.rows_in / 2:  # else the batch is refused, and its notes are not written
            said += [
                *contracts.shown(contract, sorted(raw.unknown_columns)),
                *(f"{one.kind} {one.name} {one.found}" for one in drifts),
            ]
        return self._judge(mutant, folder, account, raw)

    def _judge(self, mutant: Mutant, folder: Path, account: check.Account, raw: RawResult) -> Outcome:
        contract, con = mutant.sample.contract, self.con
        quarantine = folder / "quarantine.parquet"
        ((staged,),) = con.execute(f"select count(*) from '{folder / 'stage.parquet'}'").fetchall()
        outcomes = dict(con.execute(f"select _outcome, count(*) from '{quarantine}' group by 1").fetchall())
        counted = (raw.rows_in, staged, *(outcomes.get(name, 0) for name in ("linkable", "quarantined", "duplicate")))
        ours = (account.rows_in, account.staged, account.linkable, account.quarantined, account.duplicates)
        if counted != ours or not account.balances:
            return Outcome(mutant, "unbalanced", f"files {counted}, account {ours}")
        source = self._source(mutant)
        seen = len(source.records) + source.unparsed
        if raw.rows_in < seen:
            return Outcome(mutant, "lost", f"{raw.rows_in} came in, {seen} are seen")
        if contract.format not in ("xlsx", "xls"):
            difference = oracle.misread(contract, source, con, folder, len(raw.rejects))
            if difference:
                return Outcome(mutant, "misread", difference)
        fault = oracle.compare(contract, source, con, folder, self.settings)
        if fault:
            return Outcome(mutant, *fault)
        if mutant.is_cut:
            return Outcome(mutant, AT_RECORD if mutant.at_record else "cut")
        if mutant.is_foreign:
            return Outcome(mutant, "foreign")
        if mutant.kind == "other_period" and staged > account.rows_in / 2:
            return Outcome(mutant, "period", f"{staged} of {account.rows_in} staged")
        return Outcome(mutant, ACCEPTED)

    def _source(self, mutant: Mutant) -> oracle.Source:
        if self._read is None or self._read[0] is not mutant:
            self._read = mutant, oracle.read(mutant.sample.contract, mutant.delivered())
        return self._read[1]

    def _quoted(self, mutant: Mutant, said: list[str]) -> str | None:
        """A cell of the extract that stands in a text."""
        if not said:
            return None
        contract = mutant.sample.contract
        if contract.registry not in self._cells:
            self._cells[contract.registry] = frozenset(oracle.read(contract, good_files(mutant.sample)).texts)
            good = next(iter(mutant.sample.files.values()))
            self._headings[contract.registry] = tables.load(contract, good).headings
        known = heading(f"{vars(contract)} {[*mutant.files]} {self._headings[contract.registry]} {CONSTANTS}")
        damaged = self._source(mutant).texts
        for line in said:
            for cell in {*self._cells[contract.registry], *damaged}:
                is_quoted = len(cell) >= QUOTED_FROM and cell in line
                if is_quoted and not IS_PERIOD.match(cell) and heading(cell) not in known:
                    return cell
        return None


def _processor_seconds() -> float:
    """Of this process and its children: on a busy machine, time that passes says nothing about a reader."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def named(mutant: Mutant, refusal: ExtractRefused) -> Outcome:
    """Does the refusal name the registry and the file?"""
    files = mutant.delivered()
    if refusal.registry != mutant.sample.contract.registry or not refusal.file.startswith(tuple(files)):
        return Outcome(mutant, "unnamed", str(refusal))
    return Outcome(mutant, REFUSED, str(refusal))
