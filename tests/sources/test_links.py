"""A link in place of a file leads nowhere: what lies outside a drop folder is neither read, nor landed, nor given back.

Each attack puts a real link, pipe or socket where a file is expected; SECRET stands for what it leads to.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import psycopg2
import pytest
from typer.testing import CliRunner

from auyl import contracts, intake, ledger
from auyl.cli import app
from auyl.errors import ExtractRefused, SourceNotReady
from auyl.intake.age import Age
from auyl.intake.land import Arrival, land
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, file, sftp
from auyl.store.regular import NotRegular
from lab.simulated_sources.sftp import SftpServer
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, with_options

NAME = f"population_{PERIOD}_part001.xml"
GOOD = population_xml([person(1)])
PLAIN = with_options(contracts.load("population", REPOSITORY / "include"), marker=None)
SECRET = population_xml([person(7)])

Attack = Callable[[Path, Path], object]


def a_socket(place: Path) -> None:
    """A path of a socket may have 107 bytes."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(place.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place.name)
    finally:
        os.fchdir(here)
        os.close(here)


ATTACKS: dict[str, tuple[Attack, str]] = {
    "symbolic link": (lambda place, secret: place.symlink_to(secret), "a symbolic link"),
    "relative link": (lambda place, secret: place.symlink_to(os.path.relpath(secret, place.parent)), "a symbolic link"),
    "link to a link": (
        lambda place, secret: ((place.parent / "a").symlink_to(secret), place.symlink_to("a")), "a symbolic link",
    ),
    "link to a process": (lambda place, secret: place.symlink_to("/proc/self/environ"), "a symbolic link"),
    "hard link": (lambda place, secret: os.link(secret, place), "a file with 2 names"),
    "pipe": (lambda place, secret: os.mkfifo(place), "a named pipe"),
    "socket": (lambda place, secret: a_socket(place), "a socket"),
}  # fmt: skip


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that only the pipeline may read. It would be a fine extract."""
    place = tmp_path / "secret.xml"
    place.write_bytes(SECRET)
    place.chmod(0o600)
    return place


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop" / PERIOD
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """A pipe without a writer would hold an open for ever: the test process ends itself instead."""
    watch = threading.Timer(60, os.abort)
    watch.start()
    yield
    watch.cancel()


def nothing_was_taken(settings: Settings, refusals: int = 1) -> None:
    """No byte is in the lake, and the ledger has the refusals and no delivery."""
    lake = Path(settings.lake)
    assert [path for path in lake.rglob("*") if path.is_file() and SECRET[-200:] in path.read_bytes()] == []
    assert ledger.extracts(settings, [], "population") == []
    with psycopg2.connect(settings.dsn) as con, con.cursor() as cursor:
        cursor.execute("select registry, count(*) from ledger.refusal group by registry")
        assert cursor.fetchall() == [("population", refusals)]


class TestDropFolder:
    """The owner of the registry can write into the folder."""

    def test_what_is_no_file_of_the_folder_is_refused(
        self, settings: Settings, adopt: Adopt, drop: Path, secret: Path
    ) -> None:
        changed = adopt(settings, "population", marker=None, stableSeconds=None)
        (drop / NAME.replace("001", "002")).write_bytes(GOOD)
        for attack, found in ATTACKS.values():
            attack(drop / NAME, secret)
            with pytest.raises(ExtractRefused, match=rf"{NAME}: expected a regular file .*; found {found}.*МВД"):
                intake.pull("population", PERIOD, lambda _: f"{drop.parent}/{{period}}", changed)
            (drop / NAME).unlink()
            (drop / "a").unlink(missing_ok=True)
        nothing_was_taken(settings, len(ATTACKS))
        assert intake.pull("population", PERIOD, lambda _: f"{drop.parent}/{{period}}", changed), (
            "the other is unharmed"
        )

    def test_a_file_with_holes_or_one_that_grows_does_not_fill_the_lake(
        self, settings: Settings, adopt: Adopt, drop: Path
    ) -> None:
        changed = adopt(settings, "population", marker=None, stableSeconds=None)
        (drop / NAME).write_bytes(GOOD)
        os.truncate(drop / NAME, 1 << 40)
        with pytest.raises(
            ExtractRefused, match=rf"{NAME}: expected an extract of at most .*; found 1,099,511,627,776 b"
        ):
            intake.pull("population", PERIOD, lambda _: f"{drop.parent}/{{period}}", changed)
        with pytest.raises(ExtractRefused, match="expected an extract of at most"):
            intake.land_files("population", PERIOD, [drop / NAME], changed)
        nothing_was_taken(settings, 2)

        (drop / NAME).write_bytes(GOOD)
        limited = replace(contracts.load("population", changed.include), max_extract_bytes=len(GOOD) + 5)

        def growing(path: str, flags: int) -> int:
            with open(path, "ab") as file:
                file.write(b" " * 9)
            return os.open(path, flags)

        arrival = Arrival([drop / NAME], Age(datetime(2026, 11, 1, tzinfo=UTC), False), "a folder", opener=growing)
        with pytest.raises(ExtractRefused, match="found one that goes on"):
            land(changed, limited, PERIOD, arrival)
        assert ledger.extracts(settings, [], "population") == []

    def test_a_marker_is_a_file_too(self, drop: Path, secret: Path) -> None:
        contract = with_options(PLAIN, marker="{name}.ok")
        (drop / NAME).write_bytes(GOOD)
        for attack, found in ATTACKS.values():
            attack(drop / f"{NAME}.ok", secret)
            with pytest.raises(ExtractRefused, match=rf"{NAME}\.ok: expected a regular file .*; found {found}"):
                file.pull(contract, PERIOD, str(drop), drop, PullHistory())
            (drop / f"{NAME}.ok").unlink()
            (drop / "a").unlink(missing_ok=True)

    @pytest.mark.parametrize("below", ["{period}", "{period}/population", "a/{period}/b/c"])
    def test_a_link_in_place_of_a_folder(self, tmp_path: Path, below: str) -> None:
        aside = tmp_path / "aside"
        aside.mkdir()
        (aside / NAME).write_bytes(SECRET)
        root = tmp_path / "root"
        link = root / below.replace("{period}", PERIOD)
        link.parent.mkdir(parents=True)
        link.symlink_to(aside)
        with pytest.raises(ExtractRefused, match="expected a folder of the drop folder itself; found a symbolic link"):
            file.pull(PLAIN, PERIOD, f"{root}/{below}", tmp_path, PullHistory())

    def test_a_link_of_another_account_on_the_way_to_the_folder(self, tmp_path: Path, drop: Path) -> None:
        (drop / NAME).write_bytes(GOOD)
        (tmp_path / "way").symlink_to(drop)
        assert file.pull(PLAIN, PERIOD, f"{tmp_path}/way", tmp_path, PullHistory()).files, "ours may be a mount"
        if os.geteuid() != 0:
            pytest.skip("only root gives a link to another account")
        os.lchown(tmp_path / "way", 65534, 65534)
        with pytest.raises(ExtractRefused, match="a symbolic link of another account"):
            file.pull(PLAIN, PERIOD, f"{tmp_path}/way", tmp_path, PullHistory())

    def test_a_secret_is_no_extract_where_the_folder_itself_is_that_of_the_secrets(
        self, settings: Settings, adopt: Adopt
    ) -> None:
        changed = adopt(settings, "population", marker=None, stableSeconds=None, filePattern="hash.key")
        with pytest.raises(ExtractRefused, match=r"hash\.key: .* found a secret of this installation"):
            intake.pull("population", PERIOD, lambda _: str(settings.hash_key_file.parent), changed)
        nothing_was_taken(settings)

    @pytest.mark.parametrize(
        ("how", "at_reading", "at_check"),
        [
            ("a link", NotRegular, SourceNotReady),
            ("a pipe", NotRegular, SourceNotReady),
            ("another file", SourceNotReady, SourceNotReady),
            ("a link to a folder", NotRegular, ExtractRefused),
        ],
    )
    def test_a_swap_between_the_look_and_the_reading_is_seen(
        self, tmp_path: Path, drop: Path, secret: Path, how: str, at_reading: type, at_check: type
    ) -> None:
        """Size and time of change are the same before and after."""
        place = drop / NAME
        place.write_bytes(GOOD)
        os.utime(place, (1_790_000_000, 1_790_000_000))
        os.utime(secret, (1_790_000_000, 1_790_000_000))
        assert len(SECRET) == len(GOOD)
        pulled = file.pull(PLAIN, PERIOD, f"{drop.parent}/{{period}}", tmp_path, PullHistory())
        if how == "a link to a folder":
            aside = drop.rename(tmp_path / "aside")
            secret.rename(aside / NAME)
            drop.symlink_to(aside)
        else:
            place.unlink()
            if how == "a pipe":
                os.mkfifo(place)
            elif how == "a link":
                place.symlink_to(secret)
            else:
                secret.rename(place)
        with pytest.raises(at_reading):
            pulled.opener(str(pulled.files[0]), os.O_RDONLY)
        with pytest.raises(at_check):
            pulled.check()


class TestByHand:
    """`auyl intake … drop/*.xml` names what others have put there."""

    @pytest.fixture(autouse=True)
    def _installation(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {
            "AUYL_DSN": settings.dsn, "AUYL_LAKE": settings.lake, "AUYL_HOME": str(settings.home),
            "AUYL_HASH_KEY_FILE": str(settings.hash_key_file),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, ["intake", "population", *arguments, "--period", PERIOD])
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        return " ".join(result.output.split())

    def test_a_name_with_a_line_break_makes_no_second_line(self, settings: Settings, drop: Path) -> None:
        odd = drop / f"population_{PERIOD}\npopulation {PERIOD} accepted\x1b[2J.xml"
        odd.write_bytes(GOOD)
        result = CliRunner().invoke(app, ["intake", "population", str(odd), "--period", PERIOD])
        assert result.exit_code == 1 and "expected a name without control characters" in result.output
        assert result.output.count("\n") == 1 and "\x1b" not in result.output

    def test_what_is_no_file_is_refused(self, settings: Settings, drop: Path, secret: Path) -> None:
        for attack, found in ATTACKS.values():
            attack(drop / NAME, secret)
            for named in (drop / NAME, drop):
                output = self.run(str(named))
                assert f"{NAME}: expected a regular file" in output or "a: expected a regular file" in output
                assert f"found {found}" in output
                assert "Fix: whoever gave the command" in output
            (drop / NAME).unlink()
            (drop / "a").unlink(missing_ok=True)
        nothing_was_taken(settings, 2 * len(ATTACKS))

    def test_a_secret_is_no_extract_under_its_own_name(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "dsn").write_text("11111111")
        monkeypatch.setenv("AUYL_OTHER_FILE", str(tmp_path / "dsn"))
        (settings.home / "secrets").mkdir()
        (settings.home / "secrets" / "portal.dsn").write_text("11111111")
        secrets = [settings.hash_key_file, tmp_path / "dsn", settings.home / "secrets" / "portal.dsn"]
        for named in secrets:
            output = self.run(str(named))
            assert f"{named.name}: " in output
            assert "found a secret of this installation" in output
            assert "11111111" not in output
        nothing_was_taken(settings, len(secrets))


class TestSftp:
    """What the server shows as a link is not followed there either."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[SftpServer]:
        (tmp_path / "server" / "out" / PERIOD).mkdir(parents=True)
        server = SftpServer(tmp_path / "server", "auyl", password="p")
        server.start()
        yield server
        server.stop()

    def pull(self, server: SftpServer, work: Path, path: str = "out/{period}") -> list[bytes]:
        from urllib.parse import urlencode

        query = urlencode({"host_key": server.public_key})
        address = f"sftp://auyl:p@127.0.0.1:{server.port}/{path}?{query}"
        contract = with_options(PLAIN, way="sftp", marker=None)
        return [f.read_bytes() for f in sftp.pull(contract, PERIOD, address, work, PullHistory()).files]

    def test_links_pipes_and_linked_folders_are_refused(self, server: SftpServer, tmp_path: Path) -> None:
        out = server.folder / "out"
        (server.folder / "aside").mkdir()
        (server.folder / "aside" / NAME).write_bytes(SECRET)
        place = out / PERIOD / NAME
        place.symlink_to(server.folder / "aside" / NAME)
        with pytest.raises(ExtractRefused, match=rf"{NAME}: expected a regular file .*; found a symbolic link"):
            self.pull(server, tmp_path)
        place.unlink()
        os.mkfifo(place)
        with pytest.raises(ExtractRefused, match=rf"{NAME}: .*found a pipe, a socket or a device"):
            self.pull(server, tmp_path)
        place.unlink()
        place.parent.rmdir()
        place.parent.symlink_to(server.folder / "aside")
        with pytest.raises(ExtractRefused, match=f"{PERIOD}: .*found a symbolic link in place of a folder"):
            self.pull(server, tmp_path)
        assert not (tmp_path / NAME).exists()
        assert NAME not in server.served

    def test_a_file_that_becomes_a_link_after_the_listing_is_not_fetched(
        self, server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = server.folder / "out" / PERIOD / NAME
        (server.folder / "aside.xml").write_bytes(SECRET)
        for written in (place, server.folder / "aside.xml"):
            written.write_bytes(SECRET)
            os.utime(written, (1_790_000_000, 1_790_000_000))
        download = sftp._SftpPull._download

        async def swapped(self: sftp._SftpPull, client: asyncssh.SFTPClient, *rest: object) -> None:
            place.unlink()
            place.symlink_to("../../aside.xml")
            await download(self, client, *rest)

        monkeypatch.setattr(sftp._SftpPull, "_download", swapped)
        with pytest.raises(SourceNotReady, match=f"{NAME} changes while it is read"):
            self.pull(server, tmp_path)
        assert NAME not in server.served
