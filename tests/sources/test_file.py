"""A drop folder gives the complete files of the requested period and nothing else."""

import hashlib
import json
import os
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ContractInvalid, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.intake.age import age_of
from auyl.intake.land import Arrival, land
from auyl.intake.overdue import due_deliveries
from auyl.intake.withdraw import withdraw
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, drop_folder, file
from tests.extracts import PERIOD, animal, livestock_xlsx, person, population_xml
from tests.sources.conftest import Adopt, with_options

BASE = contracts.load("population", REPOSITORY / "include")
CONTRACT = with_options(BASE, marker=None)
ONE, TWO = f"population_{PERIOD}_part001.xml", f"population_{PERIOD}_part002.xml"


def promising(**options: object) -> contracts.Contract:
    return with_options(BASE, **{"marker": None} | options)


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
            ("готово", "a line «АААААА»"), ('{"files": 5}', "TypeError"),
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
        changed = adopt(settings, "population", marker=None, stableSeconds=0.2)
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
    (tmp_path / f"{ONE}.ok").touch()
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


class TestNames:
    """A file that is not taken because of its name is named at the first look."""

    contract = promising(marker="{name}.ok")

    @pytest.mark.parametrize(
        ("name", "mark", "found"),
        [
            (ONE.upper(), ".ok", f"found «{ONE.upper()}»; expected «population_{PERIOD}_part*.xml»"),
            (ONE.replace(".xml", ".XML"), ".ok", "part001.XML»; expected «population"),
            (ONE.replace("_", "-"), ".ok", "found «population-2026-10-part001.xml»; expected «population"),
            (ONE.replace("population", "populaton"), ".ok", "found «populaton_2026-10_part001.xml»; expected «popula"),
            (ONE, ".OK", f"1 of 1 files have no marker {{name}}.ok yet: {ONE}; found «{ONE}.OK»; expected «"),
            (ONE, ".okay", f"found «{ONE}.okay»; expected «"),
        ],
    )
    def test_a_name_that_comes_near(self, tmp_path: Path, name: str, mark: str, found: str) -> None:
        (tmp_path / name).write_text("x")
        (tmp_path / f"{name}{mark}").touch()
        with pytest.raises(SourceNotReady) as raised:
            pull(self.contract, tmp_path)
        assert found in str(raised.value)

    def test_other_months_and_other_files_do_not_come_near(self, tmp_path: Path) -> None:
        for name in ("population_2026-09_part001.xml", "readme.txt", "budget_okrug_2026-10.csv"):
            (tmp_path / name).write_text("x")
        with pytest.raises(SourceNotReady, match=r"in the drop folder yet\. Fix: "):
            pull(self.contract, tmp_path)

    def test_letters_whose_marks_stand_apart_are_the_same_name(self, tmp_path: Path) -> None:
        contract = promising(filePattern="Қала_й_{period}_*.xml", marker="{name}.ok")
        apart = unicodedata.normalize("NFD", f"Қала_й_{PERIOD}_1.xml")
        assert apart != f"Қала_й_{PERIOD}_1.xml"
        (tmp_path / apart).write_text("x")
        (tmp_path / f"{apart}.ok").touch()
        assert pull(contract, tmp_path) == [apart]
        (tmp_path / unicodedata.normalize("NFC", apart)).write_text("y")
        with pytest.raises(SourceNotReady, match="two files whose names look the same: «Қала"):
            pull(promising(filePattern="Қала_й_{period}_*.xml"), tmp_path)

    def test_links_to_nothing_and_names_in_other_bytes_are_skipped(self, tmp_path: Path) -> None:
        (tmp_path / TWO).symlink_to(tmp_path / "nowhere")
        with pytest.raises(SourceNotReady, match=f"a link to nothing: «{TWO}»"):
            pull(promising(), tmp_path)
        (tmp_path / ONE).write_text("x")
        (tmp_path / os.fsdecode("население".encode("cp1251"))).write_text("x")
        assert pull(promising(), tmp_path) == [ONE]

    def test_what_was_seen_is_in_the_ledger_and_in_the_list_of_what_is_overdue(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / ONE.upper()).write_text("x")
        with pytest.raises(SourceNotReady):
            intake.pull("population", PERIOD, lambda _: str(tmp_path), settings)
        assert f"found «{ONE.upper()}»" in (ledger.last_seen(settings, "population", PERIOD) or "")
        (due,) = [d for d in due_deliveries(settings, date(2026, 11, 20)) if d.registry == "population"]
        assert due.state == "overdue" and f"found «{ONE.upper()}»" in (due.reason or "")


class TestParts:
    """The contract says how many files, or which parts, a period has; a part is no month."""

    def put(self, folder: Path, *names: str) -> None:
        for name in names:
            (folder / f"population_{PERIOD}_{name}.xml").write_bytes(population_xml([person(len(name))]))

    def test_a_number_of_files(self, tmp_path: Path) -> None:
        contract = promising(filePattern="population_{period}_*.xml", expectedFiles=3)
        self.put(tmp_path, "a", "b")
        with pytest.raises(SourceNotReady, match=rf"2 of 3 files are there: «population_{PERIOD}_a\.xml», "):
            pull(contract, tmp_path)
        self.put(tmp_path, "c")
        assert len(pull(contract, tmp_path)) == 3
        self.put(tmp_path, "d")
        with pytest.raises(SourceNotReady, match="4 of 3 files are there"):
            pull(contract, tmp_path)

    def test_named_parts(self, tmp_path: Path) -> None:
        contract = promising(filePattern="population_{period}_{part}.xml", parts=["talgar", "ile", "karasay"])
        self.put(tmp_path, "ile")
        with pytest.raises(SourceNotReady, match=r"2 of 3 parts are missing: talgar, karasay\. Fix: "):
            pull(contract, tmp_path)
        self.put(tmp_path, "talgar", "karasay")
        assert len(pull(contract, tmp_path)) == 3
        self.put(tmp_path, "kegen")
        with pytest.raises(SourceNotReady, match=r"files of no part that the contract knows: «population.*kegen"):
            pull(contract, tmp_path)

    @pytest.mark.parametrize(
        "options",
        [
            {"parts": ["a"]},
            {"filePattern": "x_{part}.xml"},
            {"filePattern": "x_{part}", "parts": ["a"], "expectedFiles": 1},
        ],
    )
    def test_options_that_contradict_each_other(self, options: dict[str, object]) -> None:
        with pytest.raises(ContractInvalid, match="parts"):
            promising(**options)

    def test_nine_after_ten_are_waited_for_and_never_replace_them(
        self, settings: Settings, adopt: Adopt, tmp_path: Path
    ) -> None:
        changed = adopt(settings, "livestock", stableSeconds=None, marker="{name}.ok", filePattern="l_{period}_*.xlsx")

        def put(*districts: int) -> list[Path]:
            for old in tmp_path.glob("l_*"):
                old.unlink()
            books = [tmp_path / f"l_{PERIOD}_{d:02d}.xlsx" for d in districts]
            for d, book in zip(districts, books, strict=True):
                livestock_xlsx(book, {"КРС": [animal(n) for n in range(100 * d, 100 * d + 12)]})
                book.with_name(f"{book.name}.ok").touch()
            return books

        put(1)
        one = intake.load(intake.pull("livestock", PERIOD, lambda _: str(tmp_path), changed), changed)
        assert (one.status, one.staged) == ("accepted", 12), "nobody has said that there are more"
        put(*range(1, 11))
        ten = intake.load(intake.pull("livestock", PERIOD, lambda _: str(tmp_path), changed), changed)
        assert (ten.status, ten.staged) == ("accepted", 120), "the batch that is being replaced is no measure"
        nine = put(*range(1, 10))
        with pytest.raises(SourceNotReady, match=rf"9 of the 10 files .* missing: «l_{PERIOD}_10\.xlsx»"):
            intake.pull("livestock", PERIOD, lambda _: str(tmp_path), changed)
        with pytest.raises(ExtractRefused, match="or the current extract withdrawn first"):
            intake.land_files("livestock", PERIOD, nine, changed)
        assert [b.batch_id for b in ledger.current_batches(changed, "livestock", PERIOD)] == [ten.batch_id]
        for batch in (ten, one):
            withdraw(changed, int(batch.batch_id or 0), "the tenth district sends nothing this year", "aigerim")
        less = intake.load(intake.pull("livestock", PERIOD, lambda _: str(tmp_path), changed), changed)
        assert (less.status, less.staged) == ("accepted", 108)


def test_the_bytes_that_were_landed_are_compared_with_the_marker(
    settings: Settings, adopt: Adopt, tmp_path: Path
) -> None:
    """The file is replaced after it was compared and before it is copied, with the same size and time."""
    changed = adopt(settings, "population", marker="{name}.sha256")
    good, other = population_xml([person(1)]), population_xml([person(2)])
    assert len(good) == len(other)
    (tmp_path / f"{ONE}.sha256").write_text(sha256(good))

    def write(content: bytes) -> None:
        (tmp_path / ONE).write_bytes(content)
        os.utime(tmp_path / ONE, (1_790_000_000, 1_790_000_000))

    write(good)
    contract = contracts.load("population", changed.include)
    pulled = file.pull(contract, PERIOD, str(tmp_path), tmp_path, PullHistory())
    write(other)
    age = age_of(contract, pulled.files, None, "the source")
    arrival = Arrival(pulled.files, age, pulled.source, promised=pulled.promised, check=pulled.check)
    with pytest.raises(
        ExtractRefused, match=rf"{ONE}: expected sha256 {sha256(good)[:16]}…, as its marker says; found"
    ):
        land(changed, contract, PERIOD, arrival)
    assert ledger.find_delivery(changed, "population", PERIOD, "") is None
    write(good)
    assert land(changed, contract, PERIOD, arrival).delivery_id


def test_a_file_that_changes_while_it_is_copied_is_not_landed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ONE).write_bytes(population_xml([person(1)]))
    pulled = file.pull(CONTRACT, PERIOD, str(tmp_path), tmp_path, PullHistory())
    (tmp_path / ONE).write_bytes(population_xml([person(1), person(2)]))
    arrival = Arrival(pulled.files, age_of(CONTRACT, pulled.files, None, ""), pulled.source, check=pulled.check)
    with pytest.raises(SourceNotReady, match=f"{ONE} changes while it is read"):
        land(settings, CONTRACT, PERIOD, arrival)
