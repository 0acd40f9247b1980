"""A crash of a reader refuses the extract; a failure of ours leaves its reason beside the delivery."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import duckdb
import pytest

from auyl import contracts, intake, ledger
from auyl.settings import Settings
from auyl.store import paths
from tests import extracts
from tests.extracts import PERIOD, jobseeker, page, social_csv, social_row

SOCIAL = social_csv([social_row(n) for n in range(1, 41)])
WITHOUT_MEMORY = """
import json, resource, sys
from pathlib import Path
from auyl import intake
from auyl.settings import Settings
values = json.loads(sys.argv[1])
folders = ("home", "hash_key_file", "include", "expectations")
settings = Settings(**{name: Path(value) if name in folders else value for name, value in values.items()})
assert intake.load(int(sys.argv[2]), settings).accepted
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
result = intake.load(int(sys.argv[3]), settings)
print(json.dumps([result.status, result.refusal]))
"""


def land(settings: Settings, tmp_path: Path, registry: str, name: str, content: bytes) -> int:
    file = tmp_path / name
    file.write_bytes(content)
    return intake.land_files(registry, PERIOD, [file], settings)


def states(settings: Settings) -> list[tuple[str, str | None]]:
    rows = ledger.extracts(settings, contracts.deltas(settings.include))
    return [(row["state"], row["reason"]) for row in rows]


def state(settings: Settings) -> tuple[str, str | None]:
    (only,) = states(settings)
    return only


def test_a_reader_without_memory_refuses_the_file_by_name(settings: Settings, tmp_path: Path) -> None:
    seeker = jobseeker(1, profession="сварщик " * 40)
    items = [seeker | {"id": f"j-{n}"} for n in range(60_000)]
    small = land(settings, tmp_path, "employment", "page-0.json", page([jobseeker(n) for n in range(1, 41)]))
    delivery = land(settings, tmp_path, "employment", "page-1.json", page(items))
    # After a demo in this checkout there are files of secrets, which the reader needs not know.
    values = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "secrets"}
    values = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
    arguments = [sys.executable, "-c", WITHOUT_MEMORY, json.dumps(values), str(small), str(delivery)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    status, refusal = json.loads(done.stdout.splitlines()[-1])
    assert status == "refused"
    assert refusal.startswith("employment: page-1.json: expected a file that the reader of json can read")
    assert "the reader of json failed: MemoryError in auyl/formats/" in refusal
    assert "сварщик" not in refusal and extracts.iin(1) not in refusal
    assert states(settings)[0] == ("refused", refusal)


def test_wrong_sql_of_ours_is_raised_and_leaves_its_reason(settings: Settings, tmp_path: Path) -> None:
    delivery = land(settings, tmp_path, "social_assistance", "s.csv", SOCIAL)
    include = tmp_path / "include"
    shutil.copytree(settings.include, include)
    stage = include / "sql" / "stage" / "social_assistance.sql"
    stage.write_text(stage.read_text("utf-8") + "\nselect 'Омаров' from", "utf-8")
    with pytest.raises(duckdb.Error):
        intake.load(delivery, replace(settings, include=include))
    shown, reason = state(settings)
    assert shown == "landed"
    assert reason is not None and "ParserException in auyl/" in reason and "Fix: a data engineer" in reason
    assert "Омаров" not in reason
    assert intake.load(delivery, settings).status == "accepted"
    assert state(settings) == ("current", None)


def test_a_lake_that_cannot_be_written_is_no_fault_of_the_extract(settings: Settings, tmp_path: Path) -> None:
    delivery = land(settings, tmp_path, "social_assistance", "s.csv", SOCIAL)
    folder = Path(settings.lake) / paths.raw_folder("social_assistance", PERIOD, "x", "y", False).split("/")[0]
    folder.write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"exists|directory"):
        intake.load(delivery, settings)
    assert state(settings)[0] == "landed" and "Error in auyl/" in str(state(settings)[1])
    folder.unlink()
    assert intake.load(delivery, settings).status == "accepted"
