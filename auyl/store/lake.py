"""The lake: immutable files below one root, a folder or any fsspec address.

A path is only ever read because the ledger names it, so a file left by a killed process harms nobody; the next
run writes the same bytes to the same path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import fsspec

from auyl.store.closed import check_closed, make_folder
from auyl.store.regular import Opener, open_regular

# Fits in a core's cache: reading, hashing and writing a chunk of 1 MiB costs nearly twice as much.
CHUNK_BYTES = 1 << 18


class GrowsOn(Exception):
    """A file that has more bytes than may be copied."""


class Lake:
    """Files below `root`. All paths given to the methods are relative to it.

    Raises FolderOpen for a local root that other accounts may open.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        scheme = urlsplit(self.root).scheme
        self.is_local = scheme in ("", "file")
        if self.is_local:
            self.root = os.path.abspath(self.root.removeprefix("file://"))
            check_closed(Path(self.root), "AUYL_LAKE")
        # A cached listing misses what another process, or DuckDB, has written since.
        self.filesystem: fsspec.AbstractFileSystem = (
            fsspec.filesystem("file") if self.is_local else fsspec.filesystem(scheme, use_listings_cache=False)
        )

    def address(self, path: str) -> str:
        """The address of `path` as DuckDB and fsspec take it."""
        return f"{self.root}/{path}"

    def prepare(self, folder: str) -> str:
        """Create `folder`, empty; return its address. Local folders are for the owner only."""
        address = self.address(folder)
        if self.is_local:
            self.remove(folder)
            make_folder(Path(address))
        else:
            self.remove(folder)
        return address

    def remove(self, folder: str) -> None:
        """Remove `folder` with everything below it, if it exists."""
        address = self.address(folder)
        if self.is_local:
            shutil.rmtree(address, ignore_errors=True)
        elif self.filesystem.exists(address):
            self.filesystem.rm(address, recursive=True)

    def move(self, folder: str, target: str) -> None:
        """Rename `folder` to `target`, replacing what a killed process may have left there."""
        self.remove(target)
        if self.is_local:
            os.rename(self.address(folder), self.address(target))
        else:
            # An object store has no folders to move: its own `mv` asks for an object with the folder's name.
            for path in self.files(folder):
                self.filesystem.copy(self.address(path), self.address(target + path[len(folder) :]))
            self.remove(folder)

    def replace(self, path: str, target: str) -> None:
        """Rename the file `path` to `target`, replacing it. Safe to repeat after a kill."""
        if self.is_local:
            make_folder(Path(self.address(target)).parent)
            os.replace(self.address(path), self.address(target))
        else:
            self.filesystem.copy(self.address(path), self.address(target))
            self.filesystem.rm_file(self.address(path))

    def put(self, file: Path, path: str, opener: Opener = open_regular, limit: int | None = None) -> tuple[str, int]:
        """Copy a local file to `path`, durably; the sha256 of what was copied, as hex, and the number of its bytes.

        Raises GrowsOn for a file of more than `limit` bytes, which is then copied in part.
        """
        total, size = hashlib.sha256(), 0
        # One buffer for all chunks: new memory has to be cleared first, which doubles the cost.
        buffer = memoryview(bytearray(CHUNK_BYTES))
        with open(file, "rb", buffering=0, opener=opener) as source, self._sink(path) as out:
            while length := source.readinto(buffer):
                size += length
                if limit is not None and size > limit:
                    raise GrowsOn(str(file))
                total.update(buffer[:length])
                out.write(buffer[:length])
            if self.is_local:
                os.fsync(out.fileno())
        return total.hexdigest(), size

    def _sink(self, path: str) -> IO[bytes]:
        if self.is_local:
            return open(self.address(path), "wb", buffering=0)
        sink: IO[bytes] = self.filesystem.open(self.address(path), "wb")
        return sink

    def remove_file(self, path: str) -> None:
        """Remove a file, if it is there, and local folders that are empty then."""
        address = self.address(path)
        if not self.is_local:
            if self.filesystem.exists(address):
                self.filesystem.rm_file(address)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        with contextlib.suppress(OSError):  # it is not empty
            for folder in Path(address).relative_to(self.root).parents[:-2]:
                os.rmdir(Path(self.root, folder))

    def size(self, path: str) -> int:
        """The bytes of a file."""
        return int(self.filesystem.size(self.address(path)))

    def exists(self, path: str) -> bool:
        """Is there a file or folder at `path`?"""
        return bool(self.filesystem.exists(self.address(path)))

    def files(self, folder: str) -> list[str]:
        """Paths of all files below `folder`, relative to the root, sorted."""
        names: list[Any] = self.filesystem.find(self.address(folder)) if self.exists(folder) else []
        stripped = self.filesystem._strip_protocol(self.root)
        return sorted(str(name)[len(str(stripped)) + 1 :] for name in names)

    def zones(self) -> list[str]:
        """Names at the root, sorted."""
        names: list[Any] = self.filesystem.ls(self.root, detail=False) if self.filesystem.exists(self.root) else []
        return sorted(str(name).rstrip("/").rpartition("/")[2] for name in names)

    @contextmanager
    def open(self, path: str, mode: str = "rb") -> Iterator[IO[bytes]]:
        """Open `path` in binary mode."""
        with self.filesystem.open(self.address(path), mode) as stream:
            yield stream

    def read(self, path: str) -> bytes:
        """All bytes of `path`."""
        with self.open(path) as stream:
            return stream.read()

    def sha256(self, path: str) -> str:
        """The sha256 of the bytes of `path`, as hex."""
        total = hashlib.sha256()
        with self.open(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                total.update(chunk)
        return total.hexdigest()

    def write(self, path: str, content: bytes) -> None:
        """Write `content` to `path`, whole."""
        if self.is_local:
            make_folder(Path(self.address(path)).parent)
        with self.open(path, "wb") as stream:
            stream.write(content)
