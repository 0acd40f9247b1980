"""Rotation of the hash key: every stored person key is replaced by that of another key, and nothing else changes.

    1. `numbers`: each key of lake and database gets its new one, from the number or details hashed under both keys
    2. `files`: every file that may hold a key is written again in the zone of rotation; the old files stay
    3. `database`: one transaction writes the new keys and the new current key
    4. the new files replace the old ones, under the same paths

Killed before the commit of 3 nothing has changed; killed after it, keyed work is refused until the same rotation, run
again, has finished 4.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import text

from auyl.identifiers import key_fingerprint, keyed_hash
from auyl.keys.database import commit
from auyl.keys.files import rewrite
from auyl.keys.numbers import map_keys, map_orphans
from auyl.keys.stored import collect_keys, keyed_files
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.copy import write_csv
from auyl.store.hash_key import HashKey, check_hash_key, current_hash_key, set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import exclusive
from auyl.store.postgres import autocommit, transaction
from auyl.store.spill import spill_folder


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `status` is rotated, ended (one that was interrupted) or unchanged (the key is current).

    `keys` were replaced; `orphans` of them had no known number and were replaced by a hash of the old key.
    """

    status: str
    fingerprint: str
    keys: int = 0
    orphans: int = 0
    files: int = 0


@dataclass(frozen=True)
class Status:
    """The key of this process and the current key, both as fingerprints, and whether the vault agrees with the first.

    Of `persons` read from the vault, `current_persons` have keys made with the key of this process.
    """

    fingerprint: str
    current: HashKey | None
    persons: int
    current_persons: int

    @property
    def holds(self) -> bool:
        """May this process work on what is stored?"""
        known = self.current
        agrees = known is None or (known.fingerprint == self.fingerprint and known.settled_at is not None)
        return agrees and self.current_persons == self.persons


def status(settings: Settings, persons: int = 1000) -> Status:
    """Ask the ledger and some persons of the vault. Raises SettingMissing."""
    with transaction(settings) as con:
        rows = con.execute(text("select iin, person_key::text from vault.person limit :n"), {"n": persons}).all()
    current_persons = sum(keyed_hash(iin, settings.hash_key) == key.replace("-", "") for iin, key in rows)
    return Status(key_fingerprint(settings.hash_key), current_hash_key(settings), len(rows), current_persons)


def rotate(
    settings: Settings,
    to: Path,
    reason: str,
    allow_orphans: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Rotation:
    """Replace the key of everything stored by that in the file `to`; `settings` hold the current one.

    Waits until no keyed work runs. Run again after it was killed, it ends what it began; `say` gets each step.
    Raises HashKeyRefused, SettingMissing, and AuylError where keys of persons or of current decisions have no known
    number, unless `allow_orphans`.
    """
    target = replace(settings, hash_key_file=to)
    wanted = key_fingerprint(target.hash_key)
    lake = lake_of(settings)
    say("waiting for what runs")
    with exclusive(settings) as connection:
        say("alone")
        known = current_hash_key(settings)
        ended = known is not None and known.settled_at is None
        if known is not None and ended:
            _settle(settings, lake, known.key_no, say)
        if known is not None and known.fingerprint == wanted:
            return Rotation("ended" if ended else "unchanged", wanted)
        known = check_hash_key(settings)
        files = keyed_files(lake)
        lake.remove(paths.ROTATION.name)
        with spill_folder(settings) as spill, duck.connect(settings, lake) as con:
            set_person_key(con, settings, "old_key")
            set_person_key(con, target, "new_key")
            collect_keys(con, lake, connection, files, spill)
            map_keys(con, settings, lake, say)
            keys, orphans = map_orphans(con, connection, allow_orphans)
            for folder in sorted({file.rpartition("/")[0] for file in files}):
                lake.prepare(paths.rotated(folder))
            for file in files:
                rewrite(con, lake, file)
                say(f"wrote {file}")
            if lake.files(paths.ROTATION.name) != sorted(map(paths.rotated, files)):
                raise RuntimeError("rotation: not every file was written again")
            write_csv(con, "from key_map", spill / "map.csv")
            if lake.is_local:
                os.sync()  # the files before the row that rests on them
            commit(connection, spill / "map.csv", known.key_no + 1, wanted, reason, say)
        say("committed")
        _settle(settings, lake, known.key_no + 1, say)
    return Rotation("rotated", wanted, keys, orphans, len(files))


def _settle(settings: Settings, lake: Lake, key_no: int, say: Callable[[str], None]) -> None:
    """Replace the old files by the new ones and record it. May be repeated."""
    for file in lake.files(paths.LINKAGE.name):
        if paths.is_obsolete(file):
            lake.filesystem.rm_file(lake.address(file))
    for file in lake.files(paths.ROTATION.name):
        lake.replace(file, paths.rotated_from(file))
        say(f"moved {paths.rotated_from(file)}")
    lake.remove(paths.ROTATION.name)
    with autocommit(settings) as con:
        changed = con.execute(text("select changed from ledger.hash_key where key_no = :n"), {"n": key_no}).scalar_one()
        for table in changed:
            # An updated row leaves its previous version in the table's file, and statistics keep samples.
            con.exec_driver_sql(f"vacuum (full, analyze) {table}")
        con.execute(text("insert into ledger.hash_key_settled (key_no) values (:n)"), {"n": key_no})
    say("settled")
