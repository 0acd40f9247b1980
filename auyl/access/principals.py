"""Names of principals: one spelling for the PostgreSQL login, the account and the grants."""

import re
import unicodedata

from auyl.access.errors import PrincipalInvalid

# Also the owners of Airflow's databases, which bootstrap makes (docs/production/make-secrets.sh).
RESERVED = {"auyl", "airflow", "airflow_results", "current_user", "session_user"}
NAME_BYTES = 63  # PostgreSQL cuts a longer identifier without an error, so two names would become one login


def normalise(name: str) -> str:
    """The one spelling of a name: NFC, lower case (phones capitalise the first letter), no outer spaces."""
    return unicodedata.normalize("NFC", name.strip()).lower()


# What is no part of a name on a command line, in a list or in Excel opens something else there.
_NEW = re.compile(r"[^\W_][\w.@-]*")


def check_new(name: str) -> str:
    """The name of an account, a login or a grant that is not there yet. Raises PrincipalInvalid."""
    if check(name) in RESERVED:
        raise PrincipalInvalid(f"principal {name!r}: reserved for the server's own roles")
    if not _NEW.fullmatch(name):
        raise PrincipalInvalid(f"principal {name!r}: expected letters, digits and . _ - @, a letter or digit first")
    return name


def check(name: str) -> str:
    """The name itself when it can be a principal. Raises PrincipalInvalid."""
    if not name or name != normalise(name):
        raise PrincipalInvalid(f"principal {name!r}: expected lower case without outer spaces: {normalise(name)!r}")
    if len(name.encode()) > NAME_BYTES:
        raise PrincipalInvalid(f"principal {name!r}: longer than {NAME_BYTES} bytes in UTF-8")
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise PrincipalInvalid(f"principal {name!r}: has a control or invisible character")
    if name.startswith(("auyl_", "pg_")) or name in {"public", "none", "postgres"}:
        raise PrincipalInvalid(f"principal {name!r}: reserved for the server's own roles")
    return name
