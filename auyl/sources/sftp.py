"""A folder on an SFTP server.

The connection gives host, port, login and path; a password or the extra `private_key` (or `key_file`, with
`private_key_passphrase`); and `host_key`, one known key of the server a line (`ssh-ed25519 AAAA…`). The names are those
of Airflow's own SFTP connection. The host key cannot be left out: an impostor would be given the password and could
send any registry. Options: `FileOptions`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path, PurePosixPath
from typing import Any, cast

import asyncssh

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.sources import Pulled, PullHistory, drop_folder
from auyl.sources.address import Address, parse
from auyl.sources.backoff import AttemptFailed, Backoff
from auyl.sources.drop_folder import AS_LISTED, CompleteDelivery, FileStat, Listing
from auyl.sources.names import composed

CONNECT_S = 20.0
SILENCE_S = 30.0
# A task that transfers has two hours; what has arrived by then is kept for its next try.
TRANSFER_S = 90 * 60.0
# Bytes that are asked for at once, in pieces that a slow line brings well within SILENCE_S.
CHUNK_BYTES = 1 << 20
PIECE_BYTES = 1 << 16
LATEST_MTIME_S = float(1 << 33)
MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
BROKEN = (asyncssh.DisconnectError, asyncssh.ChannelOpenError, asyncssh.SFTPConnectionLost,
          asyncssh.SFTPNoConnection, asyncssh.SFTPFailure, OSError, asyncio.TimeoutError)  # fmt: skip


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """The complete files of `period`; `{period}` in the address and in `filePattern` stands for it.

    A download that breaks off resumes at its byte over a new connection, in a later pull too, and its size is checked.
    A file that is unchanged since the last delivery is not fetched again. Raises SourceNotReady, SourceUnavailable
    after ATTEMPTS without a byte or TRANSFER_S in all, ConnectionUnusable for a wrong host key or login, and
    ExtractRefused.
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
        self.received = 0

    async def pull(self, work: Path, history: PullHistory) -> Pulled:
        delivery = await self._list(history)
        plan = drop_folder.plan_fetch(self.contract, delivery, history)
        source = f"SFTP {self.folder}, {drop_folder.file_pattern(self.contract, self.period)}"
        if plan.is_unchanged:
            return Pulled([], source, watermark=plan.watermark, is_unchanged=True)
        await self._fetch(plan.fetch, delivery, work, history.partial or work)
        for name in plan.fetch:
            delivery.check_sha256(self.contract, name, work / name)
            # A fetched file has the time stamp that it has on the server.
            stamp = min(delivery.files[name].mtime, LATEST_MTIME_S)
            os.utime(work / name, (stamp, stamp))
        evidence = {"fetched": plan.fetch, "reused": list(plan.reused), "resumed_at": self.resumed}
        return Pulled(
            [work / name for name in plan.fetch], source, watermark=plan.watermark, reused=plan.reused,
            evidence=delivery.evidence() | evidence,
            promised={name: digest for name in delivery.files if (digest := delivery.sha256(name))},
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
            except asyncssh.Error as error:
                raise self._unusable_answer(self.folder, error) from None

    def _unusable_answer(self, name: str, error: asyncssh.Error) -> SourceUnavailable:
        found = f"the answer {error.code} ({type(error).__name__.removeprefix('SFTP')}) of the SFTP server"
        return self.contract.unavailable(f"to read {name}", found)

    async def _delivery(self, sftp: asyncssh.SFTPClient, history: PullHistory) -> CompleteDelivery:
        listing = Listing()
        try:
            await self._check_folder(sftp)
            # As bytes, since one name that is no UTF-8 would end the listing of all.
            async for entry in sftp.scandir(self.folder.encode()):
                await self._add(listing, sftp, entry)
        except (*MISSING, asyncssh.SFTPNotADirectory):
            above = drop_folder.permanent_folder(self.address.path)
            if above is None or not await sftp.isdir(above):
                raise self.contract.unavailable(
                    "the folder of the connection",
                    f"folder {above or self.folder} is not on the server",
                    f"a data engineer, in the connection «{self.contract.connection}», with {self.contract.owner}",
                ) from None
            found = f"{self.folder} is not on the server yet"
            raise self.contract.not_ready("a folder of the period", found) from None
        except asyncssh.SFTPPermissionDenied:
            raise self.contract.connection_unusable(
                f"a login that may read {self.folder}", "permission denied"
            ) from None
        markers = {}
        for name in drop_folder.markers_to_read(self.contract, self.period, listing):
            async with sftp.open(f"{self.folder}/{listing.files[name].name}", "rb") as marker:
                markers[name] = cast("bytes", await marker.read(drop_folder.MAX_MARKER_BYTES))
        return drop_folder.complete_delivery(self.contract, self.period, listing, markers, history)

    async def _add(self, listing: Listing, sftp: asyncssh.SFTPClient, entry: asyncssh.SFTPName) -> None:
        raw, state = cast("bytes", entry.filename), entry.attrs
        name = raw.decode(errors="replace")
        # The name comes from the server and becomes the name of a file here.
        if name in (".", "..") or b"/" in raw or b"\0" in raw:
            return
        if name.encode() != raw:
            listing.skipped[name] = "a name that is no UTF-8"
            return
        if state.type == asyncssh.FILEXFER_TYPE_UNKNOWN:
            try:
                state = await sftp.lstat(f"{self.folder}/{name}")
            except MISSING:
                return
        if state.type == asyncssh.FILEXFER_TYPE_SYMLINK:
            try:
                await sftp.stat(f"{self.folder}/{name}")
                listing.links[composed(name)] = "a symbolic link"
            except (*MISSING, asyncssh.SFTPLinkLoop, asyncssh.SFTPFailure, asyncssh.SFTPPermissionDenied):
                listing.skipped[composed(name)] = "a link to nothing"
        elif state.type == asyncssh.FILEXFER_TYPE_DIRECTORY:
            listing.skipped[composed(name)] = "no regular file"
        elif state.type != asyncssh.FILEXFER_TYPE_REGULAR:
            listing.links[composed(name)] = "a pipe, a socket or a device"
        elif (state.nlink or 1) > 1:
            listing.links[composed(name)] = f"a file with {state.nlink} names (hard links)"
        else:
            listing.add(name, state.size or 0, float(state.mtime or 0))

    async def _check_folder(self, sftp: asyncssh.SFTPClient) -> None:
        """Refuse a link in place of a folder below the permanent one."""
        above = drop_folder.permanent_folder(self.address.path)
        path = above.rstrip("/") if above is not None else self.folder
        for name in PurePosixPath(self.folder).relative_to(above).parts if above is not None else ():
            path = f"{path}/{name}"
            if (await sftp.lstat(path)).type == asyncssh.FILEXFER_TYPE_SYMLINK:
                expected, found = "a folder of the drop folder itself", "a symbolic link in place of a folder"
                raise self.contract.refusal(name, expected, found)

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _fetch(self, names: list[str], delivery: CompleteDelivery, work: Path, partial: Path) -> None:
        left = list(names)
        backoff = self._backoff("give all files")
        until = time.monotonic() + TRANSFER_S
        while True:
            bytes_before = self.received
            try:
                async with AsyncExitStack() as stack:
                    sftp = await self._connect(stack)
                    while left:
                        part = partial / _part_name(left[0], delivery.files[left[0]])
                        await self._download(sftp, left[0], delivery.files[left[0]], part, until)
                        shutil.move(part, work / left[0])
                        left.pop(0)
                    # A file may be written again, or replaced, after its first byte was read.
                    for name, stat in delivery.files.items():
                        await self._check_unchanged(sftp, name, stat)
                    return
            except BROKEN as error:
                if self.received > bytes_before:
                    backoff.reset()
                await _wait(backoff, error, left[0] if left else self.folder)
            except asyncssh.Error as error:
                raise self._unusable_answer(left[0] if left else self.folder, error) from None

    async def _check_unchanged(self, sftp: asyncssh.SFTPClient, name: str, stat: FileStat) -> None:
        """Raises SourceNotReady when a file is another one than in the listing."""
        try:
            state = await sftp.lstat(f"{self.folder}/{stat.name}")
        except MISSING:
            raise self.contract.not_ready(AS_LISTED, f"{name} was there and is gone") from None
        if state.type == asyncssh.FILEXFER_TYPE_SYMLINK or _differs(state, stat):
            raise self.contract.not_ready(AS_LISTED, f"{name} changes while it is read")

    async def _download(self, sftp: asyncssh.SFTPClient, name: str, stat: FileStat, target: Path, until: float) -> None:
        """Fetch what is missing of a file. Raises SourceNotReady when it differs from the listing."""
        try:
            # The protocol cannot open a file without following a link in its place.
            await self._check_unchanged(sftp, name, stat)
            async with sftp.open(f"{self.folder}/{stat.name}", "rb") as remote:
                if _differs(await remote.stat(), stat):
                    raise self.contract.not_ready(AS_LISTED, f"{name} changes while it is read")
                with target.open("ab") as local:
                    offset = await _resume_at(remote, target)
                    local.truncate(offset)
                    if offset:
                        self.resumed.setdefault(name, []).append(offset)
                    async for piece in _pieces(remote, offset, stat.size):
                        local.write(piece)
                        local.flush()
                        offset += len(piece)
                        self.received += len(piece)
                        if time.monotonic() > until:
                            raise self.contract.unavailable(
                                "the whole file",
                                f"{offset:,} of {stat.size:,} bytes of {name} arrived in {TRANSFER_S / 60:.0f} minutes "
                                f"of transfer; the next try goes on there",
                            )
                if offset < stat.size:
                    raise self.contract.not_ready(AS_LISTED, f"{name} ends at byte {offset:,} of {stat.size:,}")
        except MISSING:
            raise self.contract.not_ready(AS_LISTED, f"{name} was there and is gone") from None
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
        return Backoff(f"the SFTP server did not {what}", self.contract.broke_off)


async def _wait(backoff: Backoff, error: BaseException, name: str) -> None:
    await asyncio.sleep(backoff.next_wait_s(AttemptFailed(f"{name}: the line broke ({type(error).__name__})")))


def _differs(state: asyncssh.SFTPAttrs, stat: FileStat) -> bool:
    return (state.size, float(state.mtime or 0)) != (stat.size, stat.mtime)


def _part_name(name: str, stat: FileStat) -> str:
    """The part of a file is known by its name, size and time: another state of the file is another part."""
    return hashlib.sha256(f"{name}\0{stat.size}\0{stat.mtime}".encode()).hexdigest()[:32] + ".part"


async def _resume_at(remote: asyncssh.SFTPClientFile, part: Path) -> int:
    """The byte at which to go on; 0 where the end of what has arrived is not what the server has there."""
    offset = part.stat().st_size
    if not offset:
        return 0
    tail = min(offset, PIECE_BYTES)
    there = cast("bytes", await asyncio.wait_for(remote.read(tail, offset - tail), SILENCE_S))
    with part.open("rb") as local:
        local.seek(offset - tail)
        return offset if local.read() == there else 0


async def _pieces(remote: asyncssh.SFTPClientFile, offset: int, size: int) -> AsyncIterator[bytes]:
    """The bytes of a file from `offset` on, in order; ends early where the file does."""
    asked: deque[asyncio.Future[Any]] = deque()
    try:
        while asked or offset < size:
            while offset < size and len(asked) * PIECE_BYTES < CHUNK_BYTES:
                wanted = min(PIECE_BYTES, size - offset)
                asked.append(asyncio.ensure_future(remote.read(wanted, offset)))
                offset += wanted
            piece = await asyncio.wait_for(asked.popleft(), SILENCE_S)
            yield piece
            if len(piece) < PIECE_BYTES and (asked or offset < size):
                return
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
