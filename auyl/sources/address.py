"""The address of a source: where it is, who we are there, and what the connection says about trust."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from auyl.contracts import Contract


@dataclass(frozen=True)
class Address:
    """An address as the connection gives it. `extras` are its query: keys, certificates, never sent anywhere."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    extras: dict[str, str] = field(repr=False)

    @property
    def base(self) -> str:
        """The address without credentials and without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        netloc = f"{host}:{self.port}" if self.port else host
        return urlunsplit((self.scheme, netloc, self.path.rstrip("/"), "", ""))

    def text(self, name: str) -> str | None:
        """The extra `name`, or the content of the file that the extra `<name>_file` names. Raises OSError."""
        if value := self.extras.get(name):
            return value
        file = self.extras.get(f"{name}_file")
        return Path(file).read_text(encoding="utf-8") if file else None


def parse(contract: Contract, address: str) -> Address:
    """Parse `address`. Raises ConnectionUnusable, without showing it."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise contract.connection_unusable("an address", "text that is no address") from None
    return Address(
        parts.scheme,
        parts.hostname or "",
        port,
        unquote(parts.path),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        dict(parse_qsl(parts.query)),
    )
