"""What the ways in over HTTP share: one connection with the TLS trust of the address, its limits, failures in words."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import HttpOptions
from auyl.errors import ConnectionUnusable, SourceUnavailable, shape
from auyl.sources.address import Address
from auyl.sources.backoff import AttemptFailed, status_failed

# What httpx raises for a request that it cannot send as it is.
UNSENDABLE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class HttpSource:
    """One connection to a source, which sends one request at a time.

    It trusts the certificates in the extra `ca` or `ca_file`, else those of the machine. A request takes
    `requestTimeoutSeconds` at most from its first byte to the last of its answer, all of them `pullTimeoutSeconds`.
    """

    def __init__(self, contract: Contract, address: Address, options: HttpOptions, idle_s: float) -> None:
        """`idle_s`: how long the source may say nothing. Raises ConnectionUnusable."""
        self.contract = contract
        self._request_s = options.request_timeout_seconds
        self._pull_s = options.pull_timeout_seconds
        self._ends_at = time.monotonic() + self._pull_s
        self._line: socket.socket | None = None
        if address.scheme not in ("http", "https") or not address.host:
            raise contract.connection_unusable("an address of a web server", f"one of scheme {shape(address.scheme)}")
        try:
            given = address.text("ca")
            verify = ssl.create_default_context(cadata=given) if given else True
        except (OSError, ValueError) as error:
            expected = "certificates in PEM in the extra «ca» or the file of «ca_file»"
            raise contract.connection_unusable(expected, type(error).__name__) from None
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        self._client = httpx.Client(timeout=idle_s, verify=verify, limits=limits)

    def __enter__(self) -> HttpSource:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._forget_line()

    @contextmanager
    def stream(self, method: str, url: str, **request: Any) -> Iterator[httpx.Response]:
        """The answer to a request, its body not read yet.

        Raises AttemptFailed when the line breaks, SourceUnavailable past a limit, ConnectionUnusable for what cannot be
        sent and for a certificate that is not trusted; also while the body is read.
        """
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise self._too_long()
        expired = threading.Event()
        timer = threading.Timer(min(self._request_s, left_s), self._expire, (expired,))
        timer.daemon = True
        timer.start()
        try:
            try:
                extensions = {"trace": self._trace}
                with self._client.stream(method, url, extensions=extensions, **request) as answer:
                    yield answer
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OverflowError) as error:
                if not expired.is_set():
                    raise self._broken(error) from None
            # A body that only ends with its connection looks whole when the connection was ended here.
            if expired.is_set():
                raise self._too_long()
        finally:
            timer.cancel()

    def read(self, method: str, url: str, max_bytes: int, **request: Any) -> tuple[httpx.Response, bytes]:
        """An answer and its body, of which no more than a chunk over `max_bytes` is read. Raises as `stream`."""
        content = bytearray()
        with self.stream(method, url, **request) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > max_bytes:
                    break
        return answer, bytes(content)

    # -- the limit of a request ----------------------------------------------------------------------------------

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the socket of a new connection; its copy stays usable when TLS wraps the first."""
        if event == "connection.connect_tcp.complete":
            self._forget_line()
            self._line = info["return_value"].get_extra_info("socket").dup()

    def _expire(self, expired: threading.Event) -> None:
        """End the connection, which wakes a thread that waits for its bytes."""
        expired.set()
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _too_long(self) -> SourceUnavailable:
        if time.monotonic() >= self._ends_at:
            expected, option = f"a whole extract within {self._pull_s:g} s", "pullTimeoutSeconds"
            found = f"the pull has taken longer than {self._pull_s:g} s"
        else:
            expected, option = f"a whole answer within {self._request_s:g} s", "requestTimeoutSeconds"
            found = "one that goes on"
        owner = f"{self.contract.owner}, or {option} in the contract"
        return self.contract.unavailable(expected, f"{found}; nothing was landed", owner)

    def _forget_line(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _broken(self, error: Exception) -> AttemptFailed | ConnectionUnusable:
        """The error to raise for a request without an answer. What is set up wrong is no passing failure."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            expected = "a server whose certificate is trusted, or its authority in the extra «ca»"
            return self.contract.connection_unusable(expected, "another")
        if not isinstance(error, httpx.HTTPError) or isinstance(error, UNSENDABLE):
            expected = "an address and credentials that can be sent"
            return self.contract.connection_unusable(expected, f"others ({type(error).__name__})")
        return AttemptFailed(f"the line broke ({type(error).__name__})")


def failed(contract: Contract, who: str, answer: httpx.Response) -> AttemptFailed:
    """The failure for an answer that is no success. Raises SourceNotReady when it asks for a long pause."""
    return status_failed(contract, who, answer.status_code, answer.headers.get("Retry-After", ""))


def is_refusal(answer: httpx.Response) -> bool:
    """Does it refuse the credentials? A 403 that says when to return is a limit of requests."""
    return answer.status_code == 401 or (answer.status_code == 403 and not answer.headers.get("Retry-After"))
