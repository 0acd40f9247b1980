"""Commands of links: which person a record without a number belongs to, why, and what a reviewer decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from auyl.cli.shared import Format, Language, Period, Registry, as_json, installation, period_or_newest, table

Key = Annotated[str, typer.Argument(help="As `auyl link review` shows it.")]


def build(period: Period = None, format: Format = "table") -> None:
    """Link the records of a period without a valid number. The same inputs are linked once."""
    from auyl.linkage.persons.link import link

    with installation() as settings:
        result = link(settings, period_or_newest(settings, period))
    if format == "json":
        as_json(asdict(result))
        return
    how = ", ".join(f"{method} {n}" for method, n in sorted((result.methods or {}).items()))
    typer.echo(
        f"{result.period} {result.status}: {result.records} records without a number, {result.linked} linked"
        f"{f' ({how})' if how else ''}, {result.reviewed} to review"
    )


def review(language: Language = "ru", limit: int = 50, format: Format = "table") -> None:
    """Pairs that wait for a decision: both sides, and why. Shows names: for reviewers only."""
    from auyl.linkage.persons import review as reviews

    with installation() as settings:
        rows = reviews.review(settings, limit)
        for row in rows:
            bits = float(row["weight_bits"])
            row["why"] = reviews.explain(settings, "weighed", bits, row["levels"], language)
    if format == "json":
        as_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['period']}  record {row['record_key']}  person {row['person_key']}")
        for side in ("record", "person"):
            facts = row[side]
            names = " ".join(filter(None, (facts["surname"], facts["given_name"], facts["patronymic"])))
            place = facts["settlement_kato"] or "—"
            typer.echo(f"    {side:7} {names}, {facts['birth_date']}, {facts['number'] or '—'}, {place}")
        typer.echo(f"    {row['why']}")
        places = [f"{registry} {file} record {record}" for registry, file, record in row["places"]]
        typer.echo(f"    {'; '.join(places)}")
    if not rows:
        typer.echo("nothing to review")


def same(record_key: Key, person_key: Key, reason: Annotated[str, typer.Option()]) -> None:
    """Decide that the record belongs to the person; applied from the next run on."""
    _decide(record_key, person_key, True, reason)


def apart(record_key: Key, person_key: Key, reason: Annotated[str, typer.Option()]) -> None:
    """Decide that the record does not belong to the person: a link is removed, and nothing else changes."""
    _decide(record_key, person_key, False, reason)


def _decide(record_key: str, person_key: str, is_same: bool, reason: str) -> None:
    from auyl.linkage.persons import review as reviews

    with installation() as settings:
        reviews.decide(settings, record_key, person_key, is_same, reason)
    typer.echo(f"record {record_key} is {'that of' if is_same else 'not'} person {person_key}: {reason}")


def show(
    registry: Registry,
    period: Period = None,
    language: Language = "ru",
    limit: int = 20,
    format: Format = "table",
) -> None:
    """Rows of a registry without a number: which person they were linked to, and why. Shows no names."""
    from auyl.linkage.persons import review as reviews
    from auyl.linkage.persons.link import link
    from auyl.linkage.persons.model import FIELDS

    with installation() as settings:
        result = link(settings, period_or_newest(settings, period))
        rows = reviews.links(settings, result.path, registry)[:limit] if result.path else []
        for row in rows:
            levels = {field: row.pop(f"{field}_level") for field in FIELDS}
            linked = row["outcome"] != "none"
            row["why"] = reviews.explain(settings, row["method"], row["weight"], levels, language) if linked else ""
    if format == "json":
        as_json(rows)
        return
    table(rows, ["_file", "_record", "outcome", "method", "person_key", "why"])
