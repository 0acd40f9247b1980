"""Who may read what: logins, grants, accounts of the portal, sessions, audit.

The rules themselves live in PostgreSQL (`include/sql/serving/040_access.sql`, `041_read_rights.sql`); here are the
calls that change and query them. Pages and Airflow stay out.

Functions take a psycopg2 connection and leave the transaction to the caller, who commits. Only `sign_in` commits, for
the reason given there.
"""

from auyl.access.accounts import (
    PersonAccount,
    account_of,
    close_account,
    create_account,
    end_sessions,
    list_accounts,
    rename,
    reopen_account,
    set_password,
    unlock,
)
from auyl.access.audit import audit, forget_audit
from auyl.access.errors import (
    AccessError,
    AccountInvalid,
    PasswordTooWeak,
    PrincipalInvalid,
    SignInRefused,
    SignInSlowed,
    TerritoryUnknown,
)
from auyl.access.grants import Grant, Reader, grant, grants, revoke, roles, who_may_see
from auyl.access.imports import ImportedAccount, import_accounts
from auyl.access.logins import close_login, create_login, set_portal_password
from auyl.access.matrix import MatrixLine, matrix
from auyl.access.owners import Owner, give_registry, owners, take_registry
from auyl.access.passwords import make_password
from auyl.access.sessions import (
    Attempt,
    OpenSession,
    Session,
    SignedIn,
    begin_sign_in,
    change_password,
    enter,
    finish_sign_in,
    open_page,
    own_sessions,
    refuse_request,
    sign_in,
    sign_out,
    sign_out_everywhere,
)

__all__ = [
    "AccessError",
    "AccountInvalid",
    "Attempt",
    "Grant",
    "ImportedAccount",
    "MatrixLine",
    "OpenSession",
    "Owner",
    "PasswordTooWeak",
    "PersonAccount",
    "PrincipalInvalid",
    "Reader",
    "Session",
    "SignInRefused",
    "SignInSlowed",
    "SignedIn",
    "TerritoryUnknown",
    "account_of",
    "audit",
    "begin_sign_in",
    "change_password",
    "close_account",
    "close_login",
    "create_account",
    "create_login",
    "end_sessions",
    "enter",
    "finish_sign_in",
    "forget_audit",
    "give_registry",
    "grant",
    "grants",
    "import_accounts",
    "list_accounts",
    "make_password",
    "matrix",
    "open_page",
    "own_sessions",
    "owners",
    "refuse_request",
    "rename",
    "reopen_account",
    "revoke",
    "roles",
    "set_password",
    "set_portal_password",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "take_registry",
    "unlock",
    "who_may_see",
]
