"""A marker speaks of its own file and a manifest can be read in one way; what they say never escapes as an error."""

import hashlib
import json
from pathlib import Path

import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ExtractRefused, SourceNotReady
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, file
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, with_options

BASE = contracts.load("population", REPOSITORY / "include")
CHECKSUMS = with_options(BASE, marker="{name}.sha256")
MANIFEST = with_options(BASE, marker="manifest_{period}.json")
ONE, TWO = f"population_{PERIOD}_part001.xml", f"population_{PERIOD}_part002.xml"
OURS, OTHER = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()


def pull(contract: contracts.Contract, folder: Path) -> list[str]:
    return [f.name for f in file.pull(contract, PERIOD, str(folder), folder, PullHistory()).files]


class TestMarkerOfEachFile:
    """The checksum that counts is the one of the file that the marker is named after."""

    def marked(self, folder: Path, marker: bytes) -> list[str]:
        (folder / ONE).write_bytes(b"one")
        (folder / f"{ONE}.sha256").write_bytes(marker)
        return pull(CHECKSUMS, folder)

    @pytest.mark.parametrize(
        "marker",
        [
            OURS,
            f"{OURS.upper()} *{ONE}\r\n",
            f"{OTHER}  {TWO}\n{OURS}  ./{ONE}\n",
            f"SHA256 ({ONE}) = {OURS}\n",
            f"\ufeff{OURS}  {ONE}",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_its_own(self, tmp_path: Path, marker: str, encoding: str) -> None:
        assert self.marked(tmp_path, marker.removeprefix("\ufeff" * (encoding == "utf-16")).encode(encoding)) == [ONE]

    @pytest.mark.parametrize(
        ("marker", "found"),
        [
            (f"{OURS}  {TWO}\n", f"expected the sha256 of {ONE}; found that of AAAAAAAAAA_9999-99_AAAA999.AAA"),
            (f"{OURS}\n{OTHER}\n", f"expected one sha256 of {ONE}; found 2 without names"),
            ("990101300123;Ахметов", "64 digits in hex; found the text «999999999999;ААААААА»"),
            (hashlib.md5(b"one").hexdigest(), "64 digits in hex"),
            ("", "64 digits in hex"),
            (f"{OTHER}  {ONE}", "as its marker says"),
        ],
    )
    def test_of_another_file_or_none(self, tmp_path: Path, marker: str, found: str) -> None:
        with pytest.raises(ExtractRefused, match=r"population: .*Fix: МВД РК") as raised:
            self.marked(tmp_path, marker.encode())
        assert found in str(raised.value)

    def test_other_text_in_a_marker_that_promises_no_checksum(self, tmp_path: Path) -> None:
        (tmp_path / ONE).write_bytes(b"one")
        (tmp_path / f"{ONE}.ok").write_text("written 2026-11-01")
        assert pull(with_options(BASE, marker="{name}.ok"), tmp_path) == [ONE]


class TestManifest:
    """What a manifest says has one reading and is not quoted."""

    def listed(self, folder: Path, text: str) -> list[str]:
        (folder / ONE).write_bytes(b"one")
        (folder / f"manifest_{PERIOD}.json").write_text(text)
        return pull(MANIFEST, folder)

    def test_a_key_that_is_given_twice(self, tmp_path: Path) -> None:
        one, two = ({"name": name, "sha256": digest} for name, digest in ((ONE, OURS), (TWO, OTHER)))
        with pytest.raises(ExtractRefused, match="a key that is given twice"):
            self.listed(tmp_path, f'{{"files": {json.dumps([one, two])}, "files": {json.dumps([one])}}}')

    @pytest.mark.parametrize("size", ["1e999", "NaN", "9" * 5000, "[]", '"3 KB"'])
    def test_a_size_that_is_no_number_is_a_refusal(self, tmp_path: Path, size: str) -> None:
        with pytest.raises(ExtractRefused, match="found something else"):
            self.listed(tmp_path, f'{{"files": [{{"name": "{ONE}", "bytes": {size}}}]}}')

    def test_a_line_of_an_extract_is_shown_by_its_shape(self, tmp_path: Path) -> None:
        with pytest.raises(ExtractRefused, match=r"line 1: .*found a line «999999999999;ААААААА»"):
            self.listed(tmp_path, "990101300123;Ахметов")

    @pytest.mark.parametrize("sign", ["\0", "\ud800"])
    def test_a_name_that_no_database_takes_is_a_refusal(
        self, settings: Settings, adopt: Adopt, tmp_path: Path, sign: str
    ) -> None:
        chosen = adopt(settings, "population", marker="manifest_{period}.json")
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / ONE).write_bytes(population_xml([person(1)]))
        name = f"population_{PERIOD}_part{sign}.xml"
        (folder / f"manifest_{PERIOD}.json").write_text(json.dumps({"files": [{"name": name, "bytes": 1}]}))
        with pytest.raises(ExtractRefused, match="part\ufffd\\.xml that it lists"):
            intake.pull("population", PERIOD, lambda _: str(folder), chosen)
        assert "part\ufffd.xml" in ledger.refusal_reasons(chosen, "population", PERIOD)[0]


class TestPartsUnderOtherNames:
    """A part whose name differs in spelling is a missing part, and not taken for none."""

    contract = with_options(BASE, marker="{name}.ok")

    @pytest.mark.parametrize("other", [TWO.replace("xml", "XML"), TWO.replace("population", "Population")])
    def test_beside_a_complete_one(self, tmp_path: Path, other: str) -> None:
        for name in (ONE, other):
            (tmp_path / name).write_bytes(b"x")
            (tmp_path / f"{name}.ok").touch()
        with pytest.raises(SourceNotReady, match=f"1 files seem to be parts under other names; found «{other}»"):
            pull(self.contract, tmp_path)

    def test_what_only_looks_like_one_does_not_hold_up_the_others(self, tmp_path: Path) -> None:
        for name in (ONE, f"{ONE}.ok", ONE.replace("_part001", "_readme")):
            (tmp_path / name).touch()
        assert pull(self.contract, tmp_path) == [ONE]
