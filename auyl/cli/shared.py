"""What commands share: options, tables, and what an expected error looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from auyl.errors import AuylError
from auyl.periods import PERIOD
from auyl.settings import Settings, from_environment
from auyl.store.closed import close_files
from auyl.store.spill import check_installation

Period = Annotated[str | None, typer.Option(help="Month YYYY-MM; by default the newest one with accepted extracts.")]
Format = Annotated[str, typer.Option(help="table or json")]


class ListsByDefault(TyperGroup):
    """A group whose command `list` needs not be named: `extracts livestock` is `extracts list livestock`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front of what names no command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def command_group(
    text: str, commands: Mapping[str, Callable[..., None]], cls: type[TyperGroup] = TyperGroup
) -> typer.Typer:
    """A group of commands by name, with `text` as its help."""
    group = typer.Typer(cls=cls, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=text)
    group.callback(cls=cls, no_args_is_help=True, help=text)(close_files)
    for name, command in commands.items():
        group.command(name)(command)
    return group


@contextmanager
def installation() -> Iterator[Settings]:
    """The settings of the installation, with its database; expected errors end the command with their own words.

    Without AUYL_DSN the database is the embedded one of AUYL_HOME: it is started, or joined where it runs already, and
    released at the end.
    """
    with expected_errors():
        settings = from_environment()
        check_installation(settings)
        if settings.dsn_or_none:
            yield settings
            return
        from auyl.store.embedded import EmbeddedPostgres

        with EmbeddedPostgres(settings.home) as dsn:
            yield replace(settings, dsn_or_none=dsn)


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn an expected error into its own words and exit code 1."""
    try:
        yield
    except (AuylError, KeyError) as error:
        message = str(error.args[0]) if error.args else str(error)
        cause: Exception = error
    except Exception as error:
        fault = _database_fault(error)
        if fault is None:
            raise
        message, cause = fault, error
    else:
        return
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(1) from cause


def _database_fault(error: Exception) -> str | None:
    """What is wrong with the serving database, in words; None where the error is another one."""
    # An error of SQLAlchemy or of the driver, neither of which a command without a database has to import.
    of_driver = getattr(error, "orig", None) or error
    if not type(of_driver).__module__.startswith("psycopg2"):
        return None
    found = str(of_driver).strip().partition("\n")[0]
    code = getattr(of_driver, "pgcode", None)
    if type(of_driver).__name__ == "OperationalError" and code is None:
        return f"the serving database: expected it to answer, found: {found}. Fix: a data engineer, AUYL_DSN"
    if code in ("3F000", "42P01", "42703", "42883"):  # no such schema, table, column, function
        return f"the serving database: expected the tables of this version, found: {found}. Run `auyl migrate`"
    return None


def period_or_newest(settings: Settings, period: str | None) -> str:
    """`period` when it is YYYY-MM; the newest one with accepted extracts when it is not given. Raises AuylError."""
    if period is not None:
        return month(period)
    from auyl import ledger

    newest = ledger.newest_period(settings)
    if newest is None:
        raise AuylError("the ledger: expected a period with accepted extracts, found none. Give --period YYYY-MM")
    return newest


def month(text: str) -> str:
    """`text` when it is YYYY-MM. Raises BadParameter, exit code 2, when it is not."""
    if not PERIOD.fullmatch(text):
        raise typer.BadParameter(f"a period is YYYY-MM, not {text!r}")
    return text


def table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Print rows in columns; a column of numbers is aligned right."""
    cells = [[("" if row.get(c) is None else str(row[c])) for c in columns] for row in rows]
    widths = [max([len(c), *(len(row[i]) for row in cells)]) for i, c in enumerate(columns)]
    numeric = [all(re.fullmatch(r"-?[\d\s.,]*", row[i]) for row in cells) for i in range(len(columns))]
    for line in ([columns] if columns else []) + cells:
        aligned = [v.rjust(w) if n else v.ljust(w) for v, w, n in zip(line, widths, numeric, strict=True)]
        typer.echo("  ".join(aligned).rstrip())


def as_json(value: Any) -> None:
    """Print `value` as JSON; days, times and decimals as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
