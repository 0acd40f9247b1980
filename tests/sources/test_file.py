"""A drop folder gives the files of the period that is asked for, and nothing else."""

from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import SourceUnavailable
from auyl.settings import REPOSITORY
from auyl.sources import file

CONTRACT = contracts.load("population", REPOSITORY / "include")


@pytest.mark.parametrize("address", ["{root}/{period}/population", "file://{root}/{period}/population"])
def test_files_of_the_period(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "2026-10" / "population"
    folder.mkdir(parents=True)
    for name in ("population_2026-10_part002.xml", "population_2026-10_part001.xml", "population_2026-09_part001.xml"):
        (folder / name).write_text("x")
    pulled = file.pull(CONTRACT, "2026-10", address.replace("{root}", str(tmp_path)), tmp_path, None)
    assert [f.name for f in pulled.files] == ["population_2026-10_part001.xml", "population_2026-10_part002.xml"]


def test_an_empty_folder_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"nothing named population_2026-10_part\*\.xml"):
        file.pull(CONTRACT, "2026-10", str(tmp_path), tmp_path, None)
    with pytest.raises(SourceUnavailable, match="is not there"):
        file.pull(CONTRACT, "2026-10", str(tmp_path / "no"), tmp_path, None)
