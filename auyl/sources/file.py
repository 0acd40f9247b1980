"""A folder where a registry drops its files."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.sources import Pulled, PullHistory, drop_folder
from auyl.sources.drop_folder import AS_LISTED, CompleteDelivery, FileStat, Listing
from auyl.sources.names import composed
from auyl.store.regular import EXPECTED, Folder, NotRegular, Opener, oddity, open_regular


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """The complete files of `period` in the folder at `address` (a path or a file:// address).

    `{period}` in the address and in the contract's `filePattern` stands for the period. Raises SourceNotReady,
    SourceUnavailable, ExtractRefused.
    """
    path = unquote(urlsplit(address).path) if address.startswith("file:") else address
    folder = _folder(contract, period, path)
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
        opener = _opener(contract, folder, {file.name: file for file in taken})
        for file in taken:
            delivery.check_sha256(contract, composed(file.name), folder.path / file.name, opener)
    except NotRegular as odd:
        raise contract.refusal(odd.path, EXPECTED, odd.found) from None
    except OSError as error:
        raise _unreadable(contract, folder, error) from error

    def check() -> None:
        """Raise SourceNotReady when a file is another one than in the listing."""
        try:
            now = _listing(folder).files
        except NotRegular as odd:
            raise contract.refusal(odd.path, EXPECTED, odd.found) from None
        except OSError as error:
            raise _unreadable(contract, folder, error) from error
        if changed := [file.name for file in taken if not file.is_still(now.get(composed(file.name)))]:
            raise contract.not_ready(AS_LISTED, f"{changed[0]} changes while it is read")

    check()
    return Pulled(
        [folder.path / file.name for file in taken], source, watermark=plan.watermark, evidence=delivery.evidence(),
        promised=delivery.promised(), check=check, opener=opener,
    )  # fmt: skip


def _folder(contract: Contract, period: str, path: str) -> Folder:
    """The folder of a period. Raises SourceNotReady or SourceUnavailable where it is missing, ExtractRefused."""
    above = drop_folder.permanent_folder(path)
    if above is None:
        folder = Folder(Path(path))
    else:
        below = Path(path.replace("{period}", period)).relative_to(above)
        folder = Folder(Path(above), below.parts)
    try:
        with folder.descriptor():
            return folder
    except NotRegular as odd:
        raise contract.refusal(odd.path, "a folder of the drop folder itself", odd.found) from None
    except (FileNotFoundError, NotADirectoryError):
        if above is not None and Path(above).is_dir():
            raise contract.not_ready(
                "a folder of the period", f"the drop folder has no {folder.path.name} of {period} yet"
            ) from None
        raise contract.unavailable(
            "the folder of the connection",
            f"the drop folder {folder.root.name} does not exist",
            f"a data engineer, in the connection «{contract.connection}» or in the mount",
        ) from None
    except OSError as error:
        raise _unreadable(contract, folder, error) from error


def _opener(contract: Contract, folder: Folder, listed: Mapping[str, FileStat]) -> Opener:
    """Opens a listed file below the descriptor of its folder. Raises SourceNotReady when it is another one by now."""

    def open_listed(path: str, flags: int) -> int:
        name = os.path.basename(path)
        try:
            with folder.descriptor() as above:
                opened = open_regular(name, flags, above)
        except OSError as error:
            is_gone = isinstance(error, FileNotFoundError)
            found = "was there and is gone" if is_gone else f"cannot be read ({type(error).__name__})"
            raise contract.not_ready(AS_LISTED, f"{name} {found}") from error
        state = os.fstat(opened)
        if _stat(name, state) != listed[name]:
            os.close(opened)
            raise contract.not_ready(AS_LISTED, f"{name} changes while it is read")
        return opened

    return open_listed


def _unreadable(contract: Contract, folder: Folder, error: OSError) -> SourceUnavailable:
    found = f"the drop folder {folder.path.name} cannot be read ({type(error).__name__})"
    owner = f"a data engineer, in the mount, with {contract.owner}"
    return contract.unavailable("a folder that can be read", found, owner)


def _delivery(contract: Contract, period: str, folder: Folder, history: PullHistory) -> CompleteDelivery:
    listing = _listing(folder)
    markers = {}
    for name in drop_folder.markers_to_read(contract, period, listing):
        with (
            folder.descriptor() as above,
            open(open_regular(listing.files[name].name, os.O_RDONLY, above), "rb") as file,
        ):
            markers[name] = file.read(drop_folder.MAX_MARKER_BYTES)
    return drop_folder.complete_delivery(contract, period, listing, markers, history)


def _listing(folder: Folder) -> Listing:
    listing = Listing()
    with folder.descriptor() as descriptor, os.scandir(descriptor) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            shown = os.fsencode(entry.name).decode(errors="replace")
            if shown != entry.name:
                listing.skipped[shown] = "a name that is no UTF-8"
                continue
            _add(listing, entry, descriptor)
    return listing


def _add(listing: Listing, entry: os.DirEntry[str], descriptor: int) -> None:
    name = composed(entry.name)
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        listing.skipped[name] = "gone meanwhile"
        return
    odd = oddity(state)
    if odd is None:
        found = _stat(entry.name, state)
        listing.add(found.name, found.size, found.mtime, found.identity)
    elif stat.S_ISDIR(state.st_mode):
        listing.skipped[name] = "no regular file"
    elif entry.is_symlink() and not _leads_somewhere(entry.name, descriptor):
        listing.skipped[name] = "a link to nothing"
    else:
        listing.links[name] = odd


def _leads_somewhere(name: str, descriptor: int) -> bool:
    try:
        os.stat(name, dir_fd=descriptor)
    except OSError:
        return False
    return True


def _stat(name: str, state: os.stat_result) -> FileStat:
    return FileStat(state.st_size, state.st_mtime, name, (state.st_ino, state.st_ctime_ns))
