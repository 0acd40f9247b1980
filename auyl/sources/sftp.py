"""A folder on an SFTP server.

The connection gives host, port, login and path; a password or the extra `private_key` (or `key_file`, with
`private_key_passphrase`); and `host_key`, one known key of the server a line (`ssh-ed25519 AAAA…`). The names are those
of Airflow's own SFTP connection. There is no way to go without the host key: whoever answers in the server's place
would be given the password and could send any registry. The other options are those of `drop`.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import asyncssh

from auyl.contracts import Contract
from auyl.errors import ConnectionUnusable, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.sources import Past, Pulled, drop
from auyl.sources.address import Address, parse
from auyl.sources.patience import ATTEMPTS, wait_s

CONNECT_S = 20.0
SILENCE_S = 30.0
CHUNK_BYTES = 4 << 20
BROKEN = (asyncssh.DisconnectError, asyncssh.ChannelOpenError, asyncssh.SFTPConnectionLost,
          asyncssh.SFTPNoConnection, asyncssh.SFTPFailure, OSError, asyncio.TimeoutError)  # fmt: skip


def pull(contract: Contract, period: str, address: str, work: Path, past: Past) -> Pulled:
    """The whole files of `period`; `{period}` in the address and in `filePattern` stands for it.

    A download that breaks off goes on at the byte where it broke, by a new connection, and its size is checked. A file
    that is as the last delivery saw it is not fetched again. Raises SourceNotReady, SourceUnavailable after ATTEMPTS
    without a byte, ConnectionUnusable for a wrong host key or login, ExtractRefused.
    """
    office = _Office(contract, period, parse(contract, address))
    return asyncio.run(office.pull(work, past))


class _Office:
    """One pull from one server, over as many connections as it takes."""

    def __init__(self, contract: Contract, period: str, address: Address) -> None:
        self.contract = contract
        self.period = period
        self.address = address
        self.folder = address.path.replace("{period}", period) or "."
        self.resumed: dict[str, list[int]] = {}

    async def pull(self, work: Path, past: Past) -> Pulled:
        whole = await self._look(past)
        plan = drop.plan(self.contract, whole, past, datetime.now(tz=UTC))
        source = f"SFTP {self.folder}, {drop.pattern_of(self.contract, self.period)}"
        if plan.unchanged:
            return Pulled([], source, watermark=plan.watermark, unchanged=True)
        await self._fetch(plan.fetch, whole, work)
        for name in plan.fetch:
            drop.check(self.contract, whole, name, work / name)
        evidence = drop.evidence(whole) | {"fetched": plan.fetch, "kept": list(plan.kept), "resumed_at": self.resumed}
        newest = max(seen.mtime for seen in whole.files.values())
        return Pulled(
            [work / name for name in plan.fetch], source, datetime.fromtimestamp(newest, tz=UTC), plan.watermark,
            kept=plan.kept, evidence=evidence,
        )  # fmt: skip

    # -- looking -------------------------------------------------------------------------------------------------

    async def _look(self, past: Past) -> drop.Whole:
        refused: ExtractRefused | None = None
        failed = 0
        while True:
            try:
                async with AsyncExitStack() as stack:
                    return await self._whole(await self._connect(stack), past)
            except ExtractRefused as refusal:
                # a listing is no snapshot: one that began before both files were there may show the marker alone
                if refused is not None:
                    raise
                refused = refusal
            except BROKEN as error:
                failed = await self._once_more(error, failed, "answer")

    async def _whole(self, sftp: asyncssh.SFTPClient, past: Past) -> drop.Whole:
        listing: dict[str, drop.Seen] = {}
        try:
            async for entry in sftp.scandir(self.folder):
                name, state = str(entry.filename), entry.attrs
                if state.type in (asyncssh.FILEXFER_TYPE_SYMLINK, asyncssh.FILEXFER_TYPE_UNKNOWN):
                    state = await sftp.stat(f"{self.folder}/{name}")
                # a name comes from the server and becomes one here
                if state.type == asyncssh.FILEXFER_TYPE_REGULAR and "/" not in name and "\0" not in name:
                    listing[name] = drop.Seen(state.size or 0, float(state.mtime or 0))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
            above = drop.before_period(self.address.path)
            if above is None or not await sftp.isdir(above):
                raise SourceUnavailable(
                    f"{self.contract.registry}: folder {above or self.folder} is not on the server. Fix: "
                    f"a data engineer, in the connection «{self.contract.connection}», with {self.contract.owner}"
                ) from None
            raise SourceNotReady(f"{self.contract.registry}: {self.folder} is not on the server yet") from None
        except asyncssh.SFTPPermissionDenied:
            raise self._unusable(f"a login that may read {self.folder}", "permission denied") from None
        markers = {}
        for name in drop.markers_to_read(self.contract, self.period, listing):
            async with sftp.open(f"{self.folder}/{name}", "rb") as marker:
                markers[name] = cast("bytes", await marker.read(drop.MAX_MARKER_BYTES))
        return drop.whole(self.contract, self.period, listing, markers, past)

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _fetch(self, names: list[str], whole: drop.Whole, work: Path) -> None:
        left = list(names)
        failed = 0
        while left:
            had = _bytes(work, names)
            try:
                async with AsyncExitStack() as stack:
                    sftp = await self._connect(stack)
                    while left:
                        await self._download(sftp, left[0], whole.files[left[0]], work / left[0])
                        left.pop(0)
            except BROKEN as error:
                came = _bytes(work, names) - had
                failed = await self._once_more(error, 0 if came else failed, f"give {left[0]}")

    async def _download(self, sftp: asyncssh.SFTPClient, name: str, seen: drop.Seen, target: Path) -> None:
        """Fetch what is missing of a file. Raises SourceNotReady when it is not what the listing showed."""
        try:
            async with sftp.open(f"{self.folder}/{name}", "rb") as remote:
                state = await remote.stat()
                if (state.size, float(state.mtime or 0)) != (seen.size, seen.mtime):
                    raise SourceNotReady(f"{self.contract.registry}: {name} changes while it is read")
                with target.open("ab") as local:
                    offset = local.tell()
                    if offset:
                        self.resumed.setdefault(name, []).append(offset)
                    while offset < seen.size:
                        wanted = min(CHUNK_BYTES, seen.size - offset)
                        chunk = cast("bytes", await asyncio.wait_for(remote.read(wanted, offset), SILENCE_S))
                        if not chunk:
                            raise SourceNotReady(
                                f"{self.contract.registry}: {name} ends at byte {offset:,} of {seen.size:,}"
                            )
                        local.write(chunk)
                        local.flush()
                        offset += len(chunk)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise SourceNotReady(f"{self.contract.registry}: {name} was there and is gone") from None
        except asyncssh.SFTPPermissionDenied:
            raise self._unusable(f"a login that may read {name}", "permission denied") from None

    # -- connecting ----------------------------------------------------------------------------------------------

    async def _connect(self, stack: AsyncExitStack) -> asyncssh.SFTPClient:
        address = self.address
        given = address.text("host_key")
        if not given:
            raise self._unusable("the server's public key in the extra «host_key»", await self._shown())
        try:
            known = [asyncssh.import_public_key(line) for line in given.splitlines() if line.strip()]
        except asyncssh.KeyImportError:
            raise self._unusable(
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
            raise self._unusable(f"a server with the key {names}", await self._shown()) from None
        except asyncssh.PermissionDenied:
            raise self._unusable("a login that the server takes", "permission denied") from None

    def _client_keys(self) -> list[asyncssh.SSHKey]:
        extras = self.address.extras
        try:
            text = extras.get("private_key") or (Path(extras["key_file"]).read_text() if "key_file" in extras else "")
            return [asyncssh.import_private_key(text, extras.get("private_key_passphrase"))] if text else []
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise self._unusable("a private key that can be read", type(error).__name__) from None

    async def _shown(self) -> str:
        """The key that the server shows, in words."""
        try:
            key = await asyncio.wait_for(
                asyncssh.get_server_host_key(self.address.host, self.address.port or 22, config=None), CONNECT_S
            )
        except BROKEN:
            key = None
        return f"{key.get_algorithm()} {key.get_fingerprint()}, as the server shows it" if key else "none"

    def _unusable(self, expected: str, found: str) -> ConnectionUnusable:
        return ConnectionUnusable(self.contract.registry, self.contract.connection, expected, found)

    async def _once_more(self, error: BaseException, failed: int, doing: str) -> int:
        """Wait before the next attempt; the number of failed ones. Raises SourceUnavailable after the last."""
        if failed + 1 >= ATTEMPTS:
            raise SourceUnavailable(
                f"{self.contract.registry}: the SFTP server did not {doing} in {ATTEMPTS} attempts, last: the line "
                f"broke ({type(error).__name__}); nothing was landed"
            ) from None
        await asyncio.sleep(wait_s(failed))
        return failed + 1


def _bytes(work: Path, names: list[str]) -> int:
    return sum((work / name).stat().st_size for name in names if (work / name).exists())
