"""The demo that root starts: it begins again as an account without rights before it reads or makes anything.

All of its programs share that account, as they do when an ordinary account starts them. In production each has its own.
"""

from __future__ import annotations

import compileall
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from auyl.errors import FolderOpen
from auyl.settings import REPOSITORY, from_environment
from auyl.store import paths
from auyl.store.account import become, hand_over, unprivileged
from auyl.store.closed import check_closed, make_folder
from auyl.store.embedded import EmbeddedPostgres
from lab.stack.plan import DemoPlan

PACKAGES = ("auyl", "auyl_airflow", "dags", "lab", "plugins")
# Settings that name a file or folder; they may be given relative to the folder that the demo is started in.
PATHS = ("AUYL_HOME", "AUYL_LAKE", "AUYL_HASH_KEY_FILE", "AUYL_INCLUDE", "AUYL_EXPECTATIONS", "AUYL_DSN_FILE")
# One of them tells a home or a lake from another folder of root that a setting names by mistake.
OF_A_HOME = ("demo.lock", "logs", "lake", "postgres", "secrets", "settings.env")
OF_A_LAKE = tuple(zone.name for zone in paths.ZONES)


def leave_root(plan: DemoPlan) -> None:
    """Return at once for an ordinary account. Root goes on in the same process as the owner of the home, of this
    repository, or as `nobody`; what root has in home and lake is theirs from now on.

    Raises AuylError where that is not possible.
    """
    if os.geteuid() != 0:
        return
    settings = from_environment()
    home = settings.home.absolute()
    account = unprivileged(home, REPOSITORY)
    owner = (account.pw_uid, account.pw_gid)
    server = EmbeddedPostgres(home)
    _check(home, "AUYL_HOME", OF_A_HOME, owner)
    make_folder(home)
    if not settings.dsn_or_none:
        server.hand_over(owner)
    hand_over(home, owner)
    needed = [home]
    if "://" not in settings.lake:
        lake = Path(settings.lake).absolute()
        if not lake.is_relative_to(home):
            _check(lake, "AUYL_LAKE", OF_A_LAKE, owner)
            make_folder(lake)
            hand_over(lake, owner)
            needed.append(lake)
    for name in PATHS:
        if (value := os.environ.get(name)) and "://" not in value:
            os.environ[name] = os.path.abspath(value)
            needed += [path for path in [Path(os.environ[name])] if path.exists()]
    _share_bytecode()
    classifier = plan.kato.read_bytes() if plan.kato else None
    become(account, needed)
    command = [sys.executable, "-m", "lab", "up" if plan.stay else "demo", "--period", plan.period]
    command += ["--scale", str(plan.scale), "--registries", ",".join(plan.registries)]
    if plan.kato and classifier is not None:
        # A copy: the file itself may be for root alone.
        make_folder(home / "given")
        copy = home / "given" / plan.kato.name
        copy.write_bytes(classifier)
        command += ["--kato", str(copy)]
    sys.stdout.flush()
    os.execve(command[0], command, os.environ | _of_account(home))  # noqa: S606


def _of_account(home: Path) -> dict[str, str]:
    """Variables in which libraries look for an account's own folders, and would find root's."""
    temporary = os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    return {
        "HOME": str(home), "AUYL_HOME": str(home),
        "TMPDIR": temporary if os.access(temporary, os.W_OK | os.X_OK) else "/tmp",  # noqa: S108
    }  # fmt: skip


def _check(folder: Path, setting: str, known: Sequence[str], owner: tuple[int, int]) -> None:
    """Refuse what is not a home or lake of root or of the account: it would be handed over. Raises FolderOpen."""
    if not folder.exists():
        return
    check_closed(folder, setting)
    content = os.listdir(folder)
    if folder.stat().st_uid not in (0, owner[0]):
        raise FolderOpen(
            setting, "a folder of root or of the account that works in its place", f"{folder} of another one",
            "start it as the owner of that folder",
        )  # fmt: skip
    if folder.stat().st_uid == 0 and content and not set(content) & set(known):
        raise FolderOpen(
            setting, "an empty folder, or one that was used for this before", str(folder), f"another {setting}"
        )


def _share_bytecode() -> None:
    """Let the account read compiled modules, which it cannot write into a repository of root: each process would
    compile them again.
    """
    if REPOSITORY.stat().st_uid != 0:
        return
    umask = os.umask(0o022)
    for package in PACKAGES:
        compileall.compile_dir(REPOSITORY / package, quiet=2, workers=1)
        for file in (REPOSITORY / package).rglob("*.pyc"):
            if not file.stat().st_mode & stat.S_IROTH:
                file.chmod(0o644)
    os.umask(umask)
