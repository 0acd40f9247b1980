"""Settings of one process, read from the environment. No other module of the library reads it.

=====================  ===============================================================================================
``AUYL_DSN``           PostgreSQL address of the owner of the serving database; without it the command line uses the
                       embedded server of AUYL_HOME
``AUYL_DSN_FILE``      file with that address, for a secret that must not be in an environment
``AUYL_HOME``          folder of this machine's running state: secrets, embedded server, logs; `.auyl` by default
``AUYL_LAKE``          lake root: a folder or any fsspec address; `lake` in AUYL_HOME by default
``AUYL_HASH_KEY_FILE`` file with the hex key of the keyed hash of ИИН, 32 bytes or more; `secrets/hash.key` in AUYL_HOME
                       by default
``AUYL_PORTAL_DSN``    PostgreSQL address of the portal's own login, or ``AUYL_PORTAL_DSN_FILE``; only `auyl bootstrap`
                       and the portal use it
``AUYL_KATO_EDITION``  current edition of KATO; the newest one loaded by default
``AUYL_OBLAST``        KATO of the oblast that this installation serves; Almaty oblast by default
``AUYL_INCLUDE``       folder of contracts, SQL and indicators; the repository's own by default
``AUYL_EXPECTATIONS``  folder of the suites; the repository's own by default
``AUYL_THREADS``       DuckDB threads; all cores by default
``AUYL_MEMORY_GIB``    DuckDB memory limit; 2 by default
``AUYL_SCHEDULE``      off: intake DAGs start only by hand or API; on by default
``AUYL_CONN_<NAME>``   address, with credentials, of a source that a contract names, when Airflow does not give it
=====================  ===============================================================================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from auyl.errors import SettingMissing

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Settings:
    """The settings of one process."""

    home: Path
    lake: str
    dsn_or_none: str | None
    hash_key_file: Path
    kato_edition: str | None
    oblast_kato: str
    include: Path
    expectations: Path
    threads: int
    memory_gib: float
    is_scheduled: bool = True
    secrets: tuple[Path, ...] = ()

    @property
    def secret_files(self) -> list[Path]:
        """The files of this process's secrets, which no extract may be."""
        below = self.home / "secrets"
        return [self.hash_key_file, *self.secrets, *(below.iterdir() if below.is_dir() else ())]

    @property
    def dsn(self) -> str:
        """PostgreSQL address. Raises SettingMissing when none was given."""
        if not self.dsn_or_none:
            raise SettingMissing("AUYL_DSN", "the address of the serving database, postgresql://user:password@host/db")
        return self.dsn_or_none

    @cached_property
    def hash_key(self) -> bytes:
        """Key of the keyed hash. Raises SettingMissing when its file is absent or too short to be a key."""
        try:
            key = bytes.fromhex(self.hash_key_file.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise SettingMissing("AUYL_HASH_KEY_FILE", f"a readable file with a hex key ({error})") from error
        if len(key) < 32:
            raise SettingMissing("AUYL_HASH_KEY_FILE", f"a key of at least 32 bytes, found {len(key)}")
        return key


def from_environment() -> Settings:
    """Read the settings of this process from its environment."""
    env = os.environ
    home = Path(env.get("AUYL_HOME") or REPOSITORY / ".auyl")
    include = Path(env.get("AUYL_INCLUDE") or REPOSITORY / "include")
    return Settings(
        home=home,
        lake=env.get("AUYL_LAKE") or str(home / "lake"),
        dsn_or_none=_address("AUYL_DSN"),
        hash_key_file=Path(env.get("AUYL_HASH_KEY_FILE") or home / "secrets" / "hash.key"),
        kato_edition=env.get("AUYL_KATO_EDITION") or None,
        oblast_kato=env.get("AUYL_OBLAST") or "190000000",
        include=include,
        expectations=Path(env.get("AUYL_EXPECTATIONS") or REPOSITORY / "expectations"),
        threads=int(env.get("AUYL_THREADS") or os.cpu_count() or 2),
        memory_gib=float(env.get("AUYL_MEMORY_GIB") or 2.0),
        secrets=tuple(Path(env[name]) for name in env if name.startswith("AUYL_") and name.endswith("_FILE")),
        is_scheduled=(env.get("AUYL_SCHEDULE") or "on").lower() != "off",
    )


def connection_from_environment(name: str) -> str:
    """Address of the source `name`, with credentials. Raises SettingMissing when it was not given."""
    variable = f"AUYL_CONN_{name.upper()}"
    address = os.environ.get(variable)
    if not address:
        raise SettingMissing(variable, f"the address of the source «{name}» with its credentials")
    return address


def portal_dsn() -> str | None:
    """Address with which the portal's own login reaches the database, AUYL_PORTAL_DSN; None where it is not set."""
    return _address("AUYL_PORTAL_DSN")


def _address(variable: str) -> str | None:
    """The variable, or the content of the file that `<variable>_FILE` names. Raises SettingMissing if unreadable."""
    if address := os.environ.get(variable):
        return address
    file = os.environ.get(f"{variable}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError) as error:
        raise SettingMissing(f"{variable}_FILE", f"a readable file with an address ({type(error).__name__})") from error
