"""Commands of linkage: make the entities of a period, show one of them with the files and lines behind it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from auyl.cli.shared import Format, Language, Period, as_json, installation, month, period_or_newest, table


def build(
    period: Period = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    format: Format = "table",
) -> None:
    """Make the entities of a period from the current batches, and those from before each correction."""
    from auyl.linkage.entities.build import build as make

    with installation() as settings:
        rows = []
        for built in make(period_or_newest(settings, period), settings, tuple(kind or ())):
            row = built.set
            rows.append(
                {
                    "kind": row.kind, "period": row.period, "until": built.until, "entities": row.entities,
                    "attributes": row.attributes, "disputed": row.disputed, "kib": -(-row.size_bytes // 1024),
                    "status": "new" if built.is_new else "unchanged",
                }
            )  # fmt: skip
        if format == "json":
            as_json(rows)
        else:
            table(rows, list(rows[0]) if rows else [])


def show(
    kind: Annotated[str, typer.Argument(help="person, household, herd, organisation, parcel, animal, facility, place")],
    key: Annotated[str, typer.Argument(help="Key of the entity; of a person the person_key.")],
    period: Period = None,
    history: Annotated[bool, typer.Option("--history", help="All values, with the time they spans.")] = False,
    language: Language = "en",
    format: Format = "table",
) -> None:
    """One entity: each value with its registry, file, record and line, and the values that were not chosen."""
    from auyl.linkage.entities import history as histories

    with installation() as settings:
        if history:
            spans, unbuilt = histories.history(settings, kind, key)
            if format == "json":
                as_json({"history": [asdict(one) for one in spans], "unbuilt": unbuilt})
                return
            rows = [_from(one.claim) | asdict(one) for one in spans]
            table(rows, ["attribute", "value", "valid_from", "valid_to", "recorded_from", "recorded_to", *_FROM])
            if unbuilt:
                typer.echo(f"batches without entities so far: {', '.join(unbuilt)}")
            return
        asked, shown = histories.show(settings, kind, key, month(period) if period else None)
        if format == "json":
            as_json({"kind": kind, "key": key, "period": asked, "attributes": [asdict(one) for one in shown]})
            return
        typer.echo(f"{kind} {key} · {asked}")
        rows = []
        for attribute in shown:
            mark = "disputed" if attribute.is_disputed else ""
            row = {"attribute": attribute.attribute, "name": attribute.names[language], "unit": attribute.unit}
            rows.append(row | _from(attribute.claim) | {"rows": attribute.rows, "flag": mark})
            rows += [
                {"name": "  not taken", **_from(other), "flag": "stale" if other.is_stale else ""}
                for other in attribute.others
            ]
        table(rows, ["attribute", "name", "value", "unit", "as_of", *_FROM, "rows", "flag"])


_FROM = ("registry", "file", "record", "line")


def _from(claim: Any) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in ("value", "as_of", *_FROM)}
