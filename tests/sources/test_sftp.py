"""An SFTP server is trusted by its key, read politely, and read on where the line broke."""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import asyncssh
import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ConnectionUnusable, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, backoff, sftp
from lab.simulated_sources.sftp import SftpServer
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, with_options

BASE = contracts.load("population", REPOSITORY / "include")
CONTRACT = with_options(BASE, way="sftp", marker="{name}.ok")
ONE, TWO = f"population_{PERIOD}_part001.xml", f"population_{PERIOD}_part002.xml"
PASSWORD = "geheim-p/w:?"
OLD = 1_790_000_000

Serve = Callable[..., SftpServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A real SFTP server over `tmp_path/server`; it ends with the test."""
    started: list[SftpServer] = []

    def start(**options: object) -> SftpServer:
        folder = tmp_path / "server"
        (folder / "out" / PERIOD).mkdir(parents=True, exist_ok=True)
        server = SftpServer(folder, "auyl", **{"password": PASSWORD, **options})
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def address(server: SftpServer, password: str | None = PASSWORD, **extras: str) -> str:
    from urllib.parse import quote

    login = "auyl" + (f":{quote(password, safe='')}" if password else "")
    query = urlencode({"host_key": server.public_key} | extras)
    return f"sftp://{login}@127.0.0.1:{server.port}/out/{{period}}?{query}"


def put(server: SftpServer, name: str, content: bytes, mark: bool = True) -> None:
    target = server.folder / "out" / PERIOD / name
    target.write_bytes(content)
    os.utime(target, (OLD, OLD))
    if mark:
        target.with_name(f"{name}.ok").touch()


class TestTrust:
    """The server proves who it is, and we prove who we are."""

    def test_password(self, serve: Serve, work: Path) -> None:
        server = serve()
        put(server, ONE, b"x")
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert [f.read_bytes() for f in pulled.files] == [b"x"]

    def test_private_key_with_a_passphrase(self, serve: Serve, work: Path, tmp_path: Path) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        server = serve(password=None, authorized_keys=key.export_public_key().decode())
        put(server, ONE, b"x")
        text = key.export_private_key(passphrase="p", rounds=50).decode()
        extras = {"private_key": text, "private_key_passphrase": "p"}
        assert sftp.pull(CONTRACT, PERIOD, address(server, None, **extras), work, PullHistory()).files
        (tmp_path / "key").write_text(text)
        extras = {"key_file": str(tmp_path / "key"), "private_key_passphrase": "wrong"}
        with pytest.raises(ConnectionUnusable, match="a private key that can be read"):
            sftp.pull(CONTRACT, PERIOD, address(server, None, **extras), work, PullHistory())

    def test_a_server_without_its_key_does_not_get_the_password(self, serve: Serve, work: Path) -> None:
        server = serve()
        with pytest.raises(ConnectionUnusable, match="extra «host_key»; found ssh-ed25519 SHA256:") as raised:
            sftp.pull(CONTRACT, PERIOD, address(server).split("?")[0], work, PullHistory())
        assert "geheim" not in str(raised.value)
        assert server.connections == 0

    def test_another_server_in_its_place_does_not_get_the_password(self, serve: Serve, work: Path) -> None:
        server, other = serve(), serve()
        mixed = address(server).replace(f":{server.port}/", f":{other.port}/")
        with pytest.raises(ConnectionUnusable, match=r"a server with the key SHA256:.*; found ssh-ed25519 SHA256:"):
            sftp.pull(CONTRACT, PERIOD, mixed, work, PullHistory())
        assert other.connections == 0

    def test_a_host_key_that_is_no_key(self, serve: Serve, work: Path) -> None:
        with pytest.raises(ConnectionUnusable, match="ssh-keyscan"):
            sftp.pull(CONTRACT, PERIOD, address(serve(), host_key="SHA256:abc"), work, PullHistory())

    def test_a_refused_password_fails_at_once_and_is_not_shown(self, serve: Serve, work: Path) -> None:
        server = serve()
        with pytest.raises(
            ConnectionUnusable, match=r"«population_drop»: expected a login that the server accepts"
        ) as raised:
            sftp.pull(CONTRACT, PERIOD, address(server, "a-wrong-one"), work, PullHistory())
        assert "a-wrong-one" not in str(raised.value)
        assert raised.value.__cause__ is None


class TestComplete:
    """Half-written files are left alone."""

    def test_markers(self, serve: Serve, work: Path) -> None:
        server = serve()
        with pytest.raises(SourceNotReady, match="nothing named"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        put(server, ONE, b"x", mark=False)
        with pytest.raises(SourceNotReady, match="1 of 1 files have no marker"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert list(work.iterdir()) == []
        assert ONE not in server.served
        (server.folder / "out" / PERIOD / f"{TWO}.ok").touch()
        with pytest.raises(ExtractRefused, match="that it marks as complete"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())

    def test_a_manifest_is_compared_with_the_files(self, serve: Serve, work: Path) -> None:
        contract = with_options(BASE, way="sftp", marker="manifest.json")
        server = serve()
        put(server, ONE, b"content", mark=False)
        listed = {"name": ONE, "sha256": hashlib.sha256(b"content").hexdigest(), "bytes": 7}
        put(server, "manifest.json", json.dumps({"files": [listed]}).encode(), mark=False)
        assert sftp.pull(contract, PERIOD, address(server), work, PullHistory()).files[0].read_bytes() == b"content"
        (work / ONE).unlink()
        put(server, ONE, b"CONTENT", mark=False)
        with pytest.raises(ExtractRefused, match="expected sha256"):
            sftp.pull(contract, PERIOD, address(server), work, PullHistory())

    def test_a_missing_folder_of_the_period_is_not_ready(self, serve: Serve, work: Path) -> None:
        with pytest.raises(SourceNotReady, match="/out/2026-11 is not on the server yet"):
            sftp.pull(CONTRACT, "2026-11", address(serve()), work, PullHistory())
        with pytest.raises(SourceUnavailable, match="folder /exit is not on the server") as raised:
            sftp.pull(CONTRACT, PERIOD, address(serve()).replace("/out/", "/exit/"), work, PullHistory())
        assert not isinstance(raised.value, SourceNotReady), "it will never come"


class TestBrokenLine:
    """Bytes that arrived are kept, and only the missing ones are requested."""

    content = os.urandom(3 << 20)

    def test_a_download_resumes_at_the_byte_where_it_broke(
        self, serve: Serve, work: Path, monkeypatch: pytest.MonkeyPatch, waits: list[int]
    ) -> None:
        monkeypatch.setattr(sftp, "CHUNK_BYTES", 1 << 18)
        server = serve(cuts=[1 << 20, 2 << 20])
        put(server, ONE, self.content)
        put(server, TWO, b"small")
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert [f.read_bytes() for f in pulled.files] == [self.content, b"small"]
        at = pulled.evidence["resumed_at"][ONE]
        assert len(at) == 2
        assert all(0 < byte < len(self.content) for byte in at)
        # a chunk that was under way when the line broke comes twice, no more
        assert server.served[ONE] <= len(self.content) + 2 * (1 << 18)
        assert waits == [0, 0], "a line that gives bytes is not given up"

    def test_a_server_that_never_gives_a_byte_is_given_up(self, serve: Serve, work: Path, waits: list[int]) -> None:
        server = serve(cuts=[0] * 5_000)
        put(server, ONE, self.content)
        with pytest.raises(
            SourceUnavailable, match=rf"did not give all files in 6 attempts, last: {ONE}: .*nothing was landed"
        ):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert waits == [0, 1, 2, 3, 4]

    def test_a_server_that_is_down(self, serve: Serve, work: Path, waits: list[int]) -> None:
        server = serve()
        server.stop()
        with pytest.raises(SourceUnavailable, match="did not answer in 6 attempts"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert len(waits) == 5

    def test_a_file_that_is_rewritten_meanwhile_is_not_mixed(
        self, serve: Serve, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sftp, "CHUNK_BYTES", 1 << 18)
        server = serve(cuts=[1 << 20])
        put(server, ONE, self.content)
        monkeypatch.setattr(backoff, "growing_wait_s", lambda _: put(server, ONE, self.content[::-1] + b"x") or 0.0)
        with pytest.raises(SourceNotReady, match="changes while it is read"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())


class TestSlowLine:
    """A slow line is waited for as long as it brings bytes, and what it brought is kept for the next pull."""

    content = os.urandom(3 << 20)

    def test_every_byte_comes_once_however_slow_the_line(
        self, serve: Serve, work: Path, monkeypatch: pytest.MonkeyPatch, waits: list[int]
    ) -> None:
        monkeypatch.setattr(sftp, "SILENCE_S", 1.0)
        server = serve(rate=1 << 20)
        put(server, ONE, self.content)
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert pulled.files[0].read_bytes() == self.content
        assert (server.served[ONE], waits) == (len(self.content), [])

    def test_the_next_pull_goes_on_where_the_last_one_ended(
        self, serve: Serve, work: Path, tmp_path: Path, waits: list[int]
    ) -> None:
        partial = tmp_path / "partial"
        partial.mkdir()
        server = serve(cuts=[2 << 20, *[0] * 50])
        put(server, ONE, self.content)
        with pytest.raises(SourceUnavailable):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory(partial=partial))
        (part,) = partial.iterdir()
        arrived = part.stat().st_size
        assert arrived > 1 << 19
        server.cuts.clear()
        server.served.clear()
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory(partial=partial))
        assert pulled.files[0].read_bytes() == self.content
        assert pulled.evidence["resumed_at"] == {ONE: [arrived]}
        assert server.served[ONE] == len(self.content) - arrived + sftp.PIECE_BYTES, "and the last piece, to compare"
        assert list(partial.iterdir()) == []

    @pytest.mark.parametrize("stamp", [OLD, OLD + 60])
    def test_a_file_that_was_replaced_meanwhile_is_fetched_from_its_start(
        self, serve: Serve, work: Path, tmp_path: Path, waits: list[int], stamp: int
    ) -> None:
        partial = tmp_path / "partial"
        partial.mkdir()
        server = serve(cuts=[2 << 20, *[0] * 50])
        put(server, ONE, self.content)
        with pytest.raises(SourceUnavailable):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory(partial=partial))
        server.cuts.clear()
        put(server, ONE, self.content[::-1])
        os.utime(server.folder / "out" / PERIOD / ONE, (stamp, stamp))
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory(partial=partial))
        assert pulled.files[0].read_bytes() == self.content[::-1]

    def test_a_transfer_has_a_limit_of_its_own(self, serve: Serve, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sftp, "TRANSFER_S", 1.0)
        server = serve(rate=1 << 20)
        put(server, ONE, self.content)
        with pytest.raises(SourceUnavailable, match=rf"of 3,145,728 bytes of {ONE} arrived in .* the next try goes on"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())

    def test_what_is_landed_leaves_nothing_behind(self, serve: Serve, settings: Settings, adopt: Adopt) -> None:
        changed = adopt(settings, "population", way="sftp", marker="{name}.ok")
        server = serve()
        put(server, ONE, population_xml([person(1)]))
        assert intake.load(intake.pull("population", PERIOD, lambda _: address(server), changed), changed).accepted
        assert list((changed.home / "partial").iterdir()) == []
        assert (changed.home / "partial").stat().st_mode & 0o077 == 0


class TestOddServers:
    """What a server answers is said in words."""

    def test_an_operation_that_it_does_not_know(self, serve: Serve, work: Path) -> None:
        server = serve(can_open=False)
        put(server, ONE, b"x", mark=False)
        plain = with_options(BASE, way="sftp", marker=None)
        with pytest.raises(SourceUnavailable, match=rf"expected to read {ONE}; found the answer 8 \(OpUnsupported\)"):
            sftp.pull(plain, PERIOD, address(server), work, PullHistory())

    def test_a_link_to_nothing_and_a_name_in_other_bytes_hide_no_file(self, serve: Serve, work: Path) -> None:
        server = serve()
        folder = server.folder / "out" / PERIOD
        (folder / TWO).symlink_to("nowhere.xml")
        (folder / os.fsdecode("население.xml".encode("cp1251"))).write_bytes(b"y")
        with pytest.raises(SourceNotReady, match=rf"nothing named .*; a link to nothing: «{TWO}»"):
            sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        put(server, ONE, b"x")
        pulled = sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
        assert [f.name for f in pulled.files] == [ONE]

    def test_a_time_stamp_to_come_is_refused(self, serve: Serve, settings: Settings, adopt: Adopt) -> None:
        changed = adopt(settings, "population", way="sftp", marker="{name}.ok", envelope={"period": "/a/period"})
        server = serve()
        put(server, ONE, population_xml([person(1)]))
        os.utime(server.folder / "out" / PERIOD / ONE, (2_000_000_000, 2_000_000_000))
        with pytest.raises(ExtractRefused, match=r"found 2033-05-18 .*as the time stamp of the file"):
            intake.pull("population", PERIOD, lambda _: address(server), changed)
        assert len(ledger.refusal_reasons(changed, "population", PERIOD)) == 1


def test_only_changed_files_are_fetched_and_all_are_landed(serve: Serve, settings: Settings, adopt: Adopt) -> None:
    changed = adopt(settings, "population", way="sftp", marker="{name}.ok")
    server = serve()
    parts = {n: population_xml([person(n)], part=n, parts=2) for n in (1, 2)}
    put(server, ONE, parts[1])
    put(server, TWO, parts[2])
    first = intake.pull("population", PERIOD, lambda _: address(server), changed)
    assert intake.load(first, changed).staged == 2
    fetched = dict(server.served)

    assert intake.pull("population", PERIOD, lambda _: address(server), changed) == first
    assert server.served[ONE] == fetched[ONE], "nothing has changed, so nothing is read"

    put(server, TWO, population_xml([person(2), person(3)], part=2, parts=2))
    second = intake.pull("population", PERIOD, lambda _: address(server), changed)
    assert second != first
    assert server.served[ONE] == fetched[ONE], "the part that has not changed stays on the server"
    assert intake.load(second, changed).staged == 3, "and comes from the landing of the delivery before"
    folder = Path(settings.lake) / ledger.delivery(settings, second).landing_path
    assert json.loads((folder / "manifest.json").read_text())["evidence"]["reused"] == [ONE]
    assert PASSWORD not in (folder / "manifest.json").read_text()


def test_a_lake_that_lost_its_landing_is_filled_again(serve: Serve, settings: Settings, adopt: Adopt) -> None:
    import shutil

    changed = adopt(settings, "population", way="sftp")
    server = serve()
    put(server, ONE, population_xml([person(1)]))
    first = intake.pull("population", PERIOD, lambda _: address(server), changed)
    shutil.rmtree(settings.lake)
    intake.pull("population", PERIOD, lambda _: address(server), changed)
    assert server.served[ONE] == 2 * len(population_xml([person(1)]))
    assert first


@pytest.mark.parametrize("is_the_first", [True, False])
def test_a_file_that_is_written_again_during_the_transfer_is_not_taken(
    serve: Serve, work: Path, monkeypatch: pytest.MonkeyPatch, is_the_first: bool
) -> None:
    server = serve()
    put(server, ONE, b"A" * 300_000)
    put(server, TWO, b"A" * 300_000)
    changed = ONE if is_the_first else TWO
    pieces = sftp._pieces

    async def write_after(remote: asyncssh.SFTPClientFile, offset: int, size: int) -> AsyncIterator[bytes]:
        async for piece in pieces(remote, offset, size):
            yield piece
        (server.folder / "out" / PERIOD / changed).write_bytes(b"B" * 300_000)

    monkeypatch.setattr(sftp, "_pieces", write_after)
    with pytest.raises(SourceNotReady, match=f"{changed} changes while it is read"):
        sftp.pull(CONTRACT, PERIOD, address(server), work, PullHistory())
