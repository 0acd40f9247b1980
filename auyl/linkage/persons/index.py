"""Index: everybody by hashes of what blocks ask, so that a day's records read only the few persons they could be.

Hashes of names and days can be guessed back, so the index lies in the lake under AES-GCM, with a key made of the
installation's own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb as engine
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auyl.linkage.persons import scoring
from auyl.settings import Settings
from auyl.store.duck import literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

NONCE_BYTES = 12


def rules() -> bytes:
    """What an index and the pairs within the blocks hang on besides the files: blocks, keys and DuckDB's hash."""
    return repr((scoring.BLOCKS, scoring.KEYS, engine.__version__)).encode()


def write(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, path: str, known: str, person: str) -> None:
    """Write the index of a table of features; `person` is the SQL of who a row is, short: a uuid or a number."""
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=settings.home / "spill") as folder:
        file = Path(folder) / "index.parquet"
        con.execute(
            f"copy ({scoring.keys_of_known(known, person)}) to {literal(str(file))} "
            "(format parquet, compression uncompressed)"
        )
        nonce = os.urandom(NONCE_BYTES)
        # Half an index would stop every later run: it comes to its place whole.
        lake.write(f"{path}.part", nonce + _cipher(settings).encrypt(nonce, file.read_bytes(), path.encode()))
        lake.replace(f"{path}.part", path)


def near(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, path: str, records: str, target: str) -> None:
    """Create `target` (person, as it was written) with those who can stand in a pair with one of a few records."""
    sealed = memoryview(lake.read(path))
    # In memory: hashes that were sealed do not lie open on a disk, and a disk would cost more than the search.
    with os.fdopen(os.memfd_create("index"), "wb", buffering=0) as file:
        opened = memoryview(_cipher(settings).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], path.encode()))
        while opened:
            opened = opened[file.write(opened) :]
        index = f"read_parquet('/proc/self/fd/{file.fileno()}')"
        con.execute(f"create or replace temp table {target} as {scoring.near_by_key(index, records)}")


def _cipher(settings: Settings) -> AESGCM:
    return AESGCM(hmac.new(settings.hash_key, b"index of persons", hashlib.sha256).digest())
