"""Commands that list what other commands are asked about: okrugs, indicators, registries, periods."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from auyl import contracts
from auyl.cli.shared import Format, Language, as_json, installation, table
from auyl.errors import AuylError
from auyl.settings import from_environment

Words = Annotated[str | None, typer.Argument(help="Only those with this text in the code or the name.")]


def okrugs(text: Words = None, format: Format = "table") -> None:
    """The rural okrugs of the oblast, in the current edition of KATO."""
    from auyl.store import duck
    from auyl.store.binding import lake_of
    from auyl.territory.okrugs import rural_okrugs

    with installation() as settings:
        lake = lake_of(settings)
        with duck.connect(settings, lake) as con:
            rows = rural_okrugs(con, settings, lake)
    _show(_with(text, rows), format, "no okrug")


def indicators(text: Words = None, language: Language = "ru", format: Format = "table") -> None:
    """The indicators of the catalogue: unit, and the registries that each rests on."""
    from auyl.snapshot import catalogue

    rows = [
        {
            "indicator": indicator.id,
            "name": indicator.names[language],
            "unit": indicator.unit.names[language],
            "registries": indicator.registries,
        }
        for indicator in catalogue.load(from_environment().include).indicators
    ]
    _show(_with(text, rows), format, "no indicator")


def registries(format: Format = "table") -> None:
    """The registries: owner, way in, deadline, and which of the akims' needs each feeds."""
    rows = [
        {
            "registry": contract.registry,
            "title": contract.title,
            "owner": contract.owner,
            "way": contract.way,
            "format": contract.format,
            "every": contract.cadence,
            "due": contract.deadline,
            "needs": list(contract.needs),
        }
        for contract in contracts.load_all(from_environment().include)
    ]
    _show(rows, format, "no registry")


def periods(format: Format = "table") -> None:
    """The months with accepted extracts, newest first, and the current revision of each."""
    from auyl import ledger

    with installation() as settings:
        _show(ledger.period_overview(settings), format, "no period: nothing was accepted yet")


def _with(text: str | None, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if text is None:
        return rows
    wanted = text.casefold()
    return [row for row in rows if any(wanted in str(value).casefold() for value in row.values())]


def _show(rows: list[dict[str, Any]], format: str, none: str) -> None:
    if format == "json":
        as_json(rows)
        return
    if not rows:
        raise AuylError(none)
    shown = [{name: " ".join(map(str, v)) if isinstance(v, list) else v for name, v in row.items()} for row in rows]
    table(shown, list(shown[0]))
