"""Files of one name from several folders are all taken, or refused before anything is written."""

from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.errors import ExtractRefused
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import PERIOD, animal, livestock_xlsx, social_csv, social_row


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir(parents=True)
    return made


def test_both_of_two_files_of_one_name_are_taken(settings: Settings, tmp_path: Path) -> None:
    first = livestock_xlsx(folder(tmp_path, "Енбекшиказах") / "книга.xlsx", {"КРС": [animal(n) for n in range(1, 31)]})
    second = livestock_xlsx(folder(tmp_path, "Талгар") / "книга.xlsx", {"КРС": [animal(n) for n in range(31, 41)]})
    result = intake.load(intake.land_files("livestock", PERIOD, [second, first], settings), settings)
    assert (result.status, result.staged) == ("accepted", 40), result.refusal
    assert result.notes["files"] == {"Енбекшиказах книга.xlsx#КРС": 30, "Талгар книга.xlsx#КРС": 10}


def test_files_that_their_names_do_not_distinguish_are_refused_before_anything_is_written(
    settings: Settings, tmp_path: Path
) -> None:
    first, second = folder(tmp_path, "a/октябрь") / "s.csv", folder(tmp_path, "b/октябрь") / "s.csv"
    for number, file in enumerate((first, second)):
        file.write_bytes(social_csv([social_row(n) for n in range(1 + 40 * number, 41 + 40 * number)]))
    for files in ([first, second], [first, first], [first, first.parent / ".." / "октябрь" / "s.csv"]):
        with pytest.raises(ExtractRefused, match="each file once") as refused:
            intake.land_files("social_assistance", PERIOD, files, settings)
        assert refused.value.file == "октябрь s.csv"
    assert Lake(settings.lake).files("landing") == []
    assert len(ledger.refusal_reasons(settings, "social_assistance", PERIOD)) == 3


def test_a_file_named_like_the_manifest_is_landed_beside_it(settings: Settings, tmp_path: Path) -> None:
    from auyl.store import paths

    file = folder(tmp_path, "выгрузка") / paths.MANIFEST
    file.write_bytes(social_csv([social_row(n) for n in range(1, 41)]))
    result = intake.load(intake.land_files("social_assistance", PERIOD, [file], settings), settings)
    assert (result.status, result.staged) == ("accepted", 40), result.refusal
    assert result.notes["files"] == {f"выгрузка {paths.MANIFEST}": 40}
