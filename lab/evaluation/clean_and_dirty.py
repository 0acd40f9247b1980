"""One synthetic oblast twice, clean and with all dirt, each taken in by an installation of its own.

Both have the same people, animals and plots: every draw of the generator is a hash of the seed and the row, so dirt
changes no other draw. Both use the same temporary hash key, so that keys can be compared. Databases and lakes are
deleted afterwards.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from auyl import pipeline
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import check_text_rules, ensure_database, migrate
from auyl.territory.reference import load_territory
from lab import synthetic


class ExtractRefused(AuylError):
    """Intake refused an extract of one of the oblasts, so there is nothing to compare."""


@dataclass(frozen=True)
class CleanAndDirty:
    """Settings of the two installations, and the folder of the dirty extracts and their ground truth."""

    clean: Settings
    dirty: Settings
    extracts: Path


@contextlib.contextmanager
def make_clean_and_dirty(
    settings: Settings,
    period: str,
    people: int,
    seed: int,
    registries: Collection[str],
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[CleanAndDirty]:
    """Make both oblasts and take in these registries of `period`.

    The server is that of AUYL_DSN, where two databases are created and dropped, or a temporary one. Raises
    ExtractRefused, and PostgresError if its databases treat Kazakh letters wrongly.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="auyl-clean-and-dirty-")))
        key = folder / "hash.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32), encoding="ascii")
        server = settings.dsn_or_none or stack.enter_context(_temporary_server(folder))
        installations: dict[str, Settings] = {}
        for name, dirt in (("clean", 0.0), ("dirty", 1.0)):
            extracts = folder / name / "extracts"
            say(f"the {name} oblast: {people:,} people, seed {seed}")
            synthetic.make(extracts, period, people, seed, dirt=dirt)
            installation = replace(
                settings, home=folder / name, lake=str(folder / name / "lake"), hash_key_file=key, kato_edition=None,
                dsn_or_none=stack.enter_context(_temporary_database(server)),
            )  # fmt: skip
            _take_in(installation, period, extracts, registries)
            installations[name] = installation
        yield CleanAndDirty(installations["clean"], installations["dirty"], extracts)


@contextlib.contextmanager
def _temporary_server(folder: Path) -> Iterator[str]:
    server = EmbeddedPostgres(folder / "server", settings={"fsync": "off"})
    try:
        yield server.start()
    finally:
        server.destroy()


@contextlib.contextmanager
def _temporary_database(server: str) -> Iterator[str]:
    import psycopg2
    from psycopg2 import sql

    name = f"auyl_evaluation_{secrets.token_hex(6)}"
    try:
        dsn = ensure_database(server, name)
        check_text_rules(dsn)  # it is a copy of the server's template
        yield dsn
    finally:
        with contextlib.closing(psycopg2.connect(server)) as connection:
            connection.autocommit = True
            statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            connection.cursor().execute(statement)


def _take_in(settings: Settings, period: str, extracts: Path, registries: Collection[str]) -> None:
    migrate(settings)
    reference = extracts / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    for batch in pipeline.take_in(settings, period, extracts, registries):
        if not batch.accepted:
            raise ExtractRefused(f"{batch.registry} of a synthetic oblast: expected it to be accepted; {batch.refusal}")
