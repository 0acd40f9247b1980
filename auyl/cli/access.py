"""Commands of access: who may read what."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from auyl import contracts
from auyl.cli.shared import installation, table
from auyl.periods import LOCAL
from auyl.settings import from_environment


def list_grants(principal: Annotated[str | None, typer.Argument(help="One principal; all without it.")] = None) -> None:
    """Current grants and those that have ended."""
    from auyl import access

    with serving() as con:
        records(access.grants(con, principal))


def who(kato: Annotated[str, typer.Argument(help="KATO of an okrug.")]) -> None:
    """Who may read an okrug, and by which grant."""
    from auyl import access

    with serving() as con:
        records(access.who_may_see(con, kato))


def give(
    principal: Annotated[str, typer.Argument(help="Login or account.")],
    role: Annotated[str, typer.Argument(help="akim, district_staff, ambulance_coordinator …")],
    territory: Annotated[str, typer.Argument(help="KATO of okrug, district or oblast, or its first 2, 4 or 6 digits.")],
    reason: Annotated[str, typer.Option(help="Why: number of the order.")],
    until: Annotated[datetime | None, typer.Option(help="Last day.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Grant a role in a territory."""
    from auyl import access
    from auyl.access import logins

    with serving() as con:
        # The last day is whole: the grant ends with the first moment of the next one, local time.
        ends = until.replace(tzinfo=LOCAL) + timedelta(days=1) if until else None
        number = access.grant(con, principal, role, territory, granted_by=operator(), reason=reason, valid_to=ends)
        typer.echo(f"grant {number}")
        if not access.list_accounts(con, principal) and not logins.exists(con, principal):
            typer.secho(f"{principal} has no account and no login yet: auyl access open {principal} …", fg="yellow")


def take(
    principal: Annotated[str, typer.Argument(help="Login or account.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    role: Annotated[str | None, typer.Option(help="One role only.")] = None,
    territory: Annotated[str | None, typer.Option(help="One territory only.")] = None,
) -> None:
    """End grants."""
    from auyl import access

    with serving() as con:
        ended = access.revoke(con, principal, role, territory, revoked_by=operator(), reason=reason)
        typer.echo(f"{ended} grants ended")


def owner(
    principal: Annotated[
        str | None, typer.Argument(help="Login of the registry's office; the list without it.")
    ] = None,
    registry: Annotated[str | None, typer.Argument(help="Name of a contract.")] = None,
    reason: Annotated[str, typer.Option(help="Why: the letter that names the login.")] = "",
    take: Annotated[bool, typer.Option(help="End it instead.")] = False,
) -> None:
    """Let the office that owns a registry read the quality of it (serving.quality_trend)."""
    from auyl import access

    with serving() as con:
        if principal is None:
            records(access.owners(con))
        elif take:
            typer.echo(f"{access.take_registry(con, principal, registry, reason=reason)} ended")
        else:
            contract = contracts.load(registry or "", from_environment().include)
            access.give_registry(con, principal, contract.registry, given_by=operator(), reason=reason)
            typer.echo(f"{principal} reads the quality of {contract.registry}")


def matrix() -> None:
    """Every object of the database and who may do what with it, one a line: kind | object | rights | protection."""
    from auyl import access

    with serving() as con:
        for line in access.matrix(con, from_environment().include):
            typer.echo(line)


@contextmanager
def serving() -> Iterator[Any]:
    """A connection to the serving database, committed at the end."""
    from auyl.store.postgres import driver_connection

    with installation() as settings, driver_connection(settings) as con, con:
        yield con


def operator() -> str:
    """Who gives or takes: the account of the machine, as the audit keeps it."""
    return f"os:{getpass.getuser()}"


def records(found: list[Any]) -> None:
    """Print dataclasses as a table."""
    rows = [asdict(record) for record in found]
    if not rows:
        typer.echo("nobody")
        return
    table(rows, list(rows[0]))
