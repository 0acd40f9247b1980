"""Commands of the territory: editions of KATO, and what became of codes that an edition no longer has."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.shared import Period, installation, period_or_newest, table
from auyl.periods import LOCAL

Edition = Annotated[str, typer.Argument(help="Name of an edition; `auyl territory list` shows them.")]


def load(
    kato: Annotated[Path, typer.Argument(help="The official KATO file, CSV.")],
    crosswalk: Annotated[Path | None, typer.Option(help="District dictionary of ГБД ФЛ, CSV.")] = None,
    addresses: Annotated[Path | None, typer.Option(help="РКА to KATO, CSV with columns rca, kato.")] = None,
    edition: Annotated[str | None, typer.Option(help="Name of the edition; from the file by default.")] = None,
) -> None:
    """Load an edition of KATO, the classifier of the territory."""
    from auyl.store.binding import lake_of
    from auyl.territory.reference import load_territory
    from auyl.territory.resolver import current_edition

    with installation() as settings:
        loaded = load_territory(settings, kato, crosswalk, addresses, edition)
        for name, value in asdict(loaded).items():
            typer.echo(f"{name:<24}  {_in_words(value)}")
        now = current_edition(settings, lake_of(settings))
        if now != loaded.edition:
            typer.echo(f"current is still {now}; look and decide: auyl territory adopt {loaded.edition} --dry-run")


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{part} {n:,}" if isinstance(n, int) else f"{part} {n}" for part, n in value.items())
    if isinstance(value, tuple):  # of codes that were refused
        return "; ".join(f"{code['code']} {code['name_ru']}: {code['reason']}" for code in value) or "none"
    return str(value)


def list_editions() -> None:
    """Editions that are loaded, and who decided what about them."""
    from auyl import ledger
    from auyl.store.binding import lake_of
    from auyl.territory.resolver import current_edition, editions

    with installation() as settings:
        lake = lake_of(settings)
        known = editions(settings, lake)
        now = current_edition(settings, lake) if known else None
        decisions = {row["edition"]: row for row in ledger.edition_decisions(settings)}
        rows = []
        for name in known:
            decision = decisions.get(name)
            state = "loaded" if decision is None else "adopted" if decision["is_adopted"] else "retired"
            row = {"edition": name, "state": "current" if name == now else state}
            if decision is not None:
                row["since"] = f"{decision['decided_at'].astimezone(LOCAL):%Y-%m-%d %H:%M}"
                row |= {"decided_by": decision["decided_by"], "reason": decision["reason"]}
            rows.append(row)
        table(rows, ["edition", "state", "since", "decided_by", "reason"])


def changes(
    period: Period = None,
    edition: Annotated[str | None, typer.Option(help="Edition to read codes in; the current one by default.")] = None,
) -> None:
    """Write what became of earlier codes, from the registry `territory` and the district dictionary; print counts."""
    from auyl.territory.changes import write_changes

    with installation() as settings:
        for kind, codes in write_changes(settings, period_or_newest(settings, period), edition).items():
            typer.echo(f"{kind:<12}{codes:>8,}")


def adopt(
    edition: Edition,
    reason: Annotated[str, typer.Option(help="Why: the order or letter; kept in the ledger and in the audit.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
) -> None:
    """Make a loaded edition the current one; prints the okrugs and grants that move or end, and the months."""
    from auyl.territory.adoption import adopt

    with installation() as settings:
        done = adopt(settings, edition, reason, getpass.getuser(), dry_run)
        if not done.is_new:
            typer.echo(f"{edition} is current already")
            return
        if done.by_names_only:
            typer.echo(f"by codes and names alone; with the registry: auyl territory changes --edition {edition}")
        for place in done.places:
            if place.kind != "same":
                where = ", ".join(place.places) or "nowhere"
                typer.echo(f"{place.level} {place.kato} {place.name_ru}: {place.kind}, in {where}")
        for kato, name in done.new_okrugs:
            typer.echo(f"okrug {kato} {name}: new")
        for grant in done.grants:
            if grant.what != "stays":
                after = ", ".join(grant.after) if len(grant.after) < 4 else f"{len(grant.after)} okrugs"
                typer.secho(
                    f"grant {grant.principal} {grant.role} {grant.territory_prefix}: {grant.what}"
                    + (f" to {after}" if grant.after else ""),
                    fg="yellow",
                )
        months = ", ".join(f"{period} ({name})" for period, name in done.months) or "none"
        typer.echo(f"published months, each read in its own edition until it is built again: {months}")
        typer.echo(f"{edition} {'would follow' if dry_run else 'is current now and follows'} {done.former}")


def retire(
    edition: Edition, reason: Annotated[str, typer.Option(help="Why; kept in the ledger and in the audit.")]
) -> None:
    """Take the adoption of an edition back; the one that was adopted before it is current again."""
    from auyl.territory.adoption import retire

    with installation() as settings:
        now, is_new = retire(settings, edition, reason, getpass.getuser())
        typer.echo(f"{edition} {'retired' if is_new else 'was retired before'}; current: {now}")
        typer.echo("build again what was published in it: auyl build --period YYYY-MM")


def current(
    kato: Annotated[str, typer.Argument(help="A code of KATO, of any edition.")],
    edition: Annotated[str | None, typer.Option(help="Edition of the code.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="Day of the extract, where the edition is unknown.")] = None,
) -> None:
    """The current code for one of an earlier edition. Exits 1 where there is none, with the reason."""
    from auyl.territory.changes import current_code

    with installation() as settings:
        answer = current_code(settings, kato, edition, as_of.date() if as_of else None)
        typer.echo(f"{answer.kato} -> {answer.today_kato or 'unknown'} ({answer.reason or answer.kind})")
        if answer.today_kato is None:
            raise typer.Exit(1)
