"""A folder where a registry drops its files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.sources import Pulled, PullHistory, drop_folder
from auyl.sources.drop_folder import CompleteDelivery, Listing
from auyl.sources.names import composed


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """The complete files of `period` in the folder at `address` (a path or a file:// address).

    `{period}` in the address and in the contract's `filePattern` stands for the period. Raises SourceNotReady,
    SourceUnavailable, ExtractRefused.
    """
    path = unquote(urlsplit(address).path) if address.startswith("file:") else address
    folder, above = Path(path.replace("{period}", period)), drop_folder.permanent_folder(path)
    if not folder.is_dir():
        if above is None or not Path(above).is_dir():
            raise SourceUnavailable(
                f"{contract.registry}: the drop folder {Path(above or folder).name} does not exist. Fix: a "
                f"data engineer, in the connection «{contract.connection}» or in the mount"
            )
        raise SourceNotReady(f"{contract.registry}: the drop folder has no {folder.name} of {period} yet")
    try:
        try:
            delivery = _delivery(contract, period, folder, history)
        except ExtractRefused:
            # A listing is no snapshot: one that began before both files were there may show the marker alone.
            delivery = _delivery(contract, period, folder, history)
        plan = drop_folder.plan_fetch(contract, delivery, history)
        source = f"file drop, {drop_folder.file_pattern(contract, period)}"
        if plan.is_unchanged:
            return Pulled([], source, watermark=plan.watermark, is_unchanged=True)
        # Reading is cheap here: all files of a full delivery are taken from the folder, known or not.
        taken = [delivery.files[n] for n in (plan.fetch if contract.is_delta else sorted(delivery.files))]
        for file in taken:
            delivery.check_sha256(contract, composed(file.name), folder / file.name)
    except OSError as error:
        raise _unreadable(contract, folder, error) from error

    def check() -> None:
        """Raise SourceNotReady when a file is another one than in the listing."""
        try:
            now = _listing(folder).files
        except OSError as error:
            raise _unreadable(contract, folder, error) from error
        if changed := [file.name for file in taken if now.get(composed(file.name)) != file]:
            raise SourceNotReady(f"{contract.registry}: {changed[0]} changes while it is read")

    check()
    return Pulled(
        [folder / file.name for file in taken], source, watermark=plan.watermark, evidence=delivery.evidence(),
        promised=delivery.promised(), check=check,
    )  # fmt: skip


def _unreadable(contract: Contract, folder: Path, error: OSError) -> SourceUnavailable:
    return SourceUnavailable(
        f"{contract.registry}: the drop folder {folder.name} cannot be read ({type(error).__name__})"
    )


def _delivery(contract: Contract, period: str, folder: Path, history: PullHistory) -> CompleteDelivery:
    listing = _listing(folder)
    names = drop_folder.markers_to_read(contract, period, listing)
    markers = {name: (folder / listing.files[name].name).read_bytes() for name in names}
    return drop_folder.complete_delivery(contract, period, listing, markers, history)


def _listing(folder: Path) -> Listing:
    listing = Listing()
    for path in sorted(folder.iterdir()):
        shown = os.fsencode(path.name).decode(errors="replace")
        if shown != path.name:
            listing.skipped[shown] = "a name that is no UTF-8"
            continue
        try:
            state = path.stat()
        except FileNotFoundError:
            listing.skipped[composed(path.name)] = "a link to nothing" if path.is_symlink() else "gone meanwhile"
            continue
        if stat.S_ISREG(state.st_mode):
            listing.add(path.name, state.st_size, state.st_mtime)
        else:
            listing.skipped[composed(path.name)] = "no regular file"
    return listing
