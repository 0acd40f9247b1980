"""One page view as one transaction: whose session it is, what that person may read, the audit row, the reading."""

import contextlib
import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection
from starlette.requests import Request

from auyl import access
from auyl.portal.database import Database, rows


class NotSignedIn(Exception):
    """No open session: the page sends to sign-in."""


class PasswordOwed(Exception):
    """Signed in with a password for one use: no page opens before the person has set another."""


class PeriodUnknown(Exception):
    """A month that is not published."""


class Refused(Exception):
    """Signed in, but without a grant for this. The audit has it already."""

    def __init__(self, visit: "Visit") -> None:
        super().__init__("refused")
        self.visit = visit


@dataclass(frozen=True)
class Visit:
    """A person in front of a page. `conn` acts with that person's rights until the end of the transaction.

    `rights`: the okrugs that the person may read, by subject: snapshot, and those of coordinators. `former`: okrugs of
    the snapshot that there are no more, each with edition, kato and newest period.
    """

    conn: connection
    session: access.Session
    token: str
    rights: dict[str, frozenset[str]]
    former: tuple[Any, ...]
    client_address: str | None

    def read(self, page: str, subject: str, territory: str | None = None, period: str | None = None) -> None:
        """Write into the audit what is about to be read, and open it. Raises Refused; the audit has that too."""
        if not access.open_page(self.conn, self.token, page, subject, territory, period, self.client_address):
            raise Refused(self)


def client_address(request: Request) -> str | None:
    """IP address of the browser, or None where the server does not know one."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(request.client.host if request.client else ""))
    return None


@contextlib.contextmanager
def open_visit(
    request: Request, database: Database, token: str | None, subjects: Sequence[str], *, may_owe_password: bool = False
) -> Iterator[Visit]:
    """The transaction of one page. Raises NotSignedIn, PasswordOwed."""
    if not token:
        raise NotSignedIn
    with database.connection() as conn:
        session = access.enter(conn, token)
        if session is None:
            raise NotSignedIn
        if session.must_change_password and not may_owe_password:
            conn.commit()
            raise PasswordOwed
        rights = {row.subject: frozenset(row.katos) for row in rows(conn, "rights", subjects=["snapshot", *subjects])}
        former = tuple(rows(conn, "former_okrugs"))
        yield Visit(conn, session, token, rights, former, client_address(request))
        conn.commit()


@dataclass(frozen=True)
class Month:
    """A published month, its current revision and its neighbours."""

    period: str
    revision: int
    earlier: str | None
    later: str | None


def period_of(visit: Visit, wanted: str | None, former: Any = None) -> Month | None:
    """The wanted month, or the newest; None when nothing is published. Raises PeriodUnknown for another month.

    Of a former okrug, the months in which it existed.
    """
    of_okrug = {"edition": former.edition, "kato": former.kato} if former else {}
    published: list[Any] = rows(visit.conn, "periods_of_okrug" if former else "periods", **of_okrug)
    if not published and wanted is None:
        return None
    months = [row.period for row in published]
    if wanted is not None and wanted not in months:
        raise PeriodUnknown(wanted)
    at = months.index(wanted) if wanted else 0
    return Month(
        months[at],
        published[at].revision,
        earlier=months[at + 1] if at + 1 < len(months) else None,
        later=months[at - 1] if at > 0 else None,
    )
