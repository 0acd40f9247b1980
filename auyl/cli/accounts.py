"""Commands for accounts: opening, importing a list, passwords, closing. Each has a reason, and is in the audit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from auyl.cli.access import operator, records, serving
from auyl.periods import LOCAL

Principal = Annotated[str, typer.Argument(help="Name to sign in with.")]
Reason = Annotated[str, typer.Option(help="Why: number of the order or letter.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File with a password instead of a random one, `-` for standard input. Its first line counts."),
]
Passwords = Annotated[
    Path | None, typer.Option(help="New file, mode 600, that one-time passwords are written to; printed without it.")
]
LanguageCode = Literal["kk", "ru", "en"]


def list_accounts() -> None:
    """All accounts: open, with a one-time password, closed; grants that hold; places where they are signed in."""
    from auyl import access

    with serving() as con:
        records(access.list_accounts(con))


def open_(
    principal: Principal,
    name: Annotated[str, typer.Option(help="Name to be shown.")],
    reason: Reason,
    language: Annotated[LanguageCode, typer.Option(help="Language of the pages.")] = "kk",
    sql: Annotated[bool, typer.Option(help="A PostgreSQL login too, with the same password.")] = False,
    password_file: PasswordFile = None,
    passwords: Passwords = None,
) -> None:
    """Open an account with a password for one sign-in. Opening it again changes nothing."""
    from auyl import access

    with serving() as con:
        _need(reason)
        known = access.list_accounts(con, principal)
        if known and known[0].state != "closed" and known[0].display_name == name.strip():
            typer.echo(f"{principal} has an account already: nothing changed")
            return
        password = _password(password_file)
        access.create_account(
            con, principal, password, display_name=name, language=language, must_change_password=True, reason=reason
        )
        if sql:
            access.create_login(con, principal, password, reason=reason)
        _hand_over([(principal, password)], passwords, is_known=password_file is not None)
    typer.echo(f"{principal} may sign in, and then sets a password of their own; without a grant nothing is shown")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV: login, name, language, role, territory, until, sql.")],
    reason: Reason,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
    passwords: Passwords = None,
) -> None:
    """Open the accounts of a list and give their grants: all lines, or none."""
    from auyl import access

    with serving() as con:
        _need(reason)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise access.AccessError(f"{file}: expected a file that can be read: {error.strerror}") from error
        imported = access.import_accounts(con, content, file.name, granted_by=operator(), reason=reason)
        new = [(a.principal, a.password) for a in imported if a.password]
        if dry_run:
            con.rollback()
        else:
            _hand_over(new, passwords)
    would = "would be " if dry_run else ""
    typer.echo(
        f"{len(new)} accounts {would}opened, {len(imported) - len(new)} were there; "
        f"{sum(a.grants for a in imported)} grants {would}held"
    )


def password(
    principal: Principal, reason: Reason, password_file: PasswordFile = None, passwords: Passwords = None
) -> None:
    """Set a password for one sign-in; the person's sessions end."""
    from auyl import access

    with serving() as con:
        _need(reason)
        new = _password(password_file)
        access.set_password(con, principal, new, must_change_password=True, reason=reason)
        _hand_over([(principal, new)], passwords, is_known=password_file is not None)


def sql_login(
    principal: Principal, reason: Reason, password_file: PasswordFile = None, passwords: Passwords = None
) -> None:
    """Open a PostgreSQL login, or give it another password; what it may read is said by its grants."""
    from auyl import access

    with serving() as con:
        _need(reason)
        new = _password(password_file)
        access.create_login(con, principal, new, reason=reason)
        _hand_over([(principal, new)], passwords, is_known=password_file is not None)


def unlock(
    principal: Principal,
    reason: Reason,
    address: Annotated[str | None, typer.Option(help="An IP address that was slowed down, too.")] = None,
) -> None:
    """Let somebody sign in without a pause after wrong passwords."""
    from auyl import access

    with serving() as con:
        _need(reason)
        typer.echo(f"{access.unlock(con, principal, address, reason=reason)} counters cleared")


def rename(
    principal: Principal,
    name: Annotated[str, typer.Option(help="Name to be shown.")],
    reason: Reason,
    language: Annotated[LanguageCode | None, typer.Option(help="Language of the pages.")] = None,
) -> None:
    """Change the name to be shown, or the language."""
    from auyl import access

    with serving() as con:
        _need(reason)
        access.rename(con, principal, name, language=language, reason=reason)


def sign_out(principal: Principal, reason: Reason) -> None:
    """End all sessions of a person, and forget their browsers."""
    from auyl import access

    with serving() as con:
        _need(reason)
        typer.echo(f"{access.end_sessions(con, principal, reason=reason)} sessions ended")


def close(principal: Principal, reason: Reason) -> None:
    """Close an account: its sessions, its grants and its PostgreSQL login end."""
    from auyl import access

    with serving() as con:
        _need(reason)
        ended = access.close_account(con, principal, closed_by=operator(), reason=reason)
        typer.echo(f"{principal} is closed; {ended} grants ended")


def reopen(principal: Principal, reason: Reason, passwords: Passwords = None) -> None:
    """Open a closed account with a password for one sign-in. Its grants have to be given again."""
    from auyl import access

    with serving() as con:
        _need(reason)
        new = access.make_password()
        access.reopen_account(con, principal, new, reason=reason)
        _hand_over([(principal, new)], passwords)


def forget_audit(
    before: Annotated[datetime, typer.Option(help="First day that stays.", formats=["%Y-%m-%d"])], reason: Reason
) -> None:
    """Take old rows out of the audit; those of the last twelve months stay in any case."""
    from auyl import access

    with serving() as con:
        _need(reason)
        first = before.replace(tzinfo=LOCAL)
        if first > datetime.now(LOCAL) - timedelta(days=366):
            raise access.AccessError("the audit of the last twelve months stays: give an earlier day")
        typer.echo(f"{access.forget_audit(con, first, reason=reason)} rows taken out")


def _need(reason: str) -> None:
    from auyl import access

    if not reason.strip():
        raise access.AccessError("expected a reason: the order or letter that it follows from")


def _password(file: Path | None) -> str:
    """The first line of the file; a random password without one."""
    from auyl import access

    if file is None:
        return access.make_password()
    try:
        text = sys.stdin.read(4096) if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise access.AccessError(f"{file}: expected a file with a password in UTF-8") from error
    return text.partition("\n")[0].rstrip("\r")


def _hand_over(passwords: Iterable[tuple[str, str]], file: Path | None, *, is_known: bool = False) -> None:
    """Write one-time passwords to a new file of mode 600, or print them. Before the commit: none may be lost."""
    from auyl import access

    lines = [] if is_known else [f"{principal}  {password}" for principal, password in passwords]
    if not lines:
        return
    if file is None:
        typer.echo("\n".join(["one-time passwords, shown only now:", *lines]))
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise access.AccessError(f"{file}: expected a file that is not there yet: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()
        os.fsync(stream.fileno())
    typer.echo(f"one-time passwords: {file}")
