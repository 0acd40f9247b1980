"""The house stays readable: sizes of modules and functions, no import circle."""

import ast
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("auyl", "auyl_airflow", "lab", "bench")
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60


def modules(package: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", f"{package}/*.py"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    return [REPOSITORY / name for name in listed.split()]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_too_long(package: str) -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in modules(package)}
    assert lines
    assert {str(path): n for path, n in lines.items() if n > MOST_LINES_OF_A_MODULE} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_is_too_long(package: str) -> None:
    long = {}
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    long[f"{path.relative_to(REPOSITORY)}::{node.name}"] = length
    assert long == {}


def test_there_is_no_import_circle() -> None:
    graph = grimp.build_graph("auyl", "lab", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as circle:
        pytest.fail(f"import circle: {' -> '.join(circle.args[1])}")


def test_only_the_store_opens_a_lake() -> None:
    """Elsewhere `lake_of` does, which asks whether the lake belongs to the database."""
    opening = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for package in PACKAGES
        for path in modules(package)
        if not path.is_relative_to(REPOSITORY / "auyl" / "store")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Lake"
    ]
    assert opening == []
