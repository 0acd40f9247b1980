"""What the demo prints: the ledger, one okrug's snapshot as its akim reads it, and who sees what."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2.extensions import connection

from auyl import contracts, ledger
from auyl.access import accounts, logins, passwords
from auyl.access.errors import PrincipalInvalid
from auyl.access.grants import grant
from auyl.errors import AuylError
from auyl.linkage.persons.link import linked
from auyl.settings import Settings, from_environment
from auyl.subjects import load_subjects
from lab.stack.airflow import secret

Printer = Callable[[str], None]
SUBJECTS = load_subjects(from_environment().include)
ACCOUNT = ("rows_in", "staged", "linkable", "quarantined", "duplicates")


def ledger_table(settings: Settings, period: str, out: Printer) -> None:
    """What was loaded and rejected: one line for each registry, over the batches that count for the period."""
    rows = []
    for contract in contracts.load_all(settings.include):
        batches = ledger.current_batches(settings, contract.registry, period, contract.is_delta)
        counts = [sum(getattr(b, name) for b in batches) for name in ACCOUNT]
        if batches:
            rows.append((contract.registry, len(batches), *counts))
    out("")
    _table(("registry", "deliveries", "rows in", *ACCOUNT[1:]), rows, out)
    if found := linked(settings, period):
        out(
            f"without a valid number: {found.records} records whose person is looked for, {found.linked} found "
            f"and counted, {found.reviewed} for a person to look at"
        )


def current_revision(dsn: str, period: str) -> int | None:
    """The published revision of a period."""
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn.cursor() as cur:
        cur.execute("select revision from serving.current_snapshot where period = %s", (period,))
        return (cur.fetchone() or (None,))[0]


class Readers:
    """Simulated readers with real logins: an akim, and the coordinator of each subject.

    Their passwords are generated once and stored in `file`, readable by nobody else.
    """

    def __init__(self, file: Path, owner_dsn: str, period: str) -> None:
        self._file = file
        self._owner_dsn = owner_dsn
        self._period = period
        self.okrug = ""
        self.place = ""
        self.logins: dict[str, str] = {}

    @property
    def akim(self) -> str:
        """Principal of the akim."""
        return f"akim_{self.okrug}"

    def open(self) -> None:
        """Make the logins, accounts and grants; a second time changes nothing."""
        with contextlib.closing(psycopg2.connect(self._owner_dsn)) as conn, conn:
            oblast = self._choose(conn)
            wanted = {
                self.akim: ("akim", self.okrug),
            } | {f"{subject.id}_coordinator": (f"{subject.id}_coordinator", oblast) for subject in SUBJECTS}
            stored = json.loads(secret(self._file, json.dumps({name: passwords.make_password() for name in wanted})))
            if missing := wanted.keys() - stored.keys():
                stored |= {name: passwords.make_password() for name in missing}
                self._file.write_text(json.dumps(stored))
            for name, (role, territory) in wanted.items():
                self.logins[name] = stored[name]
                logins.create_login(conn, name, stored[name])
                with contextlib.suppress(PrincipalInvalid):  # has an account from the last time
                    accounts.create_account(
                        conn, name, stored[name], display_name=name.replace("_", " "), language="ru"
                    )
                grant(conn, name, role, territory, granted_by="demo", reason="the demo shows what each may read")

    def connect(self, principal: str) -> connection:
        """A connection with the reader's own login."""
        parts = urlsplit(self._owner_dsn)
        login = f"{quote(principal, safe='')}:{quote(self.logins[principal], safe='')}"
        netloc = f"{login}@{parts.netloc.rpartition('@')[2]}"
        return psycopg2.connect(urlunsplit(parts._replace(netloc=netloc)))

    def write_portal_dsn(self, file: Path) -> None:
        """Open the portal's login and write its address for the portal to read."""
        password = secret(file.with_name("portal-password"), passwords.make_password())
        with contextlib.closing(psycopg2.connect(self._owner_dsn)) as conn, conn:
            logins.set_portal_password(conn, password)
        parts = urlsplit(self._owner_dsn)
        netloc = f"{logins.PORTAL}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(urlunsplit(parts._replace(netloc=netloc)))

    def _choose(self, conn: connection) -> str:
        """Take the okrug of the last time, else the rural one with the most values; returns the code of its oblast."""
        previous = ""
        with contextlib.suppress(OSError, ValueError):
            names = json.loads(self._file.read_text())
            previous = next((name.removeprefix("akim_") for name in names if name.startswith("akim_")), "")
        with conn.cursor() as cur:
            cur.execute(
                "select t.kato, t.oblast_kato, t.name_ru, coalesce(d.name_ru, '') from serving.territory t "
                "left join serving.territory d on d.kato = t.district_kato and d.edition = t.edition "
                "join (select v.kato, f.edition, count(v.value) as known from serving.snapshot_value v "
                "join serving.current_snapshot f using (period, revision) where f.period = %s group by 1, 2) s "
                "on s.kato = t.kato and s.edition = t.edition "
                "where t.is_rural_akimat order by t.kato <> %s, s.known desc, t.kato limit 1",
                (self._period, previous),
            )
            row = cur.fetchone()
        if row is None:
            raise AuylError(f"the snapshot of {self._period} has no rural okrug")
        self.okrug, oblast, okrug_name, district_name = row
        self.place = f"{okrug_name}, {district_name}"
        return str(oblast)


def snapshot_table(readers: Readers, period: str, out: Printer) -> None:
    """The okrug's indicators, read with the akim's own login; then what each reader can and cannot see.

    Raises AuylError when a reader sees more or less than their own.
    """
    with contextlib.closing(readers.connect(readers.akim)) as conn, conn.cursor() as cur:
        cur.execute(
            "select i.name_en, v.value, i.unit_en, i.decimals, v.flag from serving.indicator i "
            "join serving.theme t using (theme) join serving.snapshot_current v using (indicator_id) "
            "where v.period = %s and v.kato = %s and v.level = 'okrug' order by t.position, i.position",
            (period, readers.okrug),
        )
        lines = [(name, _number(value, decimals, flag), unit) for name, value, unit, decimals, flag in cur.fetchall()]
        cur.execute("select count(distinct kato), count(*) from serving.snapshot_current where level = 'okrug'")
        okrugs, _ = cur.fetchone() or (0, 0)
    with contextlib.closing(psycopg2.connect(readers._owner_dsn)) as conn, conn.cursor() as cur:
        cur.execute(
            "select s.revision, s.published_at, count(*), count(distinct v.kato) filter (where v.level = 'okrug') "
            "from serving.snapshot s "
            "join serving.current_snapshot using (period, revision) "
            "join serving.snapshot_value v using (period, revision) "
            "where s.period = %s group by 1, 2",
            (period,),
        )
        revision, published_at, values, all_okrugs = cur.fetchone() or (0, None, 0, 0)
    out(f"\nsnapshot {period}, revision {revision}, published {published_at:%Y-%m-%d %H:%M} UTC: "
        f"{values:,} values of {all_okrugs} okrugs")  # fmt: skip
    out(f"\n{readers.place} ({readers.okrug}), as {readers.akim} reads it")
    _table(("indicator", "value", "unit"), lines, out)

    seen = [(readers.akim, f"{okrugs} of {all_okrugs} okrugs", _rows(readers, readers.akim))]
    seen += [(name, "", _rows(readers, name)) for name in readers.logins if name != readers.akim]
    out("")
    _table(("login", "snapshot", " / ".join([*(subject.id for subject in SUBJECTS), "vault"])), seen, out)
    if okrugs != 1 or not lines:
        raise AuylError(f"{readers.akim} sees {okrugs} okrugs and {len(lines)} indicators of their own")
    if any(not rows.endswith("refused") for _, _, rows in seen):
        raise AuylError("a reader can open the vault")


def addresses(readers: Readers, pages: Mapping[str, str], others: Mapping[str, tuple[str, str]], out: Printer) -> None:
    """Addresses and logins."""
    out("")
    _table(("what", "address"), list(pages.items()), out)
    out("")
    known = [(name, password, "okrug pages, SQL") for name, password in readers.logins.items()]
    known += [(name, password, where) for where, (name, password) in others.items()]
    _table(("login", "password", "for"), known, out)
    out("SQL: " + urlsplit(readers._owner_dsn).netloc.rpartition("@")[2] + urlsplit(readers._owner_dsn).path)


def _rows(readers: Readers, principal: str) -> str:
    counts = []
    with contextlib.closing(readers.connect(principal)) as conn:
        conn.autocommit = True
        for table in [*(f"serving.{subject.id}_current" for subject in SUBJECTS), "vault.person"]:
            with conn.cursor() as cur:
                try:
                    cur.execute(f"select count(*) from {table}")
                except psycopg2.errors.InsufficientPrivilege:
                    counts.append("refused")
                else:
                    counts.append(f"{(cur.fetchone() or (0,))[0]:,} rows")
    return " / ".join(counts)


def _number(value: Decimal | None, decimals: int, flag: str) -> str:
    return flag if value is None else f"{value:,.{decimals}f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], out: Printer) -> None:
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    numeric = [
        bool(cells) and all(row[i][:1].isdigit() or row[i] == "missing" for row in cells) for i in range(len(head))
    ]
    for row in [list(head), ["-" * width for width in widths], *cells]:
        padded = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True))
        out("  " + "  ".join(padded).rstrip())
