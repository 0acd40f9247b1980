"""Paths of the lake and names of locks are made in one module each."""

import re
from pathlib import Path

import pytest

from auyl.store import paths

REPOSITORY = Path(__file__).parents[2]
_ZONES = "|".join(zone.name for zone in paths.ZONES)
# A string that begins with a zone and goes on with a placeholder or a folder: a path that was put together here.
SPELLED = re.compile(rf"""f?["'](?:{_ZONES})/(?:\{{|[a-z]+/|[a-z]+["'])""")


def spelled(text: str) -> list[str]:
    """Paths of the lake spelled in code, without docstrings and comments."""
    code = re.sub(r"#.*", "", re.sub(r'"""[\s\S]*?"""', "", text))
    return SPELLED.findall(code)


def test_only_the_module_of_paths_spells_a_path_of_the_lake() -> None:
    modules = [p for folder in ("auyl", "lab/evaluation", "lab/stack", "dags", "plugins", "auyl_airflow")
               for p in (REPOSITORY / folder).rglob("*.py")]  # fmt: skip
    found = {p.relative_to(REPOSITORY).as_posix() for p in modules if spelled(p.read_text(encoding="utf-8"))}
    assert found == set()


@pytest.mark.parametrize("line", ['f"stage/{name}/stage.parquet"', '"reference/territory"', "f'core/{period}'"])
def test_the_search_for_spelled_paths_finds_one(line: str) -> None:
    assert spelled(f"path = {line}")


def test_every_file_of_a_batch_leads_back_to_its_name() -> None:
    name = paths.batch_name("land", "2026-10", "a" * 64, "b" * 64)
    assert paths.batch_of(paths.stage_file(name)) == name
    files = [paths.stage_file(name), paths.linkable_file(name), paths.identity_file(name)]
    files += [paths.quarantine_file(name, is_private=False), paths.quarantine_file(name, is_private=True)]
    files += [paths.address_text_file(name)]
    assert [paths.zone_of(file) for file in files] == [
        paths.STAGE, paths.LINKABLE, paths.IDENTITY, paths.QUARANTINE, paths.IDENTITY, paths.IDENTITY,
    ]  # fmt: skip
    made = [paths.raw_folder("land", "2026-10", "a" * 64, "c" * 64, is_private) for is_private in (False, True)]
    begun = tuple(paths.made_of_delivery("land", "2026-10", "a" * 64))
    assert all(path.startswith(begun) for path in [*files, *made]), "erased with their delivery"
    assert {paths.rotated_from(paths.rotated(file)) for file in files} == set(files)
