"""The portal as its own process on a free port, over a filled PostgreSQL, with people who have grants."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg2
import pytest

from auyl import access
from tests.access import world
from tests.access.conftest import dsn_as

REPOSITORY = Path(__file__).parents[2]
PEOPLE = {
    "akim.shelek": ("Серік Ахметов", "kk", [("akim", world.SHELEK)]),
    "akim.two": ("Айгүл Сәрсенова", "ru", [("akim", world.SHELEK), ("akim", world.TURGEN)]),
    "oblast": ("Областной штаб", "ru", [("oblast_staff", "19")]),
    "ambulance": ("Диспетчер 103", "ru", [("ambulance_coordinator", "1940")]),
    "veterinary": ("Ветеринарный штаб", "ru", [("veterinary_coordinator", "1940")]),
    "nobody": ("Жаңа маман", "kk", []),
}


@dataclass
class Running:
    """A portal that answers."""

    url: str
    owner_dsn: str = field(repr=False)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    clients: list[httpx.Client] = field(default_factory=list, repr=False)

    def client(self) -> httpx.Client:
        self.clients.append(httpx.Client(base_url=self.url, headers={"Accept-Language": "ru"}, trust_env=False))
        return self.clients[-1]

    def signed_in(self, principal: str) -> httpx.Client:
        client = self.client()
        assert self.sign_in(client, principal).status_code == 303
        return client

    def sign_in(self, client: httpx.Client, principal: str, password: str | None = None, **more: str) -> httpx.Response:
        client.get("/")
        token = client.cookies["auyl-form"]
        form = {"principal": principal, "password": password or self.passwords[principal], "token": token, **more}
        return client.post("/", data=form)

    def audit(self) -> list[tuple]:
        """(principal, action, object, outcome), newest first."""
        with contextlib.closing(psycopg2.connect(self.owner_dsn)) as conn, conn.cursor() as cur:
            cur.execute("select principal, action, object, outcome from access.audit order by audit_id desc limit 20")
            return cur.fetchall()


@pytest.fixture(scope="module")
def portal(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    world.migrate(dsn)
    world.fill(dsn)
    password, people = access.make_password(), {name: access.make_password() for name in PEOPLE}
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn:
        access.set_portal_password(conn, password)
        for name, (display_name, language, grants) in PEOPLE.items():
            access.create_account(conn, name, people[name], display_name=display_name, language=language)
            for role, territory in grants:
                access.grant(conn, name, role, territory, granted_by="test", reason="order 1")
    place = tmp_path_factory.mktemp("portal")
    (place / "dsn").write_text(dsn_as(dsn, "auyl_portal", password))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "auyl.portal", "--dsn-file", str(place / "dsn"), "--port", str(port)],
            cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        running = Running(f"http://127.0.0.1:{port}", dsn, people)
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{running.url}/healthz", trust_env=False).status_code == 200:
                    break
            assert process.poll() is None and time.monotonic() < deadline, (place / "log").read_text()
            time.sleep(0.1)
        yield running
        for client in running.clients:
            client.close()
        said = (place / "log").read_text()
        assert "Traceback" not in said, said
        assert not any(secret in said for secret in (*people.values(), password))
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture
def name() -> str:
    """A name that nobody has."""
    return "ghost." + secrets.token_hex(4)
