"""ZIP archives of extracts. Members are never unpacked under their own names, and the size is limited."""

from __future__ import annotations

import lzma
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path, PosixPath, PurePosixPath

from auyl.contracts import Contract
from auyl.contracts.options import ArchiveOptions
from auyl.formats.common import empty
from auyl.formats.encoding import likelihood

# Sheets of text pack to a tenth or a thirtieth; tighter packing than this, beyond some size, is a zip bomb.
MAX_PACKING = 200
PACKING_MATTERS_BYTES = 64 << 20
# Archivers on Russian Windows write names in cp866 when they do not say UTF-8; it gives every byte a letter.
NAMES_ENCODING = "cp866"
UTF8_FLAG, UNICODE_PATH = 0x800, 0x7075
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
SYSTEM_MEMBERS = frozenset((".ds_store", "thumbs.db", "desktop.ini"))
PACKED = {b"PK\x03\x04": "ZIP", b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2"}


class Member(PosixPath):
    """An unpacked file; its `name` is that of the archive and of the member in it, `parts.zip/a/b.csv`."""

    shown: str = ""

    @property
    def name(self) -> str:
        """The name that people know."""
        return self.shown or super().name


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
        for number, name in enumerate(chosen):
            path = Member(folder / str(number))
            path.shown = f"{file.name}/{name}"
            paths.append(path)
            path.unlink(missing_ok=True)
        for number, chunk in _content(contract, file, archive, [*chosen.values()], options.max_unpacked_bytes):
            with paths[number].open("ab") as out:
                out.write(chunk)
    for member in paths:
        member.touch()
        _check_not_packed(contract, member)
    return paths


def _chosen(
    contract: Contract, options: ArchiveOptions, file: Path, items: list[zipfile.ZipInfo]
) -> dict[str, zipfile.ZipInfo]:
    """The members to read by their names, sorted."""
    pattern = _nfc(options.member_pattern.replace("{period}", "*"))
    ignored = [_nfc(p).casefold() for p in options.ignore_members]
    if len(items) > options.max_members:
        raise contract.refusal(file, f"at most {options.max_members:,} members", f"{len(items):,}")
    chosen: dict[str, zipfile.ZipInfo] = {}
    for name, item in zip(_names(items), items, strict=True):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            raise contract.refusal(file, "names inside the archive", f"a member «{name}»")
        kind = stat.S_IFMT(item.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise contract.refusal(file, "files only", f"«{name}», which is a link or a device")
        names = (name.casefold(), path.name.casefold())
        if name.endswith("/") or _is_of_a_system(path) or any(fnmatchcase(n, p) for n in names for p in ignored):
            continue
        if not any(fnmatchcase(n, pattern.casefold()) for n in names):
            raise contract.refusal(file, f"members named {pattern}", f"«{name}»")
        if name in chosen:
            raise contract.refusal(file, "each name once", f"«{name}» twice")
        chosen[name] = item
    if not chosen:
        raise empty(contract, file, f"an archive with no member named {pattern}")
    return dict(sorted(chosen.items()))


def _is_of_a_system(path: PurePosixPath) -> bool:
    """Does macOS, Windows or Office leave this beside the files of people?"""
    name = path.name.casefold()
    return path.parts[:1] == ("__MACOSX",) or name.startswith(("._", "~$")) or name in SYSTEM_MEMBERS


def _names(items: list[zipfile.ZipInfo]) -> list[str]:
    """Names of members: UTF-8 where the archive says so or it can be nothing else, else Russian of DOS or Windows.

    macOS writes UTF-8 without saying so, and decomposes letters; Explorer and 7-Zip write cp866, others cp1251.
    """
    stored = [None if item.flag_bits & UTF8_FLAG else item.orig_filename.encode(NAMES_ENCODING) for item in items]
    sample = b"\n".join(name for name in stored if name and not name.isascii())
    try:
        sample.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = max(
            NAMES_ENCODING, "cp1251", key=lambda e: likelihood(Counter(pairwise(sample.decode(e, "replace"))))
        )
    names = []
    for item, raw in zip(items, stored, strict=True):
        name = item.orig_filename if raw is None else _unicode_path(item, raw) or raw.decode(encoding, "replace")
        names.append(_nfc(name.replace("\\", "/")))
    return names


def _unicode_path(item: zipfile.ZipInfo, stored: bytes) -> str | None:
    """The name in the extra field 0x7075 (Info-ZIP, WinRAR), if it belongs to the stored one."""
    extra, at = item.extra, 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if kind == UNICODE_PATH and len(field) > 5 and struct.unpack_from("<BI", field) == (1, zlib.crc32(stored)):
            return field[5:].decode("utf-8", "replace")
        at += 4 + length
    return None


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


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
        if not zipfile.is_zipfile(file):
            raise zipfile.BadZipFile(_not_whole(file))
        archive = zipfile.ZipFile(file, metadata_encoding=NAMES_ENCODING)
    with archive:
        yield archive


def _not_whole(file: Path) -> str:
    with file.open("rb") as stream:
        head = stream.read(4)
    if head == b"PK\x07\x08":
        return "the first part of a split archive"
    if head == b"PK\x03\x04":
        return "an archive without its end: cut short, or a part of a split one"
    return "a file that is not a zip file"


def _content(
    contract: Contract, file: Path, archive: zipfile.ZipFile, items: list[zipfile.ZipInfo], max_bytes: int
) -> Iterator[tuple[int, bytes]]:
    limit = min(max_bytes, max(PACKING_MATTERS_BYTES, MAX_PACKING * file.stat().st_size))
    total = 0
    for number, item in enumerate(items):
        if item.flag_bits & 1:
            raise contract.refusal(file, "an archive without a password", f"a locked member «{item.filename}»")
        if item.compress_type not in METHODS:
            method = zipfile.compressor_names.get(item.compress_type, str(item.compress_type))  # type: ignore[attr-defined]
            raise contract.refusal(file, "members packed by Deflate", f"«{item.filename}», packed by {method}")
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
