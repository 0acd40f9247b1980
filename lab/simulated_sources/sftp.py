"""An SFTP server, as a separate process or as a thread of a test.

    python -m lab.simulated_sources.sftp --folder DIR --port N --login NAME --password-file FILE --host-key FILE

Clients see only DIR and may not write. Each of `cuts` is a number of bytes after which the connection is dropped once
in the middle of a read, so that clients have something to resume. `rate` is the speed of the line in bytes per second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import asyncssh


class SftpServer:
    """The server. `served` counts the bytes read by file name, `connections` the logins."""

    def __init__(
        self,
        folder: Path,
        login: str,
        password: str | None = None,
        authorized_keys: str = "",
        cuts: Sequence[int] = (),
        rate: float | None = None,
        can_open: bool = True,
    ) -> None:
        self.folder = folder
        self.login = login
        self.password = password
        self.authorized_keys = authorized_keys
        self.cuts = list(cuts)
        self.rate = rate
        self.can_open = can_open
        self.served: dict[str, int] = {}
        self.connections = 0
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def public_key(self) -> str:
        """The server's public key, as in an Airflow connection."""
        return self.host_key.export_public_key().decode().strip()

    async def listen(self, port: int = 0) -> asyncssh.SSHAcceptor:
        """Listen on 127.0.0.1; port 0 takes any free one."""
        keys = asyncssh.import_authorized_keys(self.authorized_keys) if self.authorized_keys else None
        acceptor = await asyncssh.listen(
            "127.0.0.1", port, server_factory=lambda: _Login(self), server_host_keys=[self.host_key],
            sftp_factory=lambda channel: _Files(channel, self), allow_scp=False, config=None,
            authorized_client_keys=keys,
        )  # fmt: skip
        self.port = acceptor.get_port()
        return acceptor

    def start(self) -> int:
        """Serve in a thread of this process; returns the port."""
        ready = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._over = asyncio.Event()
            async with await self.listen():
                ready.set()
                await self._over.wait()

        self._thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        self._thread.start()
        if not ready.wait(20):
            raise TimeoutError("the SFTP server did not start")
        return self.port

    def stop(self) -> None:
        """End the thread."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(20)
            self._loop = self._thread = None


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self.server = server

    def begin_auth(self, username: str) -> bool:
        """Every user has to authenticate."""
        return True

    def password_auth_supported(self) -> bool:
        """Only if a password is set."""
        return self.server.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        """Compare in constant time."""
        expected = f"{self.server.login}\n{self.server.password}".encode()
        return hmac.compare_digest(f"{username}\n{password}".encode(), expected)

    def auth_completed(self) -> None:
        """Count the logins."""
        self.server.connections += 1


class _Files(asyncssh.SFTPServer):
    """Read-only files below a folder; drops the connection at the configured cuts."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: SftpServer) -> None:
        super().__init__(channel, chroot=str(server.folder).encode())
        self.server = server
        self.names: dict[object, str] = {}
        self.line = asyncio.Lock()

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open for reading only."""
        if pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC):
            raise asyncssh.SFTPPermissionDenied("read-only")
        if not self.server.can_open:
            raise asyncssh.SFTPOpUnsupported("no such operation")
        file = super().open(path, pflags, attrs)
        self.names[id(file)] = path.decode().rsplit("/", 1)[-1]
        return file

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Return bytes as fast as the line is, or drop the connection at a cut."""
        data = cast("bytes", super().read(file_obj, offset, size))
        name = self.names[id(file_obj)]
        cuts = self.server.cuts
        if cuts and offset + len(data) > cuts[0]:
            cuts.pop(0)
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("cut")
        if self.server.rate:
            async with self.line:
                await asyncio.sleep(len(data) / self.server.rate)
        self.server.served[name] = self.server.served.get(name, 0) + len(data)
        return data


def make_host_key(file: Path) -> str:
    """Generate the server's private key unless it exists; returns the public key, as in an Airflow connection."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(file)
    return asyncssh.read_private_key(file).export_public_key().decode().strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print port and public key, then serve on 127.0.0.1 until a signal."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.simulated_sources.sftp", description="SFTP server of the synthetic oblast."
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="0 for any free port")
    parser.add_argument("--login", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--host-key", type=Path, required=True, help="private key; generated when missing")
    given = parser.parse_args(arguments)
    server = SftpServer(given.folder, given.login, given.password_file.read_text(encoding="utf-8").strip())
    make_host_key(given.host_key)
    server.host_key = asyncssh.read_private_key(given.host_key)

    async def serve() -> None:
        async with await server.listen(given.port):
            print(f"{server.port} {server.public_key}", flush=True)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
