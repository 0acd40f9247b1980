"""Real servers in place of the sources, and contracts with other ways in."""

import re
import shutil
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from auyl import contracts
from auyl.contracts.model import parse
from auyl.errors import AuylError, SourceUnavailable
from auyl.settings import Settings
from auyl.sources import backoff

TOKEN = "token-of-the-tests"
Serve = Callable[..., str]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No wait between attempts; the list gets the number of each failed attempt in its row, from 0."""
    attempts: list[int] = []

    def no_wait(attempt: int) -> float:
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(backoff, "growing_wait_s", no_wait)
    return attempts


@pytest.fixture(autouse=True)
def every_failure_says_what_was_expected_and_found_and_who_fixes_it(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test of this folder makes a source do, and whether or not it looks at the words."""
    texts: list[str] = []

    def remember(self: SourceUnavailable, text: str) -> None:
        texts.append(text)
        AuylError.__init__(self, text)

    monkeypatch.setattr(SourceUnavailable, "__init__", remember, raising=False)
    yield
    whole = re.compile(r"\w+: (?:[^:]+: )?expected \S.*; found \S.*\. Fix: \S.*", re.DOTALL)
    assert [text for text in texts if not whole.fullmatch(text)] == []


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve pages of `extracts`; returns the address with its token. `--faults some` makes some requests fail."""
    started: list[subprocess.Popen[str]] = []

    def start(extracts: Path, faults: str = "none", token: str = TOKEN) -> str:
        file = tmp_path / "token"
        file.write_text(TOKEN)
        command = [sys.executable, "-m", "lab.simulated_sources.rest", "--extracts", str(extracts), "--port", "0"]
        process = subprocess.Popen(
            [*command, "--token-file", str(file), "--faults", faults], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        host = process.stdout.readline().strip().removeprefix("http://")
        return f"http://:{token}@{host}"

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=90)


def with_options(contract: contracts.Contract, **options: object) -> contracts.Contract:
    """The contract in the file of `contract`, with other options of its server; None removes an option."""
    document = yaml.safe_load(contract.path.read_text(encoding="utf-8"))
    change_options(document["servers"][0], options)
    return parse(document, contract.path, contract.digest)


def change_options(server: dict[str, Any], options: dict[str, object]) -> None:
    """Set options of a server in a contract's YAML; None removes an option."""
    changed = {item["property"]: item["value"] for item in server["customProperties"]} | options
    server["customProperties"] = [
        {"property": name, "value": value} for name, value in changed.items() if value is not None
    ]


Adopt = Callable[..., Settings]


@pytest.fixture
def adopt(tmp_path: Path) -> Adopt:
    """Settings in which a registry has another way in: `adopt(settings, "population", way="sftp", …)`.

    None removes an option. Everything else is as in the project.
    """

    def change(settings: Settings, registry: str, **options: object) -> Settings:
        include = tmp_path / "include"
        shutil.copytree(settings.include, include, dirs_exist_ok=True)
        path = include / "contracts" / f"{registry}.odcs.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        change_options(document["servers"][0], options)
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of the ODCS model's own
            contracts.validate(path)
        return replace(settings, include=include)

    return change


@dataclass
class Asked:
    """A request that a test's server received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """Its answer. `cut` drops the connection after so many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class SourceServer:
    """A real HTTP server whose answers a test decides; `asked` are the requests that it received."""

    port: int
    asked: list[Asked] = field(default_factory=list)


Answering = Callable[..., SourceServer]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """`answering(reply)` starts a server that answers each request with `reply(asked)`; `tls`: key and certificate."""
    started: list[ThreadingHTTPServer] = []

    def start(reply: Callable[[Asked], Answer], tls: Path | None = None) -> SourceServer:
        server = SourceServer(0)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
                server.asked.append(asked)
                answer = reply(asked)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
                self.close_connection = answer.cut is not None

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            http_server.socket = context.wrap_socket(http_server.socket, server_side=True)
        started.append(http_server)
        server.port = http_server.server_address[1]
        threading.Thread(target=http_server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    yield start
    for http_server in started:
        http_server.shutdown()
        http_server.server_close()
