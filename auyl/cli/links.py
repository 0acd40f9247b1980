"""Commands of links: of whom records without a number speak, why, and what a person decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from auyl.cli.shared import Format, Period, as_json, month, table, told
from auyl.settings import from_environment

Key = Annotated[str, typer.Argument(help="As `auyl link review` shows it.")]
Language = Annotated[str, typer.Option(help="kk, ru or en")]


def build(period: Period = "2026-10", format: Format = "table") -> None:
    """Link the records of a period that came without a valid number. The same inputs are linked once."""
    from auyl.linkage.persons.link import link

    with told():
        result = link(from_environment(), month(period))
    if format == "json":
        as_json(asdict(result))
        return
    how = ", ".join(f"{method} {n}" for method, n in sorted((result.methods or {}).items()))
    typer.echo(
        f"{result.period} {result.status}: {result.records} records without a number, {result.linked} linked"
        f"{f' ({how})' if how else ''}, {result.reviewed} to look at"
    )


def review(language: Language = "ru", limit: int = 50, format: Format = "table") -> None:
    """What waits for a person: both sides, and why. Names are shown: for reviewers alone."""
    from auyl.linkage.persons import review as room

    settings = from_environment()
    with told():
        rows = room.review(settings, limit)
        for row in rows:
            bits = float(row["weight_bits"])
            row["why"] = room.explain(settings, "weighed", bits, row["levels"], language)
    if format == "json":
        as_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['period']}  record {row['record_key']}  person {row['person_key']}")
        for side in ("record", "person"):
            said = row[side]
            names = " ".join(filter(None, (said["surname"], said["given_name"], said["patronymic"])))
            place = said["settlement_kato"] or "—"
            typer.echo(f"    {side:7} {names}, {said['birth_date']}, {said['number'] or '—'}, {place}")
        typer.echo(f"    {row['why']}")
        places = [f"{registry} {file} record {record}" for registry, file, record in row["places"]]
        typer.echo(f"    {'; '.join(places)}")
    if not rows:
        typer.echo("nothing waits")


def same(record_key: Key, person_key: Key, reason: Annotated[str, typer.Option()]) -> None:
    """Decide that the record speaks of the person; applied from the next run on."""
    _decide(record_key, person_key, True, reason)


def apart(record_key: Key, person_key: Key, reason: Annotated[str, typer.Option()]) -> None:
    """Decide that the record does not speak of the person: a link is taken back, and nothing else changes."""
    _decide(record_key, person_key, False, reason)


def _decide(record_key: str, person_key: str, is_same: bool, reason: str) -> None:
    from auyl.linkage.persons import review as room

    with told():
        room.decide(from_environment(), record_key, person_key, is_same, reason)
    typer.echo(f"record {record_key} is {'that of' if is_same else 'not'} person {person_key}: {reason}")


def show(
    registry: Annotated[str, typer.Argument(help="Registry whose rows are asked for.")],
    period: Period = "2026-10",
    language: Language = "ru",
    limit: int = 20,
    format: Format = "table",
) -> None:
    """Rows of a registry that came without a number: whom they were linked to, and why. Names nobody."""
    from auyl.linkage.persons import review as room
    from auyl.linkage.persons.link import link
    from auyl.linkage.persons.model import FIELDS

    settings = from_environment()
    with told():
        result = link(settings, month(period))
        rows = room.links(settings, result.path, registry)[:limit] if result.path else []
        for row in rows:
            levels = {field: row.pop(f"{field}_level") for field in FIELDS}
            linked = row["outcome"] != "none"
            row["why"] = room.explain(settings, row["method"], row["weight"], levels, language) if linked else ""
    if format == "json":
        as_json(rows)
        return
    table(rows, ["_file", "_record", "outcome", "method", "person_key", "why"])
