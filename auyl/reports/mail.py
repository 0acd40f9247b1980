"""Mail: one message through the server that an address names."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from auyl.errors import AuylError, SettingMissing
from auyl.reports.limit import TookTooLong, within

TIMEOUT_S = 120.0  # some servers let a stranger wait for half a minute before each answer
PORTS = {"tls": 465, "starttls": 587, "none": 25}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class MailNotSent(AuylError):
    """The server did not take the message. Trying again later may help."""


def send(
    address: str,
    subject: str,
    text: str,
    attachments: Mapping[str, bytes] | None = None,
    message_id: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> int:
    """Send one message to all recipients of `address`; return how many they are.

    `address` is smtp://login:password@host:port/?from=…&to=…,…&security=tls|starttls|none; tls without `security`.
    Nothing takes longer than `timeout_s`, whatever drips meanwhile.
    Attachments are JSON by name. The same `message_id` lets a mailbox know a repetition.
    Raises SettingMissing for an address that lacks something, MailNotSent when a recipient was not accepted.
    """
    parts = urlsplit(address)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host, security = parts.hostname or "", query.get("security", "tls")
    recipients = [one.strip() for one in query.get("to", "").split(",") if one.strip()]
    if not host or not recipients or "from" not in query or security not in PORTS:
        raise SettingMissing("auyl_smtp", "a host, `from`, `to` and security tls, starttls or none")
    if parts.password and security == "none" and host not in LOOPBACK:
        raise SettingMissing("auyl_smtp", "tls or starttls: a password does not go over an open line")
    message = EmailMessage()
    # Python loses a space where it folds a subject that is not ASCII: https://github.com/python/cpython/issues/92081
    message["Subject"] = subject.replace(" ", "\u00a0")
    message["From"], message["To"] = query["from"], ", ".join(recipients)
    if message_id:
        message["Message-ID"] = f"<{message_id}@{query['from'].rpartition('@')[2]}>"
    message.set_content(text)
    for name, content in (attachments or {}).items():
        message.add_attachment(content, maintype="application", subtype="json", filename=name)
    port = parts.port or PORTS[security]

    def sent() -> dict[str, tuple[int, bytes]]:
        with _connection(host, port, security, timeout_s) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            return server.send_message(message, to_addrs=recipients)

    try:
        refused = within(timeout_s, sent)
    except (smtplib.SMTPException, OSError, TookTooLong) as error:
        # The text of an error may hold what was sent; its class and code are enough.
        code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        raise MailNotSent(f"mail server {host}:{port}: {type(error).__name__}{code}") from None
    if refused:
        raise MailNotSent(f"mail server {host}:{port} did not accept {len(refused)} of {len(recipients)} recipients")
    return len(recipients)


@contextlib.contextmanager
def _connection(host: str, port: int, security: str, timeout_s: float) -> Iterator[smtplib.SMTP]:
    if security == "tls":
        with smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=ssl.create_default_context()) as server:
            yield server
        return
    with smtplib.SMTP(host, port, timeout=timeout_s) as server:
        if security == "starttls":
            server.starttls(context=ssl.create_default_context())
        yield server
