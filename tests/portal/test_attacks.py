"""Attacks on the portal's sockets, while an akim reads their page: it comes within a second.

Other addresses than the akim's are those of the loopback network, 127.0.0.0/8.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from auyl.portal.__main__ import arguments
from auyl.portal.connections import Limits
from tests.portal.conftest import OKRUG, Portal

LIMITS = Limits()


class Attacker:
    """Sockets to the portal that stay open until the end of a test."""

    def __init__(self, portal: Portal) -> None:
        parts = urlsplit(portal.url)
        self._to = (parts.hostname or "", parts.port or 0)
        self.sockets: list[socket.socket] = []

    def connect(self, says: bytes = b"", address: str = "127.0.0.9") -> socket.socket:
        sock = socket.create_connection(self._to, timeout=30, source_address=(address, 0))
        self.sockets.append(sock)
        with contextlib.suppress(OSError):  # closed by the portal meanwhile
            sock.sendall(says)
        return sock

    def say(self, says: bytes) -> int:
        """The same to all sockets; how many are still open."""
        still_open = 0
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.sendall(says)
                still_open += not is_closed(sock)
        return still_open


def is_closed(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        sock.setblocking(True)


@pytest.fixture
def attacker(portal: Portal) -> Iterator[Attacker]:
    attacker = Attacker(portal)
    yield attacker
    for sock in attacker.sockets:
        sock.close()


@pytest.fixture(scope="module")
def akim(portal: Portal) -> httpx.Client:
    return portal.signed_in("akim")


def seconds_of_a_page(akim: httpx.Client, *, is_new: bool = True) -> float:
    """How long the akim waits for their page, by a new connection as a phone makes one."""
    began = time.monotonic()
    headers = {"Connection": "close"} if is_new else {}
    assert akim.get(f"/okrug/{OKRUG}", headers=headers).status_code == 200
    return time.monotonic() - began


def test_silent_sockets_of_one_address_and_of_many_stop_nobody(
    portal: Portal, attacker: Attacker, akim: httpx.Client
) -> None:
    for _ in range(300):
        attacker.connect()
    assert seconds_of_a_page(akim) < 1
    assert attacker.say(b"") <= LIMITS.connections_by_address
    for n in range(LIMITS.connections + 200):
        attacker.connect(b"GET / HTTP/1.1\r\nX-", address=f"127.0.1.{n % 250 + 1}")
    assert seconds_of_a_page(akim) < 1
    assert attacker.say(b"a") <= LIMITS.connections


def test_a_request_that_trickles_in_is_cut_off_and_a_large_one_is_refused(
    portal: Portal, attacker: Attacker, akim: httpx.Client
) -> None:
    began = time.monotonic()
    for n in range(30):
        attacker.connect(b"GET / HTTP/1.1\r\n", address=f"127.0.2.{n + 1}")
        attacker.connect(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 4000\r\n\r\n",
            address=f"127.0.2.{n + 1}",
        )
    for sock in (large_head := attacker.connect(b"GET / HTTP/1.1\r\n"), attacker.connect(b"GET / HTTP/1.1\r\nX: ")):
        with contextlib.suppress(OSError):
            for _ in range(160):
                sock.sendall(b"X-Long: " + b"x" * 65536 if sock is large_head else b"x" * 65536)
    large_body = attacker.connect(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 10485760\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        large_body.sendall(b"x" * 10_485_760)
    assert large_body.recv(12) == b"HTTP/1.1 400"
    while attacker.say(b"x"):
        assert seconds_of_a_page(akim) < 1
        assert time.monotonic() - began < LIMITS.seconds_to_ask + 5
        time.sleep(0.5)
    assert time.monotonic() - began > LIMITS.seconds_to_ask - 2, "cut off before a slow phone has asked"


def test_requests_one_behind_the_other_and_answers_that_nobody_fetches_stop_nobody(
    portal: Portal, attacker: Attacker, akim: httpx.Client
) -> None:
    many = b"GET /?lang=ru HTTP/1.1\r\nHost: x\r\n\r\n" * 200
    for n in range(20):
        attacker.connect(many, address=f"127.0.3.{n + 1}")
    times = sorted(seconds_of_a_page(akim) for _ in range(5))
    assert times[2] < 1


def test_many_sign_ins_at_once_delay_no_page(portal: Portal, attacker: Attacker, akim: httpx.Client) -> None:
    client = portal.client()
    client.get("/")
    token = client.cookies["auyl-form"]
    form = f"principal=ghost&password=not+the+password&token={token}"
    request = (
        f"POST / HTTP/1.1\r\nHost: x\r\nCookie: auyl-form={token}\r\nContent-Length: {len(form)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
    ).encode()
    for n in range(90):
        attacker.connect(request, address=f"127.0.5.{n % 30 + 1}")
    times = sorted(seconds_of_a_page(akim) for _ in range(5))
    assert times[2] < 1
    answers = {sock.recv(12) for sock in attacker.sockets}
    assert answers <= {b"HTTP/1.1 401", b"HTTP/1.1 429", b"HTTP/1.1 503"}


def test_one_address_gets_so_many_answers_at_a_time(portal: Portal, attacker: Attacker, akim: httpx.Client) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
    for _ in range(LIMITS.requests_by_address):
        attacker.connect(head, address="127.0.4.1")
    time.sleep(0.3)
    refused = attacker.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", address="127.0.4.1")
    assert refused.recv(12) == b"HTTP/1.1 429"
    assert attacker.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", address="127.0.4.2").recv(12) == b"HTTP/1.1 200"
    assert seconds_of_a_page(akim) < 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--behind-tls"], "--behind-tls needs --proxy"),
        (["--proxy", "*"], "expected addresses or networks"),
        (["--proxy", "0.0.0.0/0"], "expected addresses or networks"),
        (["--proxy", "127.0.0.1,caddy"], "expected addresses or networks"),
        (["--proxy", ""], "expected addresses or networks"),
    ],
)
def test_a_proxy_is_named_by_its_address(capsys: pytest.CaptureFixture, given: list[str], words: str) -> None:
    with pytest.raises(SystemExit):
        arguments(["--dsn-file", "/dev/null", "--port", "1", *given])
    assert words in capsys.readouterr().err
