"""The owners who drop files: when all files of a period are written, each gets its marker, as the contract says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from auyl import contracts
from auyl.contracts.options import FileOptions
from auyl.settings import Settings
from auyl.sources.drop_folder import is_marker


def mark(settings: Settings, registries: Iterable[str], extracts: Path, period: str) -> None:
    """Write the markers of a period, empty, beside its files; those that are there stay."""
    for registry in registries:
        contract = contracts.load(registry, settings.include)
        options = contract.option_set(FileOptions)
        folder = extracts / period / registry
        if options is None or options.marker is None or not folder.is_dir():
            continue
        for file in sorted(folder.iterdir()):
            if not is_marker(contract, file.name):
                (folder / options.marker.replace("{name}", file.name)).touch()
