"""Grants: which principal reads which territory in which role, for how long, given by whom."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg2.extensions import connection

from auyl.access import principals
from auyl.access.audit import audit
from auyl.access.errors import AccessError, TerritoryUnknown
from auyl.access.logins import settle_login
from auyl.periods import LOCAL


@dataclass(frozen=True)
class Grant:
    """One grant; `okrugs` is how many it covers today, 0 when expired or lost to a new edition."""

    grant_id: int
    principal: str
    role: str
    territory_prefix: str
    edition: str
    valid_from: datetime
    valid_to: datetime | None
    granted_by: str
    reason: str
    okrugs: int


@dataclass(frozen=True)
class Reader:
    """Somebody who may see an okrug now; `subjects` as in access.reader."""

    principal: str
    role: str
    territory_prefix: str
    valid_to: datetime | None
    subjects: tuple[str, ...]


def roles(conn: connection) -> list[str]:
    """Roles that can be granted: those that read something, and the engineer."""
    with conn.cursor() as cur:
        cur.execute("select distinct role from access.reader order by role")
        return [*(role for (role,) in cur.fetchall()), "engineer"]


def prefix_of(territory: str) -> str:
    """The digits of a KATO code that name a territory: '194083000' → '194083', '194000000' → '1940'.

    A prefix of 2, 4 or 6 digits is taken as it is. Raises TerritoryUnknown for all else, a settlement included: the
    smallest territory that is granted is an okrug.
    """
    if re.fullmatch(r"[0-9]{2}(?:[0-9]{2}){0,2}", territory):
        return territory
    if re.fullmatch(r"[0-9]{6}000", territory):
        return re.sub(r"(?:00){0,2}$", "", territory[:6])
    raise TerritoryUnknown(
        f"territory {territory!r}: expected the KATO code of an oblast, a district or an okrug (nine digits, the last "
        "three 000), or its first 2, 4 or 6 digits"
    )


def grant(
    conn: connection,
    principal: str,
    role: str,
    territory: str,
    *,
    granted_by: str,
    reason: str,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> int:
    """Let a principal read a territory in a role; returns the grant_id. The caller commits.

    The same grant that already holds, given again, is the same grant: nothing is added.
    Raises AccessError (role, term), PrincipalInvalid, TerritoryUnknown (no okrug there in the current edition).
    """
    principals.check_new(principal)
    if role not in (known := roles(conn)):
        raise AccessError(f"role {role!r}: expected one of {', '.join(known)}")
    if role == "engineer" and (valid_to is not None or valid_from is not None):
        raise AccessError("role 'engineer' has no term: membership of a PostgreSQL role does not expire; revoke it")
    if not reason.strip():
        raise AccessError("a grant needs a reason: the order or letter that it follows from")
    if valid_to is not None and valid_to <= (valid_from or datetime.now(UTC)):
        raise AccessError(
            f"the term of a grant: expected a day to come, found {valid_to.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        )
    prefix = prefix_of(territory)
    least = {"akim": 6, "district_staff": 4}.get(role, 2)
    if len(prefix) < least:
        raise AccessError(f"role {role!r}: territory {territory!r} is too wide, at least {least} digits are needed")
    edition = _edition_of(conn, territory, prefix)
    with conn.cursor() as cur:
        cur.execute(
            """
            select grant_id from access.grant_
            where principal = %s and role = %s and territory_prefix = %s and edition = %s
                and valid_from <= coalesce(%s, statement_timestamp()) and valid_to is not distinct from %s
                and (valid_to is null or valid_to > statement_timestamp())
            """,
            (principal, role, prefix, edition, valid_from, valid_to),
        )
        if (row := cur.fetchone()) is not None:
            return int(row[0])
        cur.execute(
            "insert into access.grant_ (principal, role, territory_prefix, edition, valid_from, valid_to, granted_by, "
            "reason) values (%s, %s, %s, %s, coalesce(%s, statement_timestamp()), %s, %s, %s) returning grant_id",
            (principal, role, prefix, edition, valid_from, valid_to, granted_by, reason),
        )
        (grant_id,) = cur.fetchone() or (0,)
    settle_login(conn)
    audit(conn, "grant", f"{principal}: {role} {prefix}", purpose=reason)
    return int(grant_id)


def _edition_of(conn: connection, territory: str, prefix: str) -> str:
    """The current edition. Raises TerritoryUnknown where it has no okrug under `prefix`."""
    with conn.cursor() as cur:
        cur.execute(
            """
            select e.edition, exists (
                select from serving.territory t
                where t.edition = e.edition and t.level = 'okrug'
                    and t.kato between rpad(%s, 9, '0') and rpad(%s, 9, '9')
            )
            from access.current_edition() e (edition)
            """,
            (prefix, prefix),
        )
        edition, is_known = cur.fetchone() or (None, False)
    if not is_known:
        where = f"edition {edition}" if edition else "any edition: the first published snapshot brings them"
        raise TerritoryUnknown(f"territory {territory!r}: no okrug under it in {where}")
    return str(edition)


def revoke(
    conn: connection,
    principal: str,
    role: str | None = None,
    territory: str | None = None,
    *,
    revoked_by: str,
    reason: str,
) -> int:
    """End the grants of a principal that hold or are to come; all of them unless role or territory narrow it.

    Returns how many ended. Rows stay as history. The next statement of an open connection sees it. The caller commits.
    Raises AccessError (no reason), TerritoryUnknown.
    """
    if not reason.strip():
        raise AccessError("an end of grants needs a reason: the order or letter that it follows from")
    prefix = None if territory is None else prefix_of(territory)
    with conn.cursor() as cur:
        cur.execute(
            """
            update access.grant_
            set valid_from = least(valid_from, statement_timestamp()), valid_to = statement_timestamp(),
                revoked_by = %s, revoke_reason = %s
            where principal = %s and (valid_to is null or valid_to > statement_timestamp())
                and (%s::text is null or role = %s) and (%s::text is null or territory_prefix = %s)
            """,
            (revoked_by, reason, principal, role, role, prefix, prefix),
        )
        ended = int(cur.rowcount)
    settle_login(conn)
    audit(conn, "revoke", f"{principal}: {role or 'all roles'} {prefix or 'everywhere'}", purpose=reason)
    return ended


def grants(conn: connection, principal: str | None = None) -> list[Grant]:
    """All grants ever given, newest last; of one principal if named."""
    with conn.cursor() as cur:
        cur.execute(
            """
            select g.grant_id, g.principal, g.role, g.territory_prefix, g.edition, g.valid_from, g.valid_to,
                g.granted_by, g.reason, (select count(*) from access.scope s where s.grant_id = g.grant_id)
            from access.grant_ g
            where %s::text is null or g.principal = %s
            order by g.grant_id
            """,
            (principal, principal),
        )
        return [Grant(*row) for row in cur.fetchall()]


def who_may_see(conn: connection, kato: str) -> list[Reader]:
    """Everybody whose grants cover the okrug `kato` (nine digits) now, with the subjects they read there."""
    with conn.cursor() as cur:
        cur.execute(
            "select s.principal, s.role, s.territory_prefix, s.valid_to, "
            "array(select r.subject from access.reader r where r.role = s.role order by r.subject) "
            "from access.scope s where s.kato = %s order by s.principal, s.role, s.territory_prefix",
            (kato,),
        )
        return [
            Reader(principal, role, prefix, valid_to, tuple(subjects))
            for principal, role, prefix, valid_to, subjects in cur.fetchall()
        ]
