"""`python -m auyl.stack.prepare`: the databases of an installation with servers of its own, at every start of it.

Creates Airflow's database beside the serving one, brings the serving schema to this version, and gives the portal's
login the password of AUYL_PORTAL_DSN where that is set. Airflow's own tables are the work of `airflow db migrate`.
"""

from __future__ import annotations

import contextlib
import os
from urllib.parse import unquote, urlsplit

import psycopg2

from auyl import ledger
from auyl.access import logins
from auyl.settings import from_environment
from auyl.stack.postgres import check_text, ensure_database


def main() -> None:
    """Prepare the databases; may be run again at any time. Raises PostgresError for wrong text rules."""
    settings = from_environment()
    check_text(settings.dsn)
    ensure_database(settings.dsn, "airflow")
    print(" ".join(ledger.migrate(settings)))
    if portal := os.environ.get("AUYL_PORTAL_DSN"):
        with contextlib.closing(psycopg2.connect(settings.dsn)) as conn, conn:
            logins.set_portal_password(conn, unquote(urlsplit(portal).password or ""))


if __name__ == "__main__":
    main()
