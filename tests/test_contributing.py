"""CONTRIBUTING.md names files, functions and tests that exist, for every hop of a row and every kind of addition."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
HOPS = re.findall(r"^\| [a-z ]*\| `([^`]+\.py)` \| `(\w+)` \|", PAGE, flags=re.MULTILINE)
ADDITIONS = dict(re.findall(r"^\| (an? [^|]+?) \| .+ \| ([^|]+) \|$", PAGE, flags=re.MULTILINE))
KINDS = {"a registry", "an indicator", "a theme", "a rule", "a coordinator's subject", "a contradiction"}


@pytest.mark.parametrize(("file", "name"), HOPS)
def test_every_hop_of_a_row_is_where_the_page_says(file: str, name: str) -> None:
    tree = ast.parse((REPOSITORY / file).read_text("utf-8"))
    assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


def test_the_row_is_followed_from_its_deadline_to_the_page() -> None:
    assert [file.split("/")[0] + "/" + file.split("/")[1] for file, _ in HOPS[:1]] == ["auyl_airflow/timetable.py"]
    assert HOPS[-1][0].startswith("auyl/portal/") and len(HOPS) >= 15


def test_every_kind_of_addition_has_a_guide_and_a_test() -> None:
    assert set(ADDITIONS) >= KINDS
    for kind in KINDS:
        guides = re.findall(r"\]\((docs/[^)]+)\)", ADDITIONS[kind])
        tests = re.findall(r"`(tests/[^`]+)`", ADDITIONS[kind])
        assert guides and tests, kind
        assert [name for name in guides + tests if not (REPOSITORY / name).is_file()] == [], kind


def test_every_path_of_the_page_that_names_one_file_exists() -> None:
    named = re.findall(r"`((?:auyl|auyl_airflow|include|expectations|dags|docs|tests)/[^`<X ]+\.\w+)`", PAGE)
    assert named and [name for name in named if not (REPOSITORY / name).is_file()] == []
