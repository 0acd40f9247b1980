"""A folder where a registry drops its files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.sources import Past, Pulled, drop


def pull(contract: Contract, period: str, address: str, work: Path, past: Past) -> Pulled:
    """The whole files of `period` in the folder at `address` (a path or a file:// address).

    `{period}` in the address and in the contract's `filePattern` stands for the period; see `drop` for `marker` and
    `stableSeconds`. Raises SourceNotReady, SourceUnavailable, ExtractRefused.
    """
    path = unquote(urlsplit(address).path) if address.startswith("file:") else address
    folder, above = Path(path.replace("{period}", period)), drop.before_period(path)
    if not folder.is_dir():
        if above is None or not Path(above).is_dir():
            raise SourceUnavailable(
                f"{contract.registry}: the drop folder {Path(above or folder).name} is not there. Fix: a "
                f"data engineer, in the connection «{contract.connection}» or in the mount"
            )
        raise SourceNotReady(f"{contract.registry}: the drop folder has no {folder.name} of {period} yet")
    try:
        try:
            whole = _look(contract, period, folder, past)
        except ExtractRefused:
            # a listing is no snapshot: one that began before both files were there may show the marker alone
            whole = _look(contract, period, folder, past)
        plan = drop.plan(contract, whole, past, datetime.now(tz=UTC))
        source = f"file drop, {drop.pattern_of(contract, period)}"
        if plan.unchanged:
            return Pulled([], source, watermark=plan.watermark, unchanged=True)
        # reading is cheap here: all files of a delivery are taken from the folder, known or not
        names = plan.fetch if contract.is_delta else sorted(whole.files)
        for name in names:
            drop.check(contract, whole, name, folder / name)
        now = _listing(folder)
        if changed := [name for name in names if now.get(name) != whole.files[name]]:
            raise SourceNotReady(f"{contract.registry}: {changed[0]} changes while it is read")
    except OSError as error:
        raise SourceUnavailable(
            f"{contract.registry}: the drop folder {folder.name} cannot be read ({type(error).__name__})"
        ) from error
    return Pulled([folder / name for name in names], source, watermark=plan.watermark, evidence=drop.evidence(whole))


def _look(contract: Contract, period: str, folder: Path, past: Past) -> drop.Whole:
    listing = _listing(folder)
    markers = {name: (folder / name).read_bytes() for name in drop.markers_to_read(contract, period, listing)}
    return drop.whole(contract, period, listing, markers, past)


def _listing(folder: Path) -> dict[str, drop.Seen]:
    found = {}
    for path in folder.iterdir():
        if path.is_file():
            state = path.stat()
            found[path.name] = drop.Seen(state.st_size, state.st_mtime)
    return found
