"""What commands share: options, tables, and what an expected error looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from auyl import contracts
from auyl.cli.failures import expected_errors
from auyl.cli.interrupts import interrupt_queries_on_ctrl_c
from auyl.errors import AuylError
from auyl.periods import PERIOD
from auyl.settings import Settings, from_environment
from auyl.store.account import written_for_owner
from auyl.store.closed import close_files
from auyl.store.spill import check_installation


def _known_registry(name: str | None) -> str | None:
    """Refuse a registry without contract before anything else is done. Raises ContractInvalid."""
    if name is not None:
        contracts.load(name, from_environment().include)
    return name


def _is_month(text: str | None) -> str | None:
    return None if text is None else month(text)


def _is_okrug(text: str | None) -> str | None:
    if text is not None and not KATO.fullmatch(text):
        raise typer.BadParameter(f"a code of KATO has nine digits, found {text[:40]!r}; `auyl list okrugs` has them")
    return text


KATO = re.compile(r"[0-9]{9}")
Registry = Annotated[
    str, typer.Argument(help="Name of a registry; `auyl list registries` has them.", callback=_known_registry)
]
RegistryOrAll = Annotated[
    str | None, typer.Argument(help="Name of a registry; all without it.", callback=_known_registry)
]
RegistryOption = Annotated[str | None, typer.Option(help="Only this registry.", callback=_known_registry)]
Okrug = Annotated[str, typer.Option(help="KATO of an okrug; `auyl list okrugs` has them.", callback=_is_okrug)]
Period = Annotated[
    str | None, typer.Option(help="Month YYYY-MM; by default the newest one that fits.", callback=_is_month)
]
Format = Annotated[Literal["table", "json"], typer.Option(help="A table for people, or JSON.")]
Language = Annotated[Literal["kk", "ru", "en"], typer.Option(help="Language of names.")]


class Commands(TyperGroup):
    """A group whose commands fail in one line of words."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line as far as the name of the command."""
        with expected_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, or the group below this one."""
        interrupt_queries_on_ctrl_c()
        with expected_errors():
            return super().invoke(ctx)


class ListsByDefault(Commands):
    """A group whose command `list` needs not be named: `extracts livestock` is `extracts list livestock`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front of what names no command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def command_group(
    text: str,
    commands: Mapping[str, Callable[..., None]],
    cls: type[TyperGroup] = Commands,
    examples: Mapping[str, str] | None = None,
    *,
    completes: bool = False,
) -> typer.Typer:
    """A group of commands by name, with `text` as its help; `examples` by command.

    `completes`: offers the completion of a shell.
    """
    group = typer.Typer(
        cls=cls, no_args_is_help=True, add_completion=completes, pretty_exceptions_enable=False, help=text
    )
    group.callback(cls=cls, no_args_is_help=True, help=text)(close_files)
    for name, command in commands.items():
        example = (examples or {}).get(name)
        group.command(name, epilog=f"Example: {example}" if example else None)(command)
    return group


@contextmanager
def installation() -> Iterator[Settings]:
    """The settings of the installation, with its database.

    Without AUYL_DSN the database is the embedded one of AUYL_HOME: it is started, or joined where it runs already, and
    released at the end.
    """
    settings = from_environment()
    check_installation(settings)
    with written_for_owner(settings.home, Path(settings.lake.removeprefix("file://"))):
        if settings.dsn_or_none:
            yield settings
            return
        from auyl.store.embedded import EmbeddedPostgres

        with EmbeddedPostgres(settings.home) as dsn:
            yield replace(settings, dsn_or_none=dsn)


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
