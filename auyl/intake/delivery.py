"""Pull: ask a source for a period and land what it gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from auyl import contracts, ledger, sources
from auyl.contracts import Contract
from auyl.errors import AuylError, ConnectionUnusable, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.intake import whole_reading
from auyl.intake.age import Age, age_of, refuse_month_to_come
from auyl.intake.land import BY_OPERATOR, Arrival, files_of, land, refusing_odd_files
from auyl.intake.references import corrected_batch
from auyl.periods import LOCAL, PERIOD
from auyl.settings import Settings, connection_from_environment, from_environment
from auyl.sources.drop_folder import AS_LISTED, incompleteness, is_marker
from auyl.store.binding import lake_of
from auyl.store.locks import PULL, lock
from auyl.store.spill import partial_folder, remove_partial, spill_folder


def pull(
    registry: str,
    period: str,
    connection: Callable[[str], str] = connection_from_environment,
    settings: Settings | None = None,
) -> int:
    """Ask the source of `registry` for `period`, land its answer, return the delivery's number.

    `connection` turns the name that the contract gives into an address with credentials. When the source has nothing
    new since the last delivery, that one's number is returned and nothing is fetched.
    Raises SourceNotReady, SourceUnavailable, ConnectionUnusable, and ExtractRefused when its answer cannot be right.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    address = connection(contract.connection)
    lake = lake_of(settings)
    # Two pulls at once would ask the source for the same twice.
    with lock(settings, PULL, registry, period), spill_folder(settings) as work:
        previous = ledger.previous_delivery(settings, registry, period, accepted=contract.is_delta)
        landed = lake.files(previous.landing_path) if previous else []
        is_resumed = bool(landed) and not whole_reading.is_due(settings, contract, period, datetime.now(tz=LOCAL))
        history = sources.PullHistory(
            previous.watermark if previous and is_resumed else None,
            ledger.pull_note(settings, registry, period),
            lambda note: ledger.write_pull_note(settings, registry, period, note),
            (lambda name: lake.read(f"{previous.landing_path}/{name}")) if previous else None,
            () if contract.is_delta else ledger.current_files(settings, registry, period),
            partial_folder(settings, registry, period),
        )
        with _looks(settings, contract, period):
            refuse_month_to_come(contract, period, contract.way, "whoever started it")
            pulled = sources.pull(contract, period, address, work, history)
            if pulled.is_unchanged and previous is not None:
                look = ledger.Look(registry, period, "unchanged", pulled.source, previous.delivery_id, pulled.watermark)
                ledger.add_look(settings, look)
                number = previous.delivery_id
            else:
                reused = files_of(lake, previous, work, pulled.reused) if previous and pulled.reused else []
                number = _land_pulled(settings, contract, period, pulled, [*pulled.files, *reused])
        history.remember(None)
        remove_partial(settings, registry, period)
        return number


@contextmanager
def _looks(settings: Settings, contract: Contract, period: str) -> Iterator[None]:
    """Write down a look that ends without a delivery, and why; the next pull starts without a note after a refusal."""
    registry = contract.registry
    try:
        yield
    except ExtractRefused as refusal:
        ledger.add_look(settings, ledger.Look(registry, period, "refused", str(refusal)))
        ledger.add_refusal(settings, registry, period, str(refusal), refusal.as_dict())
        ledger.write_pull_note(settings, registry, period, None)
        raise
    except (SourceUnavailable, ConnectionUnusable) as error:
        outcome: ledger.Outcome = "not_ready" if isinstance(error, SourceNotReady) else "unavailable"
        ledger.add_look(settings, ledger.Look(registry, period, outcome, str(error)))
        raise
    except Exception as error:
        with suppress(Exception):  # the ledger itself may be what cannot be reached
            ledger.add_look(
                settings, ledger.Look(registry, period, "unavailable", f"{registry}: {type(error).__name__}")
            )
        raise


def _land_pulled(settings: Settings, contract: Contract, period: str, pulled: sources.Pulled, files: list[Path]) -> int:
    if not files:
        raise contract.refusal(pulled.source, f"an extract of {period}", "no file")
    before = ledger.replayed(settings, contract.registry, period, pulled.signed)
    if before is not None:
        raise contract.refusal(files[0], f"an answer to the question that was asked for {period}", before)
    reused = set(map(str, files)) - set(map(str, pulled.files))

    def opener(path: str, flags: int) -> int:
        return (os.open if path in reused else pulled.opener)(path, flags)

    try:
        with refusing_odd_files(contract):
            age = age_of(contract, files, pulled.extracted_at, "the source", opener)
        arrival = Arrival(
            files, age, pulled.source, pulled.watermark, pulled.evidence, promised=pulled.promised, check=pulled.check,
            is_whole=pulled.is_whole, opener=opener,
        )  # fmt: skip
        delivery_id = land(settings, contract, period, arrival).delivery_id
        ledger.add_signed_answer(settings, contract.registry, period, pulled.signed, delivery_id)
        return delivery_id
    except (FileNotFoundError, PermissionError) as error:
        if error.filename not in map(str, files):
            raise
        found = "was there and is gone" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise contract.not_ready(AS_LISTED, f"{Path(error.filename).name} {found}") from error


def land_files(
    registry: str,
    period: str | None,
    files: list[Path],
    settings: Settings | None = None,
    extracted_at: datetime | None = None,
    corrects: int | None = None,
) -> int:
    """Land files that somebody brought by hand; return the delivery's number. Raises ExtractRefused.

    They are regular files and no links, whoever names them: a drop folder may hold links, and `*` names those too.
    Without a period it is the one in the name of a file. Files whose rows name the batch that rejected them, or any
    with `corrects`, correct that batch, in its own period and with its time; a statement of another one is refused.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    files = [file for file in files if not is_marker(contract, file.name)]
    of_refusal = period or next((found.group() for file in files if (found := PERIOD.search(file.name))), None)
    try:
        base = corrected_batch(settings, contract, files, corrects)
        if base is not None:
            of_refusal = base.period
            _refuse_others(contract, base, files, period, extracted_at)
            age = Age(base.extracted_at, True)
            arrival = Arrival(files, age, f"{ledger.BY_HAND}, corrected rows", corrects=base.batch_id)
            return land(settings, contract, base.period, arrival).delivery_id
        if of_refusal is None:
            raise AuylError(f"{registry}: expected a period in the name of a file, found none. Give --period YYYY-MM")
        return _land_extract(settings, contract, of_refusal, files, extracted_at)
    except ExtractRefused as refusal:
        if of_refusal is not None:
            ledger.add_refusal(settings, registry, of_refusal, str(refusal), refusal.as_dict())
        raise


def _refuse_others(
    contract: Contract, base: ledger.Batch, files: list[Path], period: str | None, extracted_at: datetime | None
) -> None:
    """Refuse a period and a time that corrected rows cannot have."""
    expected = f"corrected rows of batch {base.batch_id}, which have its period and its time"
    for option, found in (("--period", period if period != base.period else None), ("--extracted-at", extracted_at)):
        if found is not None:
            given = f"the option {option} {found}; {base.period} is the period of the batch"
            raise contract.refusal(files[0] if files else ledger.BY_HAND, expected, given, owner="whoever loads it")


def _land_extract(
    settings: Settings, contract: Contract, period: str, files: list[Path], extracted_at: datetime | None
) -> int:
    if not files:
        raise contract.refusal(ledger.BY_HAND, f"an extract of {period}", "no file")
    current = () if contract.is_delta else ledger.current_files(settings, contract.registry, period)
    missing = incompleteness(contract, period, [file.name for file in files], current)
    if missing is not None:
        expected = f"all files of {period}, or the current extract withdrawn first (auyl extracts withdraw)"
        raise contract.refusal(ledger.BY_HAND, expected, missing)
    with refusing_odd_files(contract, BY_OPERATOR):
        age = age_of(contract, files, extracted_at, "the operator")
    return land(settings, contract, period, Arrival(files, age, ledger.BY_HAND)).delivery_id
