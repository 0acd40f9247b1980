"""The portal as its own process on a free port, over a snapshot that was really built, with people who have grants.

The installation has a subject more than the repository: landfills, by the three files in `landfill/`.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psycopg2
import pytest

from auyl import access, pipeline
from auyl.settings import REPOSITORY, Settings
from auyl.snapshot import catalogue
from auyl.store.schema import ensure_database, migrate
from lab import CORE_REGISTRIES, synthetic
from tests.access.conftest import dsn_as
from tests.conftest import Once, fresh_installation
from tests.snapshot.conftest import PEOPLE, know_territory

EARLIER, MONTH = "2026-09", "2026-10"
# Does not arrive in October.
ABSENT = "employment"
CATALOGUE = catalogue.load(REPOSITORY / "include")

# Places of the synthetic oblast: two okrugs of one district, and one of another.
OKRUG, OKRUG_RU, OKRUG_KK = "194032000", "Акдалинский с.о.", "Ақдала а.о."
NEIGHBOUR, NEIGHBOUR_RU = "194034000", "Бозарыкский с.о."
FAR, FAR_RU = "193634000", "Аватский с.о."
DISTRICT, FAR_DISTRICT = "194000000", "193600000"

ACCOUNTS = {
    "akim": ("Серік Ахметов", "kk", [("akim", OKRUG)]),
    "akim.two": ("Айгүл Сәрсенова", "ru", [("akim", OKRUG), ("akim", NEIGHBOUR)]),
    "oblast": ("Областной штаб", "ru", [("oblast_staff", "19")]),
    "ambulance": ("Диспетчер 103", "ru", [("ambulance_coordinator", "1940")]),
    "veterinary": ("Ветеринарный штаб", "ru", [("veterinary_coordinator", "1940")]),
    "landfill": ("Эколог", "ru", [("landfill_coordinator", "1940")]),
    "nobody": ("Жаңа маман", "kk", []),
}


@dataclass
class Published:
    """An installation with two published months, and the passwords of its accounts."""

    settings: Settings
    passwords: dict[str, str] = field(repr=False)

    def query(self, statement: str, *values: object) -> list[tuple]:
        """Rows as the owner of the database reads them."""
        with contextlib.closing(psycopg2.connect(self.settings.dsn)) as conn, conn, conn.cursor() as cur:
            cur.execute(statement, values)
            return cur.fetchall()


def make_extracts(folder: Path) -> None:
    for month in (EARLIER, MONTH):
        synthetic.make(folder, month, PEOPLE)
        wanted = {*CORE_REGISTRIES, "waste_sites"} - ({ABSENT} if month == MONTH else set())
        for registry in (folder / month).iterdir():
            if registry.is_dir() and registry.name not in wanted:
                shutil.rmtree(registry)


@pytest.fixture(scope="session")
def published(postgres_server: str, once: Once, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Both months built, with people who may read them."""
    extracts, _ = once("two_months", make_extracts)
    include = tmp_path_factory.mktemp("third_subject") / "include"
    shutil.copytree(REPOSITORY / "include", include)
    shutil.copytree(Path(__file__).with_name("landfill"), include, dirs_exist_ok=True)
    dsn = ensure_database(postgres_server, "pages_" + secrets.token_hex(6))
    made = replace(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), include=include)
    migrate(made)
    know_territory(made, extracts)
    for month in (EARLIER, MONTH):
        assert pipeline.run(made, month, extracts, allow_missing=True, say=lambda _: None).status == "published"
    passwords = {name: access.make_password() for name in ACCOUNTS}
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn:
        for name in ACCOUNTS:
            open_account(conn, name, passwords[name])
    return Published(made, passwords)


def open_account(conn: "psycopg2.extensions.connection", name: str, password: str, as_name: str | None = None) -> None:
    """The account `name` of ACCOUNTS with its grants, under another name if given."""
    display_name, language, grants = ACCOUNTS[name]
    principal = as_name or name
    access.create_account(conn, principal, password, display_name=display_name, language=language)
    for role, territory in grants:
        access.grant(conn, principal, role, territory, granted_by="test", reason="order 1")


@dataclass
class Portal:
    """A portal that answers, over `published`."""

    url: str
    published: Published
    clients: list[httpx.Client] = field(default_factory=list, repr=False)

    @property
    def passwords(self) -> dict[str, str]:
        return self.published.passwords

    def client(self, address: str | None = None) -> httpx.Client:
        """A browser at an address of its own, which the portal learns from the test as from its proxy."""
        number = len(self.clients)
        headers = {"Accept-Language": "ru", "X-Forwarded-For": address or f"10.1.{number // 250}.{number % 250 + 1}"}
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, trust_env=False))
        return self.clients[-1]

    def signed_in(self, principal: str) -> httpx.Client:
        client = self.client()
        assert self.sign_in(client, principal).status_code == 303
        return client

    def sign_in(self, client: httpx.Client, principal: str, password: str | None = None, **more: str) -> httpx.Response:
        if "auyl" in client.cookies:  # the session has ended, the browser is known
            client.cookies.delete("auyl")
        client.get("/")
        token = client.cookies["auyl-form"]
        form = {"principal": principal, "password": password or self.passwords[principal], "token": token, **more}
        return client.post("/", data=form)

    def audit(self) -> list[tuple]:
        """(principal, action, object, outcome), newest first."""
        return self.published.query(
            "select principal, action, object, outcome from access.audit order by audit_id desc limit 20"
        )


@pytest.fixture(scope="session")
def portal(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    password = access.make_password()
    with contextlib.closing(psycopg2.connect(published.settings.dsn)) as conn, conn:
        access.set_portal_password(conn, password)
    folder = tmp_path_factory.mktemp("portal")
    (folder / "dsn").write_text(dsn_as(published.settings.dsn, "auyl_portal", password))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "AUYL_INCLUDE": str(published.settings.include)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "auyl.portal", "--dsn-file", str(folder / "dsn"), "--port", str(port),
                "--proxy", "127.0.0.1",
            ],
            cwd=REPOSITORY, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        running = Portal(f"http://127.0.0.1:{port}", published)
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{running.url}/healthz", trust_env=False).status_code == 200:
                    break
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield running
        for client in running.clients:
            client.close()
        output = (folder / "log").read_text()
        assert "Traceback" not in output, output
        assert not any(secret in output for secret in (*published.passwords.values(), password))
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture
def name() -> str:
    """A name that nobody has."""
    return "ghost." + secrets.token_hex(4)
