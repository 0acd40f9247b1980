"""The REST server requires a token, returns saved pages, and with faults on fails in every way that it lists."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from lab.simulated_sources.rest import FAULTS
from tests.lab.synthetic.readers import PERIOD, Oblast

TOKEN = "a-token-of-this-test"
URL = "/api/v1/jobseekers"


@contextmanager
def serving(extracts: Path, folder: Path, faults: str = "none") -> Iterator[httpx.Client]:
    """A client of a new server process."""
    file = folder / "token"
    file.write_text(TOKEN + "\n")
    command = [sys.executable, "-m", "lab.simulated_sources.rest", "--extracts", str(extracts), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--token-file", str(file), "--faults", faults],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="module")
def paged(build: Callable[..., Oblast]) -> Oblast:
    """An oblast with nine pages of jobseekers, one for each group of faults."""
    made = build(people=6_000, dirt=0)
    page = (made.folder("employment") / "page-00001.json").read_bytes()
    for number in range(2, 10):
        text = page.replace(b'"page":1,"pages":1', f'"page":{number},"pages":9'.encode())
        (made.folder("employment") / f"page-{number:05d}.json").write_bytes(text)
    return made


def test_a_caller_without_the_token_gets_401(clean: Oblast, tmp_path: Path) -> None:
    with serving(clean.extracts, tmp_path) as client:
        for header in ("", "Bearer wrong", f"Basic {TOKEN}", "Bearer", TOKEN):
            answer = client.get(URL, params={"period": PERIOD}, headers={"Authorization": header})
            assert answer.status_code == 401
            assert "items" not in answer.text
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_pages_are_the_files_and_an_unchanged_page_is_not_sent_again(clean: Oblast, tmp_path: Path) -> None:
    with serving(clean.extracts, tmp_path) as client:
        answer = client.get(URL, params={"period": PERIOD, "page": 1, "size": 1000})
        assert answer.content == (clean.folder("employment") / "page-00001.json").read_bytes()
        again = client.get(URL, params={"period": PERIOD, "page": 1}, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(URL, params={"period": PERIOD, "page": 99}).status_code == 404
        assert client.get(URL, params={"period": "1999-01", "page": 1}).status_code == 404
        assert client.get(URL, params={"period": "../reference", "page": 1}).status_code == 422
        assert client.get(URL, params={"period": PERIOD, "page": 1, "size": 7}).status_code == 422


def test_every_fault_happens_and_the_third_attempt_succeeds(paged: Oblast, tmp_path: Path) -> None:
    observed = set()
    with serving(paged.extracts, tmp_path, "some") as client:
        for page in range(1, 10):
            content = (paged.folder("employment") / f"page-{page:05d}.json").read_bytes()
            for fault in FAULTS[page % 8]:
                observed.add(fault)
                assert outcome(client, page, content) == fault
            assert outcome(client, page, content) == "complete"
    assert observed == {"unavailable", "throttled", "empty", "truncated", "cut", "repeated"}


def outcome(client: httpx.Client, page: int, content: bytes) -> str:
    """How one request for a page ended: `complete`, or the name of the fault."""
    try:
        answer = client.get(URL, params={"period": PERIOD, "page": page})
    except httpx.RemoteProtocolError:
        return "truncated"
    if answer.status_code in (503, 429):
        assert int(answer.headers["Retry-After"]) >= 1
        return "unavailable" if answer.status_code == 503 else "throttled"
    assert answer.status_code == 200
    if answer.content == content:
        return "complete"
    if not answer.content:
        return "empty"
    if content.startswith(answer.content):
        return "cut"
    assert answer.json()["page"] == page - 1
    return "repeated"
