"""Commands that set an installation up and report on it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from auyl.cli.shared import Format, as_json, installation, table
from auyl.periods import LOCAL


def migrate() -> None:
    """Bring the serving database to the schema of this version. Safe to repeat.

    Faults of contracts, suites, catalogues and SQL are refused first: `auyl check` lists them.
    """
    from auyl.checks import refuse_faults
    from auyl.store.binding import bind_existing
    from auyl.store.schema import migrate as migrate_schema

    with installation() as settings:
        refuse_faults(settings)
        typer.echo(migrate_schema(settings))
        bind_existing(settings)


def bootstrap() -> None:
    """Set up a PostgreSQL server of one's own and bring the serving database to this version. Safe to repeat.

    With the address of a superuser (AUYL_ADMIN_DSN) it makes the owner, the serving database and those of Airflow. It
    migrates as the owner (AUYL_DSN), and gives the logins whose addresses are set their passwords. Airflow's own tables
    are made by `airflow db migrate`. Example: auyl bootstrap
    """
    from auyl.settings import address_of_login
    from auyl.store import roles
    from auyl.store.binding import bind_existing
    from auyl.store.postgres import driver_connection
    from auyl.store.schema import migrate as migrate_schema

    with installation() as settings:
        if admin := address_of_login("admin"):
            for line in roles.prepare(admin, settings.dsn, [address_of_login(name) for name in ("airflow", "results")]):
                typer.echo(line)
        typer.echo(migrate_schema(settings))
        bind_existing(settings)
        addresses = {f"auyl_{name}": address_of_login(name) for name in ("pipeline", "engineer", "portal")}
        with driver_connection(settings) as conn, conn:
            for login, address in addresses.items():
                if address:
                    roles.set_password(conn, login, roles.password_in(address, login))
                    typer.echo(f"{login}: password set")


def overdue(
    on: Annotated[datetime | None, typer.Option(help="Day; today by default.", formats=["%Y-%m-%d"])] = None,
    format: Format = "table",
) -> None:
    """Extracts whose deadline has passed, and which are current. Exits 1 when one is overdue."""
    from auyl.intake.overdue import due_deliveries

    with installation() as settings:
        deliveries = due_deliveries(settings, (on or datetime.now(tz=LOCAL)).date())
    rows = [asdict(delivery) for delivery in deliveries]
    if format == "json":
        as_json(rows)
    else:
        table(rows, ["registry", "period", "state", "due_on", "overdue_days", "counted_period", "owner", "reason"])
    if any(delivery.is_overdue for delivery in deliveries):
        raise typer.Exit(1)


def report(
    day: Annotated[
        datetime | None, typer.Option("--date", help="Day; the newest one by default.", formats=["%Y-%m-%d"])
    ] = None,
    format: Format = "table",
) -> None:
    """The daily report to owners and engineers: overdue, refused, rejected, missing in the snapshot.

    Before the first night it is the one that would be composed now.
    """
    from auyl import ledger
    from auyl.reports.daily_report import as_of_now, as_text

    with installation() as settings:
        daily = ledger.daily_report(settings, day.date() if day else None)
        if daily is None and day:
            raise KeyError(f"no daily report of {day:%Y-%m-%d}")
        if daily is None:
            content = as_of_now(settings, datetime.now(tz=LOCAL).date())
            if format == "json":
                as_json(content)
            else:
                typer.echo(f"{as_text(content)}\n\nnot stored: no daily report was composed yet")
            return
    if format == "json":
        facts = {"composed_at": daily.composed_at, "has_news": daily.has_news, "sent_at": daily.sent_at}
        as_json(daily.content | facts)
        return
    typer.echo(daily.text)
    typer.echo(f"\nsent {daily.sent_at:%Y-%m-%d %H:%M %Z}" if daily.sent_at else "\nnot sent")
