"""The real REST server of the invented labour exchange, as a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOKEN = "token-of-the-tests"
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve pages of `extracts`; returns the address with its token. `--faults some` makes it fail on the way."""
    started: list[subprocess.Popen[str]] = []

    def start(extracts: Path, faults: str = "none", token: str = TOKEN) -> str:
        file = tmp_path / "token"
        file.write_text(TOKEN)
        command = [sys.executable, "-m", "auyl.synthetic.server", "--extracts", str(extracts), "--port", "0"]
        process = subprocess.Popen(
            [*command, "--token-file", str(file), "--faults", faults], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        host = process.stdout.readline().strip().removeprefix("http://")
        return f"http://:{token}@{host}"

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=20)
