"""Accounts and grants from a list: all of it is taken, or nothing, and each error says line and column."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, get_args

from psycopg2.extensions import connection

from auyl.access import accounts, passwords, principals
from auyl.access.errors import AccessError
from auyl.access.grants import grant
from auyl.access.logins import create_login
from auyl.errors import shape
from auyl.periods import LOCAL

COLUMNS = ("login", "name", "language", "role", "territory", "until", "sql")
NEEDED = ("login", "name")
LONGEST_LIST = 5_000
Result = TypeVar("Result")


@dataclass(frozen=True)
class ImportedAccount:
    """A login of the list. `password` serves for one sign-in; None where the account was there already."""

    principal: str
    display_name: str
    password: str | None
    grants: int


class ListRefused(AccessError):
    """A list with errors: the message has a line for each of them."""


class _CellWrong(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def import_accounts(
    conn: connection, content: bytes, name: str, *, granted_by: str, reason: str
) -> list[ImportedAccount]:
    """Open the accounts of a CSV list and give their grants. The caller commits, or rolls back for a dry run.

    The list is UTF-8 with a heading of COLUMNS, in any order, separated by `;` or `,`; a login may have several lines,
    one per grant. What is there already stays as it is, so a list can be imported again. Raises ListRefused with all
    errors, `name` in front; nothing may be committed then.
    """
    lines = _lines(content, name)
    errors: list[str] = []
    opened: dict[str, ImportedAccount] = {}
    for number, cells in lines:
        with conn.cursor() as cur:
            cur.execute("savepoint line")
        try:
            _take(conn, cells, opened, granted_by=granted_by, reason=reason)
        except _CellWrong as error:
            errors.append(f"{name}, line {number}, {error.column}: {error}")
            with conn.cursor() as cur:
                cur.execute("rollback to savepoint line")
    if errors:
        raise ListRefused("\n".join([*errors, f"nothing was imported: {len(errors)} lines with errors"]))
    return list(opened.values())


def _lines(content: bytes, name: str) -> list[tuple[int, dict[str, str]]]:
    """(line, cells by column) of all lines that are not blank. Raises ListRefused."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ListRefused(f"{name}, line {line}: expected UTF-8. In Excel: save as «CSV UTF-8»") from error
    if "\0" in text:
        raise ListRefused(f"{name}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: expected text, found NUL")
    heading_line = text.partition("\n")[0]
    delimiter = ";" if heading_line.count(";") >= heading_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, dict[str, str]]] = []
    try:
        heading = [cell.strip().lower() for cell in next(reader, [])]
        wrong = [c for c in heading if c not in COLUMNS] or [c for c in NEEDED if c not in heading]
        if wrong or len(set(heading)) < len(heading):
            raise ListRefused(
                f"{name}, line 1: expected a heading of {', '.join(COLUMNS)} ({' and '.join(NEEDED)} are needed), each "
                f"once; found {', '.join(cell if cell in COLUMNS else shape(cell) for cell in heading) or 'nothing'}"
            )
        first = reader.line_num
        for row in reader:
            number, first = first + 1, reader.line_num
            if any(cell.strip() for cell in row):
                if len(row) != len(heading):
                    raise ListRefused(f"{name}, line {number}: expected {len(heading)} cells, found {len(row)}")
                lines.append((number, {c: cell.strip() for c, cell in zip(heading, row, strict=True)}))
    except csv.Error as error:
        raise ListRefused(f"{name}, line {reader.line_num}: expected CSV, found {error}") from error
    if not 0 < len(lines) <= LONGEST_LIST:
        raise ListRefused(f"{name}: expected 1 to {LONGEST_LIST} lines below the heading, found {len(lines)}")
    return lines


def _take(
    conn: connection,
    cells: dict[str, str],
    opened: dict[str, ImportedAccount],
    *,
    granted_by: str,
    reason: str,
) -> None:
    """One line. Raises _CellWrong."""
    principal = _checked("login", lambda: principals.check_new(principals.normalise(cells["login"])))
    name = _checked("name", lambda: accounts.check_display_name(cells["name"]))
    language = cells.get("language") or "kk"
    if language not in get_args(accounts.Language):
        raise _CellWrong("language", f"expected kk, ru or en, found {_short(language)}")
    wants_sql = cells.get("sql", "").lower()
    if wants_sql not in ("", "yes", "no"):
        raise _CellWrong("sql", f"expected yes, no or nothing, found {_short(wants_sql)}")
    before = opened.get(principal)
    password = before.password if before else None
    if before is None:
        known = accounts.list_accounts(conn, principal)
        if known and known[0].state == "closed":
            raise _CellWrong("login", f"the account {principal} is closed: `auyl access reopen` opens it")
        display_name = known[0].display_name if known else name
        if not known:
            password = passwords.make_password()
            accounts.create_account(
                conn, principal, password, display_name=name, language=language, must_change_password=True,  # type: ignore[arg-type]
                reason=reason,
            )  # fmt: skip
            if wants_sql == "yes":
                _checked("sql", lambda: create_login(conn, principal, str(password), reason=reason))
    else:
        display_name = before.display_name
    if display_name != name:
        raise _CellWrong("name", f"expected {display_name}, as the account of {principal} is called")
    given = _grant(conn, principal, cells, granted_by=granted_by, reason=reason)
    opened[principal] = ImportedAccount(principal, name, password, given + (before.grants if before else 0))


def _grant(conn: connection, principal: str, cells: dict[str, str], *, granted_by: str, reason: str) -> int:
    role, territory, until = (cells.get(column, "") for column in ("role", "territory", "until"))
    if not role:
        for column, value in (("territory", territory), ("until", until)):
            if value:
                raise _CellWrong(column, f"expected nothing without a role, found {_short(value)}")
        return 0
    ends = None
    if until:
        try:
            ends = datetime.strptime(until, "%d.%m.%Y" if "." in until else "%Y-%m-%d").replace(tzinfo=LOCAL)
        except ValueError as error:
            raise _CellWrong("until", f"expected a day such as 2030-11-02, found {_short(until)}") from error
        ends += timedelta(days=1)
        if ends <= datetime.now(LOCAL):
            raise _CellWrong("until", f"expected a day to come, found {until}")
    # Which of the two cells is wrong is said by the first words of the error.
    try:
        grant(conn, principal, role, territory, granted_by=granted_by, reason=reason, valid_to=ends)
    except AccessError as error:
        text = str(error)
        column = "until" if "no term" in text else "territory" if "territory" in text else "role"
        raise _CellWrong(column, text) from error
    return 1


def _checked(column: str, check: Callable[[], Result]) -> Result:
    try:
        return check()
    except AccessError as error:
        raise _CellWrong(column, str(error)) from error


def _short(cell: str) -> str:
    """A cell of the list as an error quotes it: its shape where it is long."""
    return repr(cell) if re.fullmatch(r"[\w.\- ]{1,20}", cell) else f"{len(cell)} characters"
