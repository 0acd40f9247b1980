"""Settings of one process, read from the environment. No other module of the library reads it.

What the environment does not name is read from `settings.env` in AUYL_HOME, lines of NAME=value, which `make demo`
writes: so a command works on the installation of its home without any setting.

=====================  ===============================================================================================
``AUYL_DSN``           PostgreSQL address of the owner of the serving database; without it the command line uses the
                       embedded server of AUYL_HOME
``AUYL_DSN_FILE``      file with that address, for a secret that must not be in an environment
``AUYL_HOME``          folder of this machine's running state: secrets, embedded server, logs; `.auyl` by default
``AUYL_LAKE``          lake root: a folder or any fsspec address; `lake` in AUYL_HOME by default
``AUYL_HASH_KEY_FILE`` file with the hex key of the keyed hash of ИИН, 32 bytes or more; `secrets/hash.key` in AUYL_HOME
                       by default
``AUYL_ADMIN_DSN``     PostgreSQL address of a superuser, with which `auyl bootstrap` sets a server up; and, for their
                       passwords, ``AUYL_PIPELINE_DSN``, ``AUYL_ENGINEER_DSN``, ``AUYL_PORTAL_DSN``, and of Airflow's
                       databases ``AUYL_AIRFLOW_DSN``, ``AUYL_RESULTS_DSN``; or each of them with ``_FILE``
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
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from auyl.errors import SettingMissing

SETTINGS_FILE = "settings.env"
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
    home = Path(os.environ.get("AUYL_HOME") or REPOSITORY / ".auyl")
    of_installation = of_home(home)
    env = of_installation | {name: value for name, value in os.environ.items() if name.startswith("AUYL_")}
    include = Path(env.get("AUYL_INCLUDE") or REPOSITORY / "include")
    return Settings(
        home=home,
        lake=env.get("AUYL_LAKE") or str(home / "lake"),
        dsn_or_none=_address("AUYL_DSN", os.environ) or _address("AUYL_DSN", of_installation),
        hash_key_file=Path(env.get("AUYL_HASH_KEY_FILE") or home / "secrets" / "hash.key"),
        kato_edition=env.get("AUYL_KATO_EDITION") or None,
        oblast_kato=_oblast(env.get("AUYL_OBLAST") or "190000000"),
        include=include,
        expectations=Path(env.get("AUYL_EXPECTATIONS") or REPOSITORY / "expectations"),
        threads=int(_number(env, "AUYL_THREADS", os.cpu_count() or 2)),
        memory_gib=_number(env, "AUYL_MEMORY_GIB", 2.0),
        secrets=tuple(Path(env[name]) for name in env if name.startswith("AUYL_") and name.endswith("_FILE")),
        is_scheduled=(env.get("AUYL_SCHEDULE") or "on").lower() != "off",
    )


def _oblast(code: str) -> str:
    """Another oblast than the installation's would refuse every row, and a part of a code none."""
    if not re.fullmatch(r"[1-9][0-9]0{7}", code):
        raise SettingMissing(
            "AUYL_OBLAST", f"the code of an oblast, nine digits such as 190000000, found {code[:20]!r}"
        )
    return code


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(env.get(name) or default)
    except ValueError:
        raise SettingMissing(name, "a number") from None


def of_home(home: Path) -> dict[str, str]:
    """The settings in `settings.env` of a home; none where there is no such file."""
    try:
        lines = (home / SETTINGS_FILE).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # the home belongs to another account's process
        return {}
    pairs = [line.partition("=") for line in lines if line.startswith("AUYL_")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_of_home(home: Path, settings: Mapping[str, str]) -> None:
    """Write `settings.env` of a home, readable by nobody else: it may hold the address of a database."""
    part = home / f"{SETTINGS_FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in settings.items())
    part.replace(home / SETTINGS_FILE)


def connection_from_environment(name: str) -> str:
    """Address of the source `name`, with credentials. Raises SettingMissing when it was not given."""
    variable = f"AUYL_CONN_{name.upper()}"
    address = os.environ.get(variable)
    if not address:
        raise SettingMissing(variable, f"the address of the source «{name}» with its credentials")
    return address


def address_of_login(login: str) -> str | None:
    """PostgreSQL address of another login of the installation, AUYL_<LOGIN>_DSN; None where it is not set."""
    return _address(f"AUYL_{login.upper()}_DSN", os.environ)


def _address(variable: str, env: Mapping[str, str]) -> str | None:
    """The variable, or the content of the file that `<variable>_FILE` names. Raises SettingMissing if unreadable."""
    if address := env.get(variable):
        return address
    file = env.get(f"{variable}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError) as error:
        raise SettingMissing(f"{variable}_FILE", f"a readable file with an address ({type(error).__name__})") from error
