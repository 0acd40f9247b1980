"""Connections of the portal: a deadline for each request and each answer, and room for whoever comes next.

uvicorn itself limits only the pause between two requests: a socket that says nothing, or one header byte a minute,
holds its place for ever, and `limit_concurrency` then refuses everybody else.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import h11
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HEADER_BYTES = 16 * 1024


@dataclass(frozen=True)
class Limits:
    """How long and how many. `seconds_to_ask` is for head and body of one request together."""

    seconds_to_ask: float = 10
    seconds_to_answer: float = 60
    connections: int = 400  # a process may open 1,024 files on many systems
    connections_by_address: int = 40
    requests_by_address: int = 16


class Room:
    """The connections of a process. One too many closes the one that has waited longest for the rest of a request.

    So silent sockets make room, and a person's browser, which asks at once, gets in.
    """

    def __init__(self, limits: Limits, is_proxy: Callable[[str], bool]) -> None:
        self._limits, self._is_proxy = limits, is_proxy
        self._by_address: Counter[str] = Counter()
        self._waiting: dict[TimedConnection, str] = {}  # in the order in which they began to wait

    def enter(self, connection: "TimedConnection", address: str) -> None:
        """Count a new connection, and close another one, or this one, where there are too many."""
        self._by_address[address] += 1
        self.waits(connection, address)
        if not self._is_proxy(address) and self._by_address[address] > self._limits.connections_by_address:
            self._close_longest_waiting(address)
        elif self._by_address.total() > self._limits.connections:
            self._close_longest_waiting(None)

    def leave(self, connection: "TimedConnection", address: str) -> None:
        self._waiting.pop(connection, None)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def waits(self, connection: "TimedConnection", address: str) -> None:
        self._waiting[connection] = address

    def asked(self, connection: "TimedConnection") -> None:
        self._waiting.pop(connection, None)

    def _close_longest_waiting(self, address: str | None) -> None:
        chosen = next(c for c, a in self._waiting.items() if address is None or a == address)
        del self._waiting[chosen]
        chosen.transport.abort()


class TimedConnection(H11Protocol):
    """uvicorn's connection with deadlines. h11, not httptools: it bounds the head of a request."""

    limits: Limits
    room: Room
    _deadline: asyncio.TimerHandle | None = None
    _is_waiting = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._arm(self.limits.seconds_to_ask)
        self.room.enter(self, self._address)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        self.room.leave(self, self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_waiting and not self._is_incomplete():
            self._settle()

    def on_response_complete(self) -> None:
        super().on_response_complete()  # which also reads the next request, if it has come already
        self._settle()

    def _is_incomplete(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _settle(self) -> None:
        """Begin the next phase: waiting for the rest of a request, or answering one that has come whole."""
        if self.transport.is_closing():
            return
        self._is_waiting = self._is_incomplete()
        if self._is_waiting:
            self._arm(self.limits.seconds_to_ask)
            self.room.waits(self, self._address)
        else:
            self._arm(self.limits.seconds_to_answer)
            self.room.asked(self)

    def _arm(self, seconds: float) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)


def connection_class(limits: Limits, proxies: Sequence[Network]) -> type[TimedConnection]:
    """The class that uvicorn makes a connection of. `proxies` are not limited by address: others stand behind them."""
    room = Room(limits, lambda address: is_within(address, proxies))
    return type("Connection", (TimedConnection,), {"limits": limits, "room": room})


class RequestsByAddress:
    """At most so many requests of one client address at a time; behind a proxy its connections say nothing of that."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most
        self._running: Counter[Any] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        address = scope["client"][0] if scope.get("client") else None
        if self._running[address] >= self._most:
            answer = PlainTextResponse(
                "too many requests at a time\n", 429, {"Retry-After": "5", "Connection": "close"}
            )
            return await answer(scope, receive, send)
        self._running[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[address] -= 1
            if not self._running[address]:
                del self._running[address]
        return None


def networks(text: str) -> list[Network]:
    """Addresses and networks, comma-separated. Raises ValueError, also for `*` and /0: they would believe everybody."""
    parsed = [ipaddress.ip_network(part.strip()) for part in text.split(",")]
    if any(network.prefixlen == 0 for network in parsed):
        raise ValueError("every address")
    return parsed


def is_within(address: str, of: Sequence[Network]) -> bool:
    """Whether the text is an IP address in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in of)
