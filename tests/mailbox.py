"""A real SMTP server on loopback that keeps what it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PASSWORD = "kept-by-the-post"


@dataclass
class Mailbox:
    """Messages that came, oldest first. `refuses` is the answer to every message instead, such as 451."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuses: str = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return self.refuses
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        if isinstance(data, LoginPassword):
            self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1][1] == PASSWORD, handled=False)


def subject(message: EmailMessage) -> str:
    """The subject as people see it."""
    return str(message["Subject"]).replace("\u00a0", " ")


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server on a free port, in a thread of its own."""
    box = Mailbox()
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(box, authenticator=box._authenticate, auth_require_tls=False, loop=loop)

    # the package's own controller cannot be given port 0
    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
