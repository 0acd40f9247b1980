"""Commands that set an installation up, run it, and tell what the night has to say."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.shared import Format, Period, as_json, month, table, told
from auyl.settings import from_environment
from auyl.sources import LOCAL


def migrate() -> None:
    """Bring the serving database to the schema of this version. May be run again at any time."""
    from auyl.store.schema import migrate as migrate_schema

    with told():
        typer.echo(migrate_schema(from_environment()))


def bootstrap() -> None:
    """Prepare the databases of an installation with its own PostgreSQL server. May be run again at any time.

    Creates Airflow's database beside the serving one, brings the serving schema to this version, and gives the portal's
    login the password of AUYL_PORTAL_DSN where that is set. Airflow's own tables are made by `airflow db migrate`.
    """
    import contextlib
    from urllib.parse import unquote, urlsplit

    import psycopg2

    from auyl.access import logins
    from auyl.settings import portal_dsn
    from auyl.store.schema import check_text_rules, ensure_database
    from auyl.store.schema import migrate as migrate_schema

    with told():
        settings = from_environment()
        check_text_rules(settings.dsn)
        ensure_database(settings.dsn, "airflow")
        typer.echo(migrate_schema(settings))
        if portal := portal_dsn():
            with contextlib.closing(psycopg2.connect(settings.dsn)) as conn, conn:
                logins.set_portal_password(conn, unquote(urlsplit(portal).password or ""))


def territory(
    kato: Annotated[Path, typer.Argument(help="The official KATO file, CSV.")],
    crosswalk: Annotated[Path | None, typer.Option(help="District dictionary of ГБД ФЛ, CSV.")] = None,
    addresses: Annotated[Path | None, typer.Option(help="РКА to KATO, CSV with columns rca, kato.")] = None,
    edition: Annotated[str | None, typer.Option(help="Name of the edition; from the file by default.")] = None,
) -> None:
    """Load an edition of the territory."""
    from auyl.territory.reference import load_territory

    with told():
        loaded = load_territory(from_environment(), kato, crosswalk, addresses, edition)
        for name, value in asdict(loaded).items():
            parts = value.items() if isinstance(value, dict) else []
            said = ", ".join(f"{part} {n:,}" if isinstance(n, int) else f"{part} {n}" for part, n in parts) or value
            typer.echo(f"{name:<24}  {said}")


def changes(period: Period = "2026-10") -> None:
    """Write what became of former codes, by the registry `territory` and the district dictionary; print the kinds."""
    from auyl.territory.changes import write_changes

    with told():
        for kind, codes in write_changes(from_environment(), month(period)).items():
            typer.echo(f"{kind:<12}{codes:>8,}")


def translate(
    kato: Annotated[str, typer.Argument(help="A code of KATO.")],
    edition: Annotated[str | None, typer.Option(help="Edition that the code is of.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="Day of the extract, where its edition is not told.")] = None,
) -> None:
    """Today's code for a former one. Exits 1 where nothing can be said, with the reason."""
    from auyl.territory.changes import translate_one

    with told():
        found = translate_one(from_environment(), kato, edition, as_of.date() if as_of else None)
        typer.echo(f"{found.kato} -> {found.today_kato or 'unknown'} ({found.reason or found.kind})")
        if found.today_kato is None:
            raise typer.Exit(1)


def late(
    on: Annotated[datetime | None, typer.Option(help="Day to ask for; today by default.", formats=["%Y-%m-%d"])] = None,
    format: Format = "table",
) -> None:
    """Extracts whose deadline has passed, and what is current of them. Exits 1 when something is late."""
    from auyl.intake.overdue import expected

    with told():
        found = expected(from_environment(), (on or datetime.now(tz=LOCAL)).date())
    rows = [asdict(promise) for promise in found]
    if format == "json":
        as_json(rows)
    else:
        table(rows, ["registry", "period", "state", "due_on", "late_days", "stands_in", "owner", "reason"])
    if any(promise.is_late for promise in found):
        raise typer.Exit(1)


def digest(
    day: Annotated[
        datetime | None, typer.Option("--date", help="Day; the newest one by default.", formats=["%Y-%m-%d"])
    ] = None,
    format: Format = "table",
) -> None:
    """What the night told owners and engineers: late, refused, in quarantine, missing in the snapshot."""
    from auyl import ledger

    with told():
        found = ledger.digest(from_environment(), day.date() if day else None)
        if found is None:
            raise KeyError(f"no digest of {day:%Y-%m-%d}" if day else "no digest was composed yet")
    if format == "json":
        facts = {"composed_at": found.composed_at, "has_news": found.has_news, "sent_at": found.sent_at}
        as_json(found.content | facts)
        return
    typer.echo(found.text)
    typer.echo(f"\nsent {found.sent_at:%Y-%m-%d %H:%M %Z}" if found.sent_at else "\nnot sent")
