"""A folder on an SFTP server.

The connection gives host, port, login and path; a password or the extra `private_key` (or `key_file`, with
`private_key_passphrase`); and `host_key`, one known key of the server a line (`ssh-ed25519 AAAA…`). The names are those
of Airflow's own SFTP connection. The host key cannot be left out: an impostor would be given the password and could
send any registry. Options: `FileOptions`.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import asyncssh

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.sources import Pulled, PullHistory, drop_folder
from auyl.sources.address import Address, parse
from auyl.sources.backoff import AttemptFailed, Backoff
from auyl.sources.drop_folder import CompleteDelivery, FileStat

CONNECT_S = 20.0
SILENCE_S = 30.0
CHUNK_BYTES = 4 << 20
BROKEN = (asyncssh.DisconnectError, asyncssh.ChannelOpenError, asyncssh.SFTPConnectionLost,
          asyncssh.SFTPNoConnection, asyncssh.SFTPFailure, OSError, asyncio.TimeoutError)  # fmt: skip


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """The complete files of `period`; `{period}` in the address and in `filePattern` stands for it.

    A download that breaks off resumes at its byte over a new connection, and its size is checked. A file that is
    unchanged since the last delivery is not fetched again. Raises SourceNotReady, SourceUnavailable after ATTEMPTS
    without a byte, ConnectionUnusable for a wrong host key or login, ExtractRefused.
    """
    return asyncio.run(_SftpPull(contract, period, parse(contract, address)).pull(work, history))


class _SftpPull:
    """One pull from one server, over as many connections as it takes."""

    def __init__(self, contract: Contract, period: str, address: Address) -> None:
        self.contract = contract
        self.period = period
        self.address = address
        self.folder = address.path.replace("{period}", period) or "."
        self.resumed: dict[str, list[int]] = {}

    async def pull(self, work: Path, history: PullHistory) -> Pulled:
        delivery = await self._list(history)
        plan = drop_folder.plan_fetch(self.contract, delivery, history)
        source = f"SFTP {self.folder}, {drop_folder.file_pattern(self.contract, self.period)}"
        if plan.is_unchanged:
            return Pulled([], source, watermark=plan.watermark, is_unchanged=True)
        await self._fetch(plan.fetch, delivery, work)
        for name in plan.fetch:
            delivery.check_sha256(self.contract, name, work / name)
            # The time stamp of a fetched file is that of the server's.
            os.utime(work / name, (delivery.files[name].mtime, delivery.files[name].mtime))
        evidence = {"fetched": plan.fetch, "reused": list(plan.reused), "resumed_at": self.resumed}
        return Pulled(
            [work / name for name in plan.fetch], source, watermark=plan.watermark, reused=plan.reused,
            evidence=delivery.evidence() | evidence,
        )  # fmt: skip

    # -- listing -------------------------------------------------------------------------------------------------

    async def _list(self, history: PullHistory) -> CompleteDelivery:
        backoff = self._backoff("answer")
        is_second_listing = False
        while True:
            try:
                async with AsyncExitStack() as stack:
                    return await self._delivery(await self._connect(stack), history)
            except ExtractRefused:
                # A listing is no snapshot: one that began before both files were there may show the marker alone.
                if is_second_listing:
                    raise
                is_second_listing = True
            except BROKEN as error:
                await _wait(backoff, error, self.folder)

    async def _delivery(self, sftp: asyncssh.SFTPClient, history: PullHistory) -> CompleteDelivery:
        listing: dict[str, FileStat] = {}
        try:
            async for entry in sftp.scandir(self.folder):
                name, state = str(entry.filename), entry.attrs
                if state.type in (asyncssh.FILEXFER_TYPE_SYMLINK, asyncssh.FILEXFER_TYPE_UNKNOWN):
                    state = await sftp.stat(f"{self.folder}/{name}")
                # The name comes from the server and becomes the name of a file here.
                if state.type == asyncssh.FILEXFER_TYPE_REGULAR and "/" not in name and "\0" not in name:
                    listing[name] = FileStat(state.size or 0, float(state.mtime or 0))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
            above = drop_folder.permanent_folder(self.address.path)
            if above is None or not await sftp.isdir(above):
                raise SourceUnavailable(
                    f"{self.contract.registry}: folder {above or self.folder} is not on the server. Fix: "
                    f"a data engineer, in the connection «{self.contract.connection}», with {self.contract.owner}"
                ) from None
            raise SourceNotReady(f"{self.contract.registry}: {self.folder} is not on the server yet") from None
        except asyncssh.SFTPPermissionDenied:
            raise self.contract.connection_unusable(
                f"a login that may read {self.folder}", "permission denied"
            ) from None
        markers = {}
        for name in drop_folder.markers_to_read(self.contract, self.period, listing):
            async with sftp.open(f"{self.folder}/{name}", "rb") as marker:
                markers[name] = cast("bytes", await marker.read(drop_folder.MAX_MARKER_BYTES))
        return drop_folder.complete_delivery(self.contract, self.period, listing, markers, history)

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _fetch(self, names: list[str], delivery: CompleteDelivery, work: Path) -> None:
        left = list(names)
        backoff = self._backoff("give all files")
        while left:
            bytes_before = _bytes(work, names)
            try:
                async with AsyncExitStack() as stack:
                    sftp = await self._connect(stack)
                    while left:
                        await self._download(sftp, left[0], delivery.files[left[0]], work / left[0])
                        left.pop(0)
            except BROKEN as error:
                if _bytes(work, names) > bytes_before:
                    backoff.reset()
                await _wait(backoff, error, left[0])

    async def _download(self, sftp: asyncssh.SFTPClient, name: str, stat: FileStat, target: Path) -> None:
        """Fetch what is missing of a file. Raises SourceNotReady when it differs from the listing."""
        try:
            async with sftp.open(f"{self.folder}/{name}", "rb") as remote:
                state = await remote.stat()
                if (state.size, float(state.mtime or 0)) != (stat.size, stat.mtime):
                    raise SourceNotReady(f"{self.contract.registry}: {name} changes while it is read")
                with target.open("ab") as local:
                    offset = local.tell()
                    if offset:
                        self.resumed.setdefault(name, []).append(offset)
                    while offset < stat.size:
                        wanted = min(CHUNK_BYTES, stat.size - offset)
                        chunk = cast("bytes", await asyncio.wait_for(remote.read(wanted, offset), SILENCE_S))
                        if not chunk:
                            raise SourceNotReady(
                                f"{self.contract.registry}: {name} ends at byte {offset:,} of {stat.size:,}"
                            )
                        local.write(chunk)
                        local.flush()
                        offset += len(chunk)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise SourceNotReady(f"{self.contract.registry}: {name} was there and is gone") from None
        except asyncssh.SFTPPermissionDenied:
            raise self.contract.connection_unusable(f"a login that may read {name}", "permission denied") from None

    # -- connecting ----------------------------------------------------------------------------------------------

    async def _connect(self, stack: AsyncExitStack) -> asyncssh.SFTPClient:
        address = self.address
        given = address.text("host_key")
        if not given:
            raise self.contract.connection_unusable(
                "the server's public key in the extra «host_key»", await self._shown()
            )
        try:
            known = [asyncssh.import_public_key(line) for line in given.splitlines() if line.strip()]
        except asyncssh.KeyImportError:
            raise self.contract.connection_unusable(
                "a public key as `ssh-keyscan` prints it, without the host", "none of that shape"
            ) from None
        try:
            connection = await asyncio.wait_for(
                asyncssh.connect(
                    address.host, address.port or 22, username=address.user, password=address.password or None,
                    client_keys=self._client_keys(), known_hosts=(known, [], []), config=None, agent_path=None,
                    keepalive_interval=SILENCE_S / 3, keepalive_count_max=3,
                ),
                CONNECT_S,
            )  # fmt: skip
            await stack.enter_async_context(connection)
            return await stack.enter_async_context(connection.start_sftp_client())
        except asyncssh.HostKeyNotVerifiable:
            names = " or ".join(key.get_fingerprint() for key in known)
            raise self.contract.connection_unusable(f"a server with the key {names}", await self._shown()) from None
        except asyncssh.PermissionDenied:
            raise self.contract.connection_unusable("a login that the server accepts", "permission denied") from None

    def _client_keys(self) -> list[asyncssh.SSHKey]:
        extras = self.address.extras
        try:
            text = extras.get("private_key") or (Path(extras["key_file"]).read_text() if "key_file" in extras else "")
            return [asyncssh.import_private_key(text, extras.get("private_key_passphrase"))] if text else []
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise self.contract.connection_unusable("a private key that can be read", type(error).__name__) from None

    async def _shown(self) -> str:
        """The key that the server shows, in words."""
        try:
            key = await asyncio.wait_for(
                asyncssh.get_server_host_key(self.address.host, self.address.port or 22, config=None), CONNECT_S
            )
        except BROKEN:
            key = None
        return f"{key.get_algorithm()} {key.get_fingerprint()}, as the server shows it" if key else "none"

    def _backoff(self, what: str) -> Backoff:
        return Backoff(f"{self.contract.registry}: the SFTP server did not {what}")


async def _wait(backoff: Backoff, error: BaseException, name: str) -> None:
    await asyncio.sleep(backoff.next_wait_s(AttemptFailed(f"{name}: the line broke ({type(error).__name__})")))


def _bytes(work: Path, names: list[str]) -> int:
    return sum((work / name).stat().st_size for name in names if (work / name).exists())
