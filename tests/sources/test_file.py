"""A drop folder gives the complete files of the requested period and nothing else."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, drop_folder, file
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, with_options

CONTRACT = contracts.load("population", REPOSITORY / "include")
ONE, TWO = f"population_{PERIOD}_part001.xml", f"population_{PERIOD}_part002.xml"


def promising(**options: object) -> contracts.Contract:
    return with_options(CONTRACT, **options)


def pull(contract: contracts.Contract, folder: Path, history: PullHistory | None = None) -> list[str]:
    return [f.name for f in file.pull(contract, PERIOD, str(folder), folder, history or PullHistory()).files]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("address", ["{root}/{period}/population", "file://{root}/{period}/population"])
def test_files_of_the_period(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "2026-10" / "population"
    folder.mkdir(parents=True)
    for name in ("population_2026-10_part002.xml", "population_2026-10_part001.xml", "population_2026-09_part001.xml"):
        (folder / name).write_text("x")
    pulled = file.pull(CONTRACT, "2026-10", address.replace("{root}", str(tmp_path)), tmp_path, PullHistory())
    assert [f.name for f in pulled.files] == ["population_2026-10_part001.xml", "population_2026-10_part002.xml"]


def test_an_empty_folder_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(SourceNotReady, match=r"nothing named population_2026-10_part\*\.xml"):
        pull(CONTRACT, tmp_path)
    with pytest.raises(SourceNotReady, match="has no population of 2026-10 yet"):
        pull(CONTRACT, tmp_path / "{period}" / "population")


@pytest.mark.parametrize("path", ["no", "no/{period}", "no/{period}/population"])
def test_a_permanent_folder_that_is_missing_is_an_error_and_no_wait(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceUnavailable, match=r"the drop folder no does not exist.*«population_drop»") as raised:
        pull(CONTRACT, tmp_path / path)
    assert not isinstance(raised.value, SourceNotReady)


class TestMarkerOfEachFile:
    """`marker: {name}.ok`"""

    contract = promising(marker="{name}.ok")

    def test_a_file_without_its_marker_is_not_taken(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_text("x")
        (tmp_path / TWO).write_text("y")
        (tmp_path / f"{ONE}.ok").touch()
        with pytest.raises(SourceNotReady, match=rf"1 of 2 files have no marker .*: {TWO}"):
            pull(self.contract, tmp_path)
        (tmp_path / f"{TWO}.ok").touch()
        assert pull(self.contract, tmp_path) == [ONE, TWO]

    def test_a_marker_without_its_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_text("x")
        (tmp_path / f"{ONE}.ok").touch()
        (tmp_path / f"{TWO}.ok").touch()
        with pytest.raises(ExtractRefused, match=rf"{TWO}\.ok: expected the file {TWO} .* found no such file.*МВД"):
            pull(self.contract, tmp_path)

    def test_a_sha256_in_a_marker_is_checked(self, tmp_path: Path) -> None:
        contract = promising(marker="{name}.sha256")
        (tmp_path / ONE).write_bytes(b"whole")
        (tmp_path / f"{ONE}.sha256").write_text(f"{sha256(b'whole')}  {ONE}\n")
        assert pull(contract, tmp_path) == [ONE]
        (tmp_path / ONE).write_bytes(b"other")
        with pytest.raises(ExtractRefused, match="sha256"):
            pull(contract, tmp_path)

    def test_a_marker_that_the_pattern_matches_too_is_no_data(self, tmp_path: Path) -> None:
        contract = promising(filePattern="population_{period}*", marker="{name}.ok")
        (tmp_path / ONE).write_text("x")
        (tmp_path / f"{ONE}.ok").touch()
        assert pull(contract, tmp_path) == [ONE]


class TestManifest:
    """`marker: manifest_{period}.json`"""

    contract = promising(marker="manifest_{period}.json")
    manifest = f"manifest_{PERIOD}.json"

    def write(self, folder: Path, **files: bytes) -> None:
        listed = [
            {"name": {"one": ONE, "two": TWO}[key], "sha256": sha256(content), "bytes": len(content)}
            for key, content in files.items()
        ]
        (folder / self.manifest).write_text(json.dumps({"files": listed}))

    def test_nothing_is_taken_before_the_manifest_and_only_what_it_lists(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_bytes(b"one")
        (tmp_path / TWO).write_bytes(b"half of tw")
        with pytest.raises(SourceNotReady, match=f"no {self.manifest}"):
            pull(self.contract, tmp_path)
        self.write(tmp_path, one=b"one")
        pulled = file.pull(self.contract, PERIOD, str(tmp_path), tmp_path, PullHistory())
        assert [f.name for f in pulled.files] == [ONE]
        assert pulled.evidence["not_listed"] == [TWO]

    def test_what_the_manifest_promises_must_exist(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_bytes(b"one")
        self.write(tmp_path, one=b"one", two=b"two")
        with pytest.raises(ExtractRefused, match=f"the file {TWO} that it lists"):
            pull(self.contract, tmp_path)
        (tmp_path / TWO).write_bytes(b"tw")
        with pytest.raises(ExtractRefused, match=r"expected 3 bytes.*found 2 bytes"):
            pull(self.contract, tmp_path)
        (tmp_path / TWO).write_bytes(b"twO")
        with pytest.raises(ExtractRefused, match="expected sha256"):
            pull(self.contract, tmp_path)
        (tmp_path / TWO).write_bytes(b"two")
        assert pull(self.contract, tmp_path) == [ONE, TWO]

    def test_lines_of_sha256sum_are_a_manifest(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_bytes(b"one")
        (tmp_path / self.manifest).write_text(f"{sha256(b'one')} *{ONE}\n")
        assert pull(self.contract, tmp_path) == [ONE]

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            ("", "a manifest of no file"), ('{"files": []}', "a manifest of no file"), ("{", "JSONDecodeError"),
            ('{"files": [{"sha256": "00"}]}', "KeyError"), ('{"files": [{"name": "a", "sha256": "00"}]}', "no sha256"),
            ("готово", "готово"), ('{"files": 5}', "TypeError"),
            ('{"files": [{"name": "a"}, {"name": "a"}]}', "listed twice"),
        ],
    )  # fmt: skip
    def test_a_manifest_of_another_shape_is_refused(self, tmp_path: Path, content: str, found: str) -> None:
        (tmp_path / ONE).write_bytes(b"one")
        (tmp_path / self.manifest).write_text(content)
        with pytest.raises(ExtractRefused, match=rf"{self.manifest}.*expected a manifest.*{found}"):
            pull(self.contract, tmp_path)

    def test_a_huge_manifest_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / self.manifest).open("wb") as stream:
            stream.truncate(drop_folder.MAX_MARKER_BYTES + 1)
        with pytest.raises(ExtractRefused, match="a marker of at most"):
            pull(self.contract, tmp_path)


class TestStable:
    """`stableSeconds`: two listings so far apart are the same."""

    def test_a_growing_file_is_not_taken(self, tmp_path: Path) -> None:
        contract = promising(stableSeconds=60)
        history = PullHistory()
        (tmp_path / ONE).write_text("x")
        with pytest.raises(SourceNotReady, match="seen for the first time") as raised:
            pull(contract, tmp_path, history)
        assert raised.value.again_in_s == 60
        self.minutes_pass(history)
        (tmp_path / ONE).write_text("xx")
        with pytest.raises(SourceNotReady, match="still changing"):
            pull(contract, tmp_path, history)
        with pytest.raises(SourceNotReady, match="unchanged for 0 s of 60"):
            pull(contract, tmp_path, history)
        self.minutes_pass(history)
        assert pull(contract, tmp_path, history) == [ONE]

    def minutes_pass(self, history: PullHistory) -> None:
        note = json.loads(history.note or "")
        note["at"] = "2026-11-01T00:00:00+00:00"
        history.note = json.dumps(note)

    def test_the_first_listing_is_remembered(self, settings: Settings, adopt: Adopt, tmp_path: Path) -> None:
        changed = adopt(settings, "population", stableSeconds=0.2)
        (tmp_path / ONE).write_bytes(population_xml([person(1)]))
        with pytest.raises(SourceNotReady):
            intake.pull("population", PERIOD, lambda _: str(tmp_path), changed)
        assert "look" in (ledger.pull_note(settings, "population", PERIOD) or "")
        import time

        time.sleep(0.3)
        delivery = intake.pull("population", PERIOD, lambda _: str(tmp_path), changed)
        assert intake.load(delivery, changed).staged == 1
        assert ledger.pull_note(settings, "population", PERIOD) is None


def test_an_unchanged_folder_is_not_copied_again(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ONE).write_bytes(population_xml([person(1)]))
    os.utime(tmp_path / ONE, (1_790_000_000, 1_790_000_000))
    first = intake.pull("population", PERIOD, lambda _: str(tmp_path), settings)
    (tmp_path / ONE).chmod(0o600)
    landed = Path(settings.lake) / ledger.delivery(settings, first).landing_path
    before = (landed / ONE).stat().st_mtime_ns
    assert intake.pull("population", PERIOD, lambda _: str(tmp_path), settings) == first
    assert (landed / ONE).stat().st_mtime_ns == before
    (tmp_path / ONE).write_bytes(population_xml([person(2)]))
    assert intake.pull("population", PERIOD, lambda _: str(tmp_path), settings) != first


def test_a_file_written_a_moment_ago_is_read_again(tmp_path: Path) -> None:
    (tmp_path / ONE).write_text("x")
    pulled = file.pull(CONTRACT, PERIOD, str(tmp_path), tmp_path, PullHistory())
    again = file.pull(CONTRACT, PERIOD, str(tmp_path), tmp_path, PullHistory(pulled.watermark))
    assert not again.is_unchanged, "within the resolution of its time it may have changed unseen"


def test_a_registry_of_changes_gets_only_its_new_files(tmp_path: Path) -> None:
    contract = replace(CONTRACT, is_delta=True)
    (tmp_path / ONE).write_text("x")
    os.utime(tmp_path / ONE, (1_790_000_000, 1_790_000_000))
    first = file.pull(contract, PERIOD, str(tmp_path), tmp_path, PullHistory())
    (tmp_path / TWO).write_text("y")
    os.utime(tmp_path / TWO, (1_790_000_000, 1_790_000_000))
    second = file.pull(contract, PERIOD, str(tmp_path), tmp_path, PullHistory(first.watermark))
    assert [f.name for f in second.files] == [TWO]
    (tmp_path / ONE).unlink()
    assert file.pull(contract, PERIOD, str(tmp_path), tmp_path, PullHistory(second.watermark)).is_unchanged


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "population").symlink_to(tmp_path / "population")
    with pytest.raises(SourceUnavailable):
        pull(CONTRACT, tmp_path / "population")
