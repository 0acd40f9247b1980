"""ZIP archives of extracts. Members are never unpacked under their own names, and the size is limited."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath, PurePosixPath

from auyl.contracts import Contract
from auyl.contracts.options import ArchiveOptions
from auyl.formats.common import empty

# Sheets of text pack to a tenth or a thirtieth; tighter packing than this, beyond some size, is a zip bomb.
MAX_PACKING = 200
PACKING_MATTERS_BYTES = 64 << 20
# Archivers on Russian Windows write names in cp866 when they do not say UTF-8.
NAMES_ENCODING = "cp866"
PACKED = {b"PK\x03\x04": "ZIP", b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2"}


class Member(PosixPath):
    """An unpacked file; its `name` is that of the archive and of the member in it, `parts.zip/a/b.csv`."""

    shown: str = ""

    @property
    def name(self) -> str:
        """The name that people know."""
        return self.shown or super().name


def check_archive(contract: Contract, file: Path, max_bytes: int) -> None:
    """Unpack an archive and discard the bytes, only counting them, before a library reads it.

    The sizes that an archive states may be false. Raises ExtractRefused when it is damaged or larger than `max_bytes`.
    """
    with opened_archive(contract, file) as archive:
        for _ in _content(contract, file, archive, archive.infolist(), max_bytes):
            pass


def members(contract: Contract, options: ArchiveOptions, file: Path, work: Path) -> list[Path]:
    """Unpack the members of `file` that the contract's `memberPattern` names; sorted by their names.

    Raises ExtractRefused when the archive is damaged, encrypted, a zip bomb, holds another archive, has a member with
    a path outside it, or a file that the contract does not name: nothing may go unread silently.
    """
    if file.stat().st_size == 0:
        raise empty(contract, file, "an empty file, 0 bytes")
    folder = work / f"members-of-{file.name}"
    folder.mkdir(exist_ok=True)
    with opened_archive(contract, file) as archive:
        chosen = _chosen(contract, options, file, archive.infolist())
        paths: list[Path] = []
        for number, item in enumerate(chosen):
            path = Member(folder / str(number))
            path.shown = f"{file.name}/{item.filename}"
            paths.append(path)
            path.unlink(missing_ok=True)
        for number, chunk in _content(contract, file, archive, chosen, options.max_unpacked_bytes):
            with paths[number].open("ab") as out:
                out.write(chunk)
    for member in paths:
        member.touch()
        _check_not_packed(contract, member)
    return paths


def _chosen(
    contract: Contract, options: ArchiveOptions, file: Path, items: list[zipfile.ZipInfo]
) -> list[zipfile.ZipInfo]:
    pattern = options.member_pattern.replace("{period}", "*")
    if len(items) > options.max_members:
        raise contract.refusal(file, f"at most {options.max_members:,} members", f"{len(items):,}")
    chosen: dict[str, zipfile.ZipInfo] = {}
    for item in items:
        path = PurePosixPath(item.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in item.filename or "\0" in item.filename:
            raise contract.refusal(file, "names inside the archive", f"a member «{item.filename}»")
        kind = stat.S_IFMT(item.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise contract.refusal(file, "files only", f"«{item.filename}», which is a link or a device")
        names = (item.filename, path.name)
        if item.is_dir() or any(fnmatchcase(name, p) for name in names for p in options.ignore_members):
            continue
        if not any(fnmatchcase(name, pattern) for name in names):
            raise contract.refusal(file, f"members named {pattern}", f"«{item.filename}»")
        if item.filename in chosen:
            raise contract.refusal(file, "each name once", f"«{item.filename}» twice")
        chosen[item.filename] = item
    if not chosen:
        raise empty(contract, file, f"an archive with no member named {pattern}")
    return [chosen[name] for name in sorted(chosen)]


def _check_not_packed(contract: Contract, path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
    kind = next((kind for magic, kind in PACKED.items() if head.startswith(magic)), None)
    if kind and not (kind == "ZIP" and contract.format == "xlsx"):
        raise contract.refusal(path, "no archive inside an archive", f"an archive ({kind})")


@contextmanager
def damage_is_refused(contract: Contract, file: Path) -> Iterator[None]:
    """What the library raises for damage becomes a refusal."""
    try:
        yield
    except (
        zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError,
        struct.error, zlib.error, lzma.LZMAError,
    ) as error:  # fmt: skip
        raise contract.refusal(file, "a whole ZIP archive (XLSX is one)", str(error)) from error


@contextmanager
def opened_archive(contract: Contract, file: Path) -> Iterator[zipfile.ZipFile]:
    """The archive in a file. Raises ExtractRefused."""
    with damage_is_refused(contract, file):
        archive = zipfile.ZipFile(file, metadata_encoding=NAMES_ENCODING)
    with archive:
        yield archive


def _content(
    contract: Contract, file: Path, archive: zipfile.ZipFile, items: list[zipfile.ZipInfo], max_bytes: int
) -> Iterator[tuple[int, bytes]]:
    limit = min(max_bytes, max(PACKING_MATTERS_BYTES, MAX_PACKING * file.stat().st_size))
    total = 0
    for number, item in enumerate(items):
        if item.flag_bits & 1:
            raise contract.refusal(file, "an archive without a password", item.filename)
        with damage_is_refused(contract, file):
            stream = archive.open(item)
        with stream:
            while True:
                with damage_is_refused(contract, file):
                    chunk = stream.read(1 << 20)
                if not chunk:
                    break
                total += len(chunk)
                if total > limit:
                    raise contract.refusal(
                        file, f"at most {limit:,} bytes unpacked", f"more, in {file.stat().st_size:,} bytes packed"
                    )
                yield number, chunk
