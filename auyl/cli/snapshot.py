"""Commands of the snapshot: build it, show it, say where a number comes from and how good its registries are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from auyl.cli.revisions import release_change, say
from auyl.cli.shared import (
    Format,
    Language,
    Okrug,
    Period,
    RegistryOption,
    as_json,
    installation,
    period_or_newest,
    table,
)
from auyl.periods import PERIOD


def build(
    extracts: Annotated[Path | None, typer.Argument(help="Folder of extracts to load first.", exists=True)] = None,
    period: Period = None,
    allow_missing: Annotated[bool, typer.Option(help="Publish although registries are missing.")] = False,
    all: Annotated[bool, typer.Option("--all", help="Every period of the folder, or of the ledger.")] = False,
    accept_change: Annotated[
        str | None,
        typer.Option(help="Why a change that the gate refuses is real; kept in the ledger and in the audit."),
    ] = None,
) -> None:
    """Load all extracts of a period, then consolidate and publish it.

    Without --period it is the newest one that the folder has, or that the ledger has where no folder is given.
    """
    from auyl.pipeline import run
    from auyl.stage.inputs import open_periods

    with installation() as settings:
        if all and period:
            raise typer.BadParameter("either --period or --all")
        folders = sorted(p.name for p in extracts.iterdir() if PERIOD.fullmatch(p.name)) if extracts else []
        if all:
            periods = folders if extracts else open_periods(settings)
        else:
            periods = [period_or_newest(settings, period or (folders[-1] if folders else None))]
        results = []
        for when in periods:
            result = run(settings, when, extracts, allow_missing, typer.echo)
            if result.status == "refused" and accept_change is not None:
                result = release_change(settings, when, accept_change)
            say(result)
            results.append(result)
        # Of all periods some may always wait for a registry.
        failed = ("refused",) if all else ("refused", "incomplete")
        if any(result.status in failed for result in results):
            raise typer.Exit(1)


def show(
    okrug: Okrug,
    period: Period = None,
    format: Format = "table",
    language: Language = "ru",
    boundaries: Annotated[
        str, typer.Option(help="period (as published), today, or an edition of KATO: measured again in its boundaries.")
    ] = "period",
    revision: Annotated[int | None, typer.Option(help="Another revision of the period than the current one.")] = None,
    digest: Annotated[
        str | None, typer.Option(help="The revision whose content has this digest, or one that begins so.")
    ] = None,
) -> None:
    """One okrug's current snapshot, or that of another revision; as published or in the boundaries of an edition."""
    from auyl.snapshot.boundaries import show_in
    from auyl.snapshot.show import find_revision

    with installation() as settings:
        if digest is not None:
            of_digest = find_revision(settings, digest, period)
            period, revision = of_digest.period, of_digest.revision
        shown = show_in(settings, okrug, boundaries, period, language, revision)
        if format == "json":
            as_json(shown)
            return
        typer.echo(f"{shown['name']} · {okrug} · {shown['period']} · revision {shown['revision']}")
        for line in _boundaries(shown):
            typer.echo(line)
        if shown["without"]:
            typer.echo("without: " + ", ".join(map(_without, shown["without"])))
        for row in shown["indicators"]:
            value = "—" if row["value"] is None else f"{row['value']:,.{row['decimals']}f}".replace(",", " ")
            row["shown"] = f"≥ {value}" if row["flag"] == "at_least" else value
            row["from"] = "+".join(row["registries"])
            row["not_counted"] = f"{row['rows_near']} + {row['rows_elsewhere']}" if row["rows_near"] is not None else ""
            parts = (row["numerator"], row["denominator"])
            row["part"] = "" if None in parts else " / ".join(f"{part:,.0f}" for part in parts)
        table(
            shown["indicators"],
            ["name", "shown", "unit_name", "part", "as_of", "coverage_pct", "not_counted", "from", "flag"],
        )


def _boundaries(shown: dict[str, Any]) -> list[str]:
    """Notes on boundaries that are not those of the period."""
    if "edition" not in shown:
        return []
    lines = [f"in the boundaries of {shown['edition']}; published in those of {shown['edition_of_period']}"]
    if was := shown["code_was"]:
        lines.append(f"the code was {was['name']} then, which lies in: {', '.join(was['became']) or 'unknown'}")
    if shown["outside"]:
        lines.append(f"{shown['outside']} of its places lay in another oblast, whose rows are not here")
    lines += [
        f"without an okrug, {row['registry']}: {row['rows']} rows of places that were divided or "
        f"whose history is unknown, {row['maybe_here']} of them may belong here"
        for row in shown["unattributed"]
    ]
    return lines


def _without(row: dict[str, Any]) -> str:
    last = f", last for {row['last_period']}" if row["last_period"] else ""
    return f"{row['registry']} ({row['reason']}{last})"


def _plain(number: Any) -> str:
    """A stored number without the zeros that only fill its scale; — for none."""
    text = "—" if number is None else f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lineage(
    okrug: Okrug,
    indicator: Annotated[str, typer.Option(help="Id of the indicator.")],
    period: Period = None,
    rows: Annotated[int, typer.Option(help="Rows to show of each measure.")] = 5,
    format: Format = "table",
) -> None:
    """The files, lines and rules behind a number."""
    from auyl.snapshot.lineage import lineage as trace

    with installation() as settings:
        traced = trace(settings, okrug, indicator, period, rows)
        if format == "json":
            as_json(asdict(traced))
            return
        typer.echo(f"{traced.indicator} · {okrug} · {traced.period} · revision {traced.revision}")
        numbers = [_plain(part) for part in (traced.numerator, traced.denominator) if part is not None]
        behind = f": {' / '.join(numbers)}" if numbers else ""
        typer.echo(f"value {_plain(traced.value)} ({traced.flag}) = {traced.formula}{behind}")
        for part in traced.parts:
            typer.echo(
                f"\n{part.measure} = {part.aggregate} where {part.condition}: {part.rows} rows of {part.registry}"
            )
            for name, count in part.files.items():
                typer.echo(f"  {count:>8} from {name}")
            for method, count in part.linked.items():
                typer.echo(f"  {count:>8} of them have no valid number and were linked: {method}")
            for row in part.sample:
                by = f", linked: {row.linked_by}" if row.linked_by else ""
                line = "" if row.line is None else f", line {row.line}"
                typer.echo(f"           {row.file} record {row.record}{line}{by}")
        for source in traced.sources:
            typer.echo(
                f"\nbatch {source.batch_id} of {source.registry} ({source.owner}), "
                f"extracted {source.extracted_at:%Y-%m-%d %H:%M}: rows_in {source.rows_in} staged {source.staged} "
                f"linkable {source.linkable} quarantined {source.quarantined} duplicates {source.duplicates}"
            )
            if source.erased:
                typer.secho(f"  {source.erased}", fg="yellow")
            for name, sha256 in source.files:
                typer.echo(f"  {name} sha256 {sha256}")
            for rule, (severity, failed) in source.rules.items():
                typer.echo(f"  rule {rule} ({severity}) {failed}")


def quality(
    period: Period = None,
    registry: RegistryOption = None,
    attributes: Annotated[
        bool, typer.Option("--attributes", help="Which attributes rows count without, by which rule; measures nothing.")
    ] = False,
    format: Format = "table",
) -> None:
    """Measure what registries sent for a period, publish it as serving.quality, and print it."""
    from auyl.snapshot.lost_attributes import lost_attributes
    from auyl.snapshot.quality import by_okrug, measure_quality

    with installation() as settings:
        when = period_or_newest(settings, period)
        if attributes:
            lost = lost_attributes(settings, when, registry)
            as_json(lost) if format == "json" else table(lost, ["registry", "attribute", "rule", "reason", "rows"])
            return
        rows = [asdict(row) for row in measure_quality(when, settings)]
        if registry:
            rows = by_okrug(settings, registry, when)
        if format == "json":
            as_json(rows)
        else:
            table(rows, list(rows[0]) if rows else [])


def contradictions(
    period: Period = None,
    registry: RegistryOption = None,
    type: Annotated[str | None, typer.Option(help="Only this type of docs/contradictions.md.")] = None,
    okrug: Annotated[str | None, typer.Option(help="Only those of the okrug with this KATO.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write a workbook for each owner into this folder.", file_okay=False)
    ] = None,
    format: Format = "table",
) -> None:
    """Where the registries current for a period disagree: compare them again if something changed, and print counts.

    The workbooks hold both values, files and lines of each, with reasons in Russian and Kazakh.
    """
    from auyl.errors import ContractInvalid
    from auyl.linkage.contradictions import catalogue, workbooks
    from auyl.linkage.contradictions.compute import compute

    with installation() as settings:
        known = catalogue.load(settings.include)
        if type and type not in {one.id for one in known}:
            raise ContractInvalid(f"no type «{type}»; there are: {', '.join(one.id for one in known)}")
        when = period_or_newest(settings, period)
        result = compute(when, settings)
        rows = workbooks.summary(settings, when, registry, type, okrug)
        if format == "json":
            as_json(rows)
        else:
            table(rows, list(rows[0]) if rows else [])
            if result.blind:
                typer.echo(f"not judged, a registry is missing: {', '.join(result.blind)}")
        if export:
            workbooks.export(settings, when, export, registry, type, okrug, typer.echo)
