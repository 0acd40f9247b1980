"""Official files, given by their path and never part of the repository."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("AUYL_REFERENCE") or Path(__file__).resolve().parents[2] / "shared" / "data")


def reference_file(name: str) -> Path:
    """Path of an official file; the test is skipped where it was not given."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"needs the official file {name} below AUYL_REFERENCE or ../shared/data")
    return path
