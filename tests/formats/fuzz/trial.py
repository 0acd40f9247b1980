"""One mutant through intake: its outcome, and whether that is right.

A mutant is **refused** by an ExtractRefused that names its registry and one of its files, or **accepted** with an
account that balances in the files written. Anything else is a fault:

crash       another exception
unnamed     a refusal without the registry or the file
unbalanced  rows_in ≠ staged + linkable + quarantined + duplicates, as counted in the files of stage and quarantine
lost        fewer rows were read than an independent, lenient reader sees records
misread     a record that this reader can parse was read differently, or one was read that does not exist
cut         accepted although the end of a file is missing. A cut just after a record leaves a valid CSV or JSON-lines
            file: that is reported as `cut at record`, and only a stated count, a marker with a size or the volume
            compared with the previous period can reveal it.
foreign     accepted although it is a file of another registry
period      accepted with its rows staged although it states another period
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auyl import formats, ledger
from auyl.contracts import GEOMETRY
from auyl.errors import ExtractRefused
from auyl.intake import batch
from auyl.settings import Settings
from auyl.stage import scan as check
from auyl.stage.suites import load as load_suite
from auyl.store import duck
from auyl.store.duck import identifier
from tests.formats.fuzz import readers
from tests.formats.fuzz.corpus import PERIOD
from tests.formats.fuzz.mutations import Mutant

REFUSED, ACCEPTED, AT_RECORD = "refused", "accepted", "cut at record"
FAULTS = ("crash", "unnamed", "unbalanced", "lost", "misread", "cut", "foreign", "period")


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


class Laboratory:
    """One DuckDB for many trials, with the contracts of `settings`; without ledger and PostgreSQL."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.con = duck.connect(settings)
        batch.set_person_key(self.con, settings)

    def close(self) -> None:
        """Close DuckDB."""
        self.con.close()

    def run(self, mutant: Mutant) -> Outcome:
        """Read, check and stage a mutant as `intake.load` does."""
        folder = Path(tempfile.mkdtemp(prefix="auyl-fuzz-"))
        try:
            return self._run(mutant, folder)
        except ExtractRefused as refusal:
            # The refusal of a reader that failed in a way nobody foresaw.
            if f"the reader of {mutant.sample.contract.format} failed: " in refusal.found:
                return Outcome(mutant, "crash", refusal.found)
            return named(mutant, refusal)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            return Outcome(mutant, "crash", f"{type(error).__name__}: {str(error)[:300]}")
        finally:
            for kind, name in self.con.execute(
                "select table_type, table_name from information_schema.tables where table_schema = 'main'"
            ).fetchall():
                self.con.execute(f"drop {'view' if kind == 'VIEW' else 'table'} if exists {identifier(name)}")
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, mutant: Mutant, folder: Path) -> Outcome:
        contract, con = mutant.sample.contract, self.con
        for name in ("drop", "raw", "work"):
            (folder / name).mkdir()
        files = []
        for name, content in sorted(mutant.delivered().items()):
            files.append(folder / "drop" / name)
            files[-1].write_bytes(content)
        suite = load_suite(contract.suite, self.settings.expectations)
        raw = formats.read(contract, files, str(folder / "raw"), con, folder / "work")
        delivery = ledger.Delivery(0, contract.registry, PERIOD, "", datetime.now(tz=UTC), None, "", "")
        batch._check_envelope(contract, delivery, files, raw)
        parts = [str(path) for path in sorted((folder / "raw").glob("*.parquet"))]
        check.define_views(con, self.settings.include, contract, parts, PERIOD)
        rejects = Counter(reject.rule for reject in raw.rejects)
        account = check.scan(con, contract, suite, rejects)
        kept = [(r.file, r.line, r.text, r.rule) for r in raw.rejects]
        check.write_quarantine(con, contract, suite, kept, str(folder / "quarantine.parquet"))
        check.write_stage(con, contract, suite, str(folder / "stage.parquet"))
        return self._judge(mutant, folder, account, len(raw.rejects), raw.rows_in)

    def _judge(self, mutant: Mutant, folder: Path, account: check.Account, rejects: int, rows_in: int) -> Outcome:
        contract, con = mutant.sample.contract, self.con
        quarantine = folder / "quarantine.parquet"
        ((staged,),) = con.execute(f"select count(*) from '{folder / 'stage.parquet'}'").fetchall()
        outcomes = dict(con.execute(f"select _outcome, count(*) from '{quarantine}' group by 1").fetchall())
        counted = (rows_in, staged, *(outcomes.get(name, 0) for name in ("linkable", "quarantined", "duplicate")))
        ours = (account.rows_in, account.staged, account.linkable, account.quarantined, account.duplicates)
        if counted != ours or not account.balances:
            return Outcome(mutant, "unbalanced", f"files {counted}, account {ours}")
        seen = [one for content in _contents(mutant) for one in readers.records(contract, content)]
        if rows_in < len(seen):
            return Outcome(mutant, "lost", f"{rows_in} came in, {len(seen)} are seen")
        if contract.format not in ("xlsx", "xls"):
            # The independent reader looks at properties; what a place is, tests of the format hold.
            columns = ", ".join(
                "''" if c.source.startswith(GEOMETRY) else f"coalesce({identifier(c.name)}, '')"
                for c in contract.columns
            )
            came = Counter(con.execute(f"select {columns} from raw").fetchall())
            there = Counter(one for one in seen if one is not None)
            if came != there or rejects != len(seen) - there.total():
                odd = [*(came - there), *(there - came)][:2]
                return Outcome(mutant, "misread", f"{rejects} rejects, {len(seen)} seen; {str(odd)[:300]}")
        if mutant.is_cut:
            return Outcome(mutant, AT_RECORD if mutant.at_record else "cut")
        if mutant.is_foreign:
            return Outcome(mutant, "foreign")
        if mutant.kind == "other_period" and staged > account.rows_in / 2:
            return Outcome(mutant, "period", f"{staged} of {account.rows_in} staged")
        return Outcome(mutant, ACCEPTED)


def _contents(mutant: Mutant) -> list[bytes]:
    if mutant.kind.startswith("archive_"):
        import io
        import zipfile

        with zipfile.ZipFile(io.BytesIO(mutant.files["extract.zip"])) as archive:
            return [archive.read(name) for name in archive.namelist()]
    return list(mutant.files.values())


def named(mutant: Mutant, refusal: ExtractRefused) -> Outcome:
    """Does the refusal name the registry and the file?"""
    files = mutant.delivered()
    if refusal.registry != mutant.sample.contract.registry or not refusal.file.startswith(tuple(files)):
        return Outcome(mutant, "unnamed", str(refusal))
    return Outcome(mutant, REFUSED, str(refusal))
