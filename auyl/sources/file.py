"""A folder where a registry drops its files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from auyl.contracts import Contract
from auyl.errors import SourceUnavailable
from auyl.sources import Pulled


def pull(contract: Contract, period: str, address: str, work: Path, watermark: str | None) -> Pulled:
    """The files of `period` in the folder at `address` (a path or a file:// address). Raises SourceUnavailable.

    `{period}` in the address and in the contract's `filePattern` stands for the period.
    """
    folder = Path(unquote(urlsplit(address).path) if address.startswith("file:") else address.format(period=period))
    folder = Path(str(folder).replace("{period}", period))
    pattern = str(contract.options["filePattern"]).format(period=period)
    if not folder.is_dir():
        raise SourceUnavailable(f"{contract.registry}: the drop folder {folder.name} is not there")
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise SourceUnavailable(f"{contract.registry}: nothing named {pattern} in the drop folder yet")
    return Pulled(files, f"file drop, {pattern}")
