"""Whoever may read a place that was, reads its months; whatever is refused leaves a row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest

from auyl import access
from auyl.access.logins import settle_login
from tests.access.conftest import dsn_as
from tests.portal.conftest import FAR, MONTH, OKRUG, Portal

FORMER, FORMER_RU, THEN, BEFORE = "194099000", "Бывший с.о.", "2020-02", "2020-01"
PLACES = (
    "kato, edition, level, kind, parent_kato, okrug_kato, district_kato, oblast_kato, name_ru, name_kk, "
    "is_rural_akimat, is_main_settlement"
)


@pytest.fixture
def merged(portal: Portal, name: str) -> Iterator[str]:
    """The akim of an okrug that no later edition has, whose code was given to another place; two months of it."""
    password = portal.passwords[name] = access.make_password()
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn:
        with conn, conn.cursor() as cur:
            cur.execute(
                f"insert into serving.territory ({PLACES}) select kato, 'THEN', {PLACES.partition('edition, ')[2]} "
                f"from serving.territory where level in ('oblast', 'district') and edition = access.current_edition()"
            )
            cur.execute(
                f"insert into serving.territory ({PLACES}) select %s, 'THEN', level, kind, parent_kato, %s, "
                f"district_kato, oblast_kato, %s, name_kk, true, is_main_settlement from serving.territory "
                f"where kato = %s and edition = access.current_edition()",
                (FORMER, FORMER, FORMER_RU, OKRUG),
            )
            for period, value in ((BEFORE, 41), (THEN, 4321)):
                cur.execute("insert into serving.snapshot values (%s, 1, 'THEN', 'i', 'c')", (period,))
                cur.execute("insert into serving.current_snapshot values (%s, 1, 'THEN')", (period,))
                cur.execute(
                    "insert into serving.snapshot_value (period, revision, kato, indicator_id, value, flag) "
                    "select %s, 1, %s, indicator_id, %s, 'ok' from serving.indicator where unit = 'calls' limit 1",
                    (period, FORMER, value),
                )
            access.create_account(conn, name, password, display_name="Бұрынғы әкім", language="ru")
            cur.execute(
                "insert into access.grant_ (principal, role, territory_prefix, edition, granted_by, reason) "
                "values (%s, 'akim', %s, 'THEN', 'test', 'order 1')",
                (name, FORMER[:6]),
            )
        yield name
        with conn, conn.cursor() as cur:
            for table in ("snapshot_value", "current_snapshot", "snapshot"):
                cur.execute(f"delete from serving.{table} where period in (%s, %s)", (BEFORE, THEN))
            cur.execute("delete from serving.territory where edition = 'THEN'")
            cur.execute("delete from access.grant_ where principal = %s", (name,))
    del portal.passwords[name]


def test_the_akim_of_a_merged_okrug_reads_its_months_and_nothing_else(portal: Portal, merged: str) -> None:
    client = portal.signed_in(merged)
    assert client.get("/").headers["location"] == f"/okrug/{FORMER}"
    page = client.get(f"/okrug/{FORMER}")
    assert page.status_code == 200
    assert FORMER_RU in page.text and "округа больше нет" in page.text and "февраль 2020" in page.text.lower()
    assert "4\u202f321" in page.text or "4\u00a0321" in page.text, page.text
    assert f"?period={BEFORE}" in page.text and MONTH not in page.text, "it has its own months alone"
    assert portal.audit()[0] == (merged, "read", f"okrug {FORMER} {THEN} revision 1", "done")
    assert client.get(f"/okrug/{FORMER}?period={BEFORE}").status_code == 200
    assert client.get(f"/okrug/{FORMER}?period={MONTH}").status_code == 404
    assert FORMER_RU in client.get("/okrugs").text
    for other in (OKRUG, FAR):
        assert client.get(f"/okrug/{other}?period={THEN}").status_code == 403
    stranger = portal.signed_in("akim")
    assert stranger.get(f"/okrug/{FORMER}?period={THEN}").status_code == 403
    assert FORMER_RU not in stranger.get("/okrugs").text


def test_quality_is_read_in_the_edition_of_its_month(portal: Portal, merged: str) -> None:
    """A code that another place has had says nothing of it."""
    dsn, login = portal.published.settings.dsn, f"q.{merged}"
    with contextlib.closing(psycopg2.connect(dsn)) as conn:
        with conn, conn.cursor() as cur:
            password = access.make_password()
            access.create_login(conn, login, password)
            cur.execute(
                "insert into access.grant_ (principal, role, territory_prefix, edition, granted_by, reason) "
                "select %s, 'district_staff', '1940', e, 'test', 'order 1' from unnest(%s) as e",
                (login, ["THEN"]),
            )
            settle_login(conn, login)
            for period, edition in ((THEN, "THEN"), ("2020-03", "ELSEWHERE")):
                cur.execute(
                    "insert into serving.quality (registry, period, level, kato, edition, rows_in, staged, "
                    "quarantined, duplicates, warned, days_late) "
                    "values ('taxes', %s, 'okrug', %s, %s, 1, 1, 0, 0, 0, 0)",
                    (period, FORMER, edition),
                )
        try:
            with contextlib.closing(psycopg2.connect(dsn_as(dsn, login, password))) as own, own.cursor() as cur:
                cur.execute("select period, kato from serving.quality where registry = 'taxes' and period < '2021'")
                assert cur.fetchall() == [(THEN, FORMER)]
        finally:
            with conn, conn.cursor() as cur:
                cur.execute("delete from serving.quality where period < '2021'")
                cur.execute("delete from access.grant_ where principal = %s", (login,))
                cur.execute(f'drop role "{login}"')


def test_everything_that_is_refused_to_somebody_known_leaves_a_row(portal: Portal) -> None:
    akim, stranger = portal.signed_in("akim"), portal.client()
    asked = [
        ("akim", akim, "GET", f"/okrug/{OKRUG}?period=2020-01", 404, f"GET okrug {OKRUG}: 404"),
        ("akim", akim, "POST", f"/okrug/{OKRUG}", 405, f"POST okrug {OKRUG}: 405"),
        ("akim", akim, "DELETE", "/ambulance", 405, "DELETE ambulance: 405"),
        ("akim", akim, "GET", "/okrug/800101300123", 404, "GET okrug: 404"),
        ("akim", akim, "GET", "/okrugs/all", 404, "GET okrugs: 404"),
        ("akim", akim, "GET", "/persons/800101300123", 404, "GET another address: 404"),
        ("akim", akim, "GET", f"/okrug/{OKRUG}?period=x", 400, "GET: parameter period"),
        (None, stranger, "GET", f"/okrug/{OKRUG}/x", 404, "GET okrug: 404"),
    ]
    for who, client, method, path, status, what in asked:
        assert client.request(method, path).status_code == status
        assert portal.audit()[0] == (who, "request", what, "refused")
    newest = portal.audit()[0]
    for client, path in ((akim, "/favicon.ico"), (stranger, "/nothing"), (stranger, "/robots.txt")):
        assert client.get(path).status_code == 404
    assert portal.audit()[0] == newest, "browsers ask for some by themselves, and robots for anything"
