"""Commands of the intake: contracts, extracts, rejected rows and the files that hand them back."""

from __future__ import annotations

import getpass
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auyl import contracts
from auyl.cli.shared import Format, Period, Registry, RegistryOrAll, as_json, installation, month, table
from auyl.periods import LOCAL

if TYPE_CHECKING:
    from auyl.intake.withdraw import Withdrawal
    from auyl.settings import Settings


def intake(
    registry: Registry,
    files: Annotated[list[Path], typer.Argument(help="Files of one extract.", exists=True)],
    period: Period = None,
    extracted_at: Annotated[
        datetime | None, typer.Option(help="When the source made it; by default from the extract or its time stamp.")
    ] = None,
    corrects: Annotated[
        int | None, typer.Option(help="The batch whose rejected rows these files correct; by default the rows say it.")
    ] = None,
) -> None:
    """Land and load an extract. Prints the account of its rows; exits 0 only when it is accepted."""
    from auyl import ledger
    from auyl.intake import land_files, load

    with installation() as settings:
        when = extracted_at.replace(tzinfo=extracted_at.tzinfo or LOCAL) if extracted_at else None
        extract = _expand(files)
        delivery = land_files(registry, period, extract, settings, when, corrects)
        arrived = _arrival_in_words(settings, delivery, when)
        result = load(delivery, settings)
        typer.echo(
            f"{registry} {result.period} {result.status}: rows_in {result.rows_in} staged {result.staged} "
            f"linkable {result.linkable} quarantined {result.quarantined} duplicates {result.duplicates}"
        )
        for words in arrived:
            typer.echo(f"  {words}")
        for rule, count in sorted(result.failed.items(), key=lambda item: -item[1]):
            typer.echo(f"  {rule} {count}")
        if result.notes.get("unknown_columns"):
            unknown = ", ".join(result.notes["unknown_columns"])
            typer.echo(f"  columns that the contract does not know, stored as well: {unknown}")
        for sheet, why in (result.notes.get("ignored_sheets") or {}).items():
            typer.echo(f"  not read: «{sheet}», {why}")
        for drift in result.drifts:
            typer.secho(
                f"  {drift.kind} {drift.name or ''}: expected {drift.expected}; found {drift.found}", fg="yellow"
            )
        if result.status in ("accepted", "unchanged"):
            rows = ledger.extracts(settings, contracts.deltas(settings.include), registry)
            (why,) = [row["why"] for row in rows if row["delivery_id"] == result.delivery_id]
            if why:
                typer.secho(f"  {why}", fg="yellow")
        if not result.accepted:
            typer.secho(result.refusal or "refused", fg="red", err=True)
            raise typer.Exit(1)


def _arrival_in_words(settings: Settings, delivery_id: int, extracted_at: datetime | None) -> list[str]:
    """What became of the bytes that were given, where that is not simply a new extract."""
    from auyl import ledger

    delivery = ledger.delivery(settings, delivery_id)
    words = []
    if delivery.corrects_batch_id is not None:
        words.append(f"corrected rows of batch {delivery.corrects_batch_id}")
    is_known = ledger.newest_outcome(settings, delivery_id) in ("again", "unchanged")
    if is_known:
        arrived = ledger.arrived_at(settings, delivery_id).astimezone(LOCAL)
        words.append(f"the same bytes as delivery {delivery_id}, which arrived on {arrived:%Y-%m-%d %H:%M}")
    if extracted_at is not None and extracted_at != delivery.extracted_at:
        why = "the delivery keeps its time" if is_known else "the extract states its time itself"
        made = f"{delivery.extracted_at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        words.append(f"--extracted-at is not used: {why}, {made}")
    return words


def _expand(paths: list[Path]) -> list[Path]:
    """The files that are named, and those in the folders that are named; landing refuses links among them."""
    return [
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.is_symlink() or not file.is_dir()
    ]


def list_extracts(
    registry: RegistryOrAll = None,
    format: Format = "table",
) -> None:
    """Deliveries, newest first, their state, and why: which one supersedes which, who withdrew one."""
    from auyl import ledger

    with installation() as settings:
        rows = ledger.extracts(settings, contracts.deltas(settings.include), registry)
        if format == "json":
            as_json(rows)
            return
        for row in rows:
            for name in ("extracted_at", "arrived_at"):
                row[name] = f"{row[name].astimezone(LOCAL):%Y-%m-%d %H:%M}"
            row["digest"] = row["digest"][:12]
        account = ["rows_in", "staged", "linkable", "quarantined", "duplicates"]
        delivered = ["files", "size_bytes", "extracted_at", "arrived_at", "digest"]
        table(rows, ["delivery_id", "batch_id", "registry", "period", "state", *account, *delivered])
        for row in rows:
            if row["why"]:
                typer.secho(f"{row['delivery_id']}: {row['why']}", fg="red" if row["state"] == "refused" else "yellow")


Batch = Annotated[int, typer.Argument(help="Number of the batch; `auyl extracts` shows it.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the ledger and in the audit.")]


def withdraw(batch: Batch, reason: Reason) -> None:
    """Take a batch out of what counts; the former extract of its period counts again, from the next build on."""
    from auyl.intake import withdraw as withdrawals

    with installation() as settings:
        done = withdrawals.withdraw(settings, batch, reason, getpass.getuser())
        _tell(done, "withdrawn" if done.is_new else "was withdrawn before, with its reason")


def restore(batch: Batch, reason: Reason) -> None:
    """Let a withdrawn batch count again."""
    from auyl.intake import withdraw as withdrawals

    with installation() as settings:
        done = withdrawals.restore(settings, batch, reason, getpass.getuser())
        _tell(done, "restored" if done.is_new else "is not withdrawn, so the reason is not stored")


def reload(
    registry: RegistryOrAll = None,
    period: Period = None,
    all: Annotated[bool, typer.Option("--all", help="Every period.")] = False,
    reason: Reason = "",
) -> None:
    """Judge landed deliveries again by the rules of today, without asking a source. Safe to repeat.

    After a rule was changed or taken back, the batch that fits it counts from the next build on: `auyl build --all`.
    Exits 1 when a delivery could not be judged, or when the rules of today refuse what counts.
    """
    from auyl import ledger
    from auyl.intake.reload import reload as judge_again

    with installation() as settings:
        if all and period:
            raise typer.BadParameter("either --period or --all")
        registries = [registry] if registry else contracts.names(settings.include)
        when = None if all else month(period) if period else ledger.newest_landed(settings, registries)
        is_good = True
        counts: Counter[str] = Counter()
        for result in judge_again(settings, ledger.Decision(reason, getpass.getuser()), registry, when):
            counts[result.status] += 1
            is_good &= result.status != "failed" and not (result.status == "refused" and result.batch_id)
            if result.status == "unchanged":
                continue
            words = f"{result.registry} {result.period} delivery {result.delivery_id}: {result.status}"
            if result.status == "accepted":
                words += f", batch {result.batch_id}"
            elif result.batch_id:
                words += f"; batch {result.batch_id}, made by earlier rules, is kept"
            typer.secho(
                words + (f": {result.refusal}" if result.refusal else ""), fg=None if result.accepted else "red"
            )
        typer.echo(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
        if not counts["accepted"]:
            typer.echo("no batch counts since this reload, so the reason is not stored")
        if not is_good:
            raise typer.Exit(1)


def _tell(done: Withdrawal, what: str) -> None:
    current = ", ".join(f"batch {batch.batch_id} of delivery {batch.delivery_id}" for batch in done.current)
    name = f"{done.batch.registry} {done.batch.period}"
    typer.echo(f"{name}: batch {done.batch.batch_id} {what}; current: {current or 'none'}")


def quarantine(
    registry: Registry,
    period: Period = None,
    export: Annotated[Path | None, typer.Option(help="Write all rows to this .xlsx or .csv file.")] = None,
    limit: Annotated[int, typer.Option(help="Rows to show.")] = 20,
) -> None:
    """Rejected rows with reasons and lines. Names and ИИН are only in the export."""
    from auyl import ledger
    from auyl.intake import quarantine as rejected

    with installation() as settings:
        for one in ledger.erasures(settings):
            if one.registry == registry and period in (None, one.period):
                typer.secho(f"{one.period}: {one}", fg="yellow")
        frame = rejected.quarantine(settings, registry, period, None if export else limit)
        if export:
            rejected.export(frame, export)
            typer.echo(f"{len(frame)} rows in {export}")
        elif frame.empty:
            typer.echo("no rejected rows")
        else:
            frame.columns = [str(name).removeprefix("_") for name in frame.columns]
            shown = ["batch_period", "state", "file", "record", "line", "outcome", "rules", "reasons_ru"]
            frame = frame.loc[:, ~frame.columns.duplicated()][shown].astype(object)
            table(frame.where(frame.notna(), None).to_dict("records"), shown)


def drift(
    registry: RegistryOrAll = None,
    period: Period = None,
    format: Format = "table",
) -> None:
    """What changed since the registry's previous extracts: columns, categories, empty cells, volume."""
    from auyl import ledger

    with installation() as settings:
        rows = ledger.drifts(settings, registry, period)
        if format == "json":
            as_json(rows)
            return
        table(rows, ["registry", "period", "batch_id", "kind", "name", "expected", "found"])


def handback(
    registry: Registry,
    period: Period = None,
    to: Annotated[Path | None, typer.Option(help="Folder to copy the files into.", file_okay=False)] = None,
) -> None:
    """Write the file of rejected rows for the registry's owner.

    It has the registry's own format, with lines and reasons in Russian and Kazakh. `auyl intake` loads it, corrected.
    """
    from auyl.intake import write_handback
    from auyl.store.binding import lake_of

    with installation() as settings:
        lake = lake_of(settings)
        files = write_handback(settings, registry, period)
        for file in files:
            where = lake.address(file.path)
            if to:
                to.mkdir(parents=True, exist_ok=True)
                target = to / Path(file.path).name
                target.touch(mode=0o600)
                target.write_bytes(lake.read(file.path))
                where = str(target)
            typer.echo(f"{file.period} {file.state}: {file.rows} rows for {file.owner} in {where}")
        if not files:
            typer.echo("no rejected rows")
