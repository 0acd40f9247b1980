"""Who may read what: logins, grants, accounts of the portal, sessions, audit.

The rules themselves live in PostgreSQL (`include/sql/serving/040_access.sql`, `041_read_rights.sql`); here are the
calls that change and query them. Pages and Airflow stay out.

Functions take a psycopg2 connection and leave the transaction to the caller, who commits. Only `sign_in` commits, for
the reason given there.
"""

from auyl.access.accounts import close_account, create_account, set_password
from auyl.access.audit import audit
from auyl.access.errors import AccessError, PasswordTooWeak, PrincipalInvalid, SignInRefused, TerritoryUnknown
from auyl.access.grants import Grant, Reader, grant, grants, revoke, roles, who_may_see
from auyl.access.logins import close_login, create_login, set_portal_password
from auyl.access.matrix import MatrixLine, matrix
from auyl.access.owners import Owner, give_registry, owners, take_registry
from auyl.access.passwords import make_password
from auyl.access.sessions import Session, SignedIn, enter, open_page, sign_in, sign_out

__all__ = [
    "AccessError",
    "Grant",
    "MatrixLine",
    "Owner",
    "PasswordTooWeak",
    "PrincipalInvalid",
    "Reader",
    "Session",
    "SignInRefused",
    "SignedIn",
    "TerritoryUnknown",
    "audit",
    "close_account",
    "close_login",
    "create_account",
    "create_login",
    "enter",
    "give_registry",
    "grant",
    "grants",
    "make_password",
    "matrix",
    "open_page",
    "owners",
    "revoke",
    "roles",
    "set_password",
    "set_portal_password",
    "sign_in",
    "sign_out",
    "take_registry",
    "who_may_see",
]
