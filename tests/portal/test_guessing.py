"""Guessing passwords: whoever guesses waits longer and longer, and nobody else does."""

import contextlib
import time
from collections.abc import Iterator

import httpx
import psycopg2
import pytest

from auyl import access
from tests.portal.conftest import Portal, open_account


@pytest.fixture
def victim(portal: Portal, name: str) -> Iterator[str]:
    """An akim's account that only this test uses."""
    portal.passwords[name] = access.make_password()
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn:
        open_account(conn, "akim", portal.passwords[name], as_name=name)
    yield name
    del portal.passwords[name]


def guess(portal: Portal, client: httpx.Client, name: str, times: int) -> list[int]:
    return [portal.sign_in(client, name, f"not the password {n}").status_code for n in range(times)]


def announce(portal: Portal, attempts: list[tuple[str, str]]) -> float:
    """Attempts of these names from these addresses, by the function that the portal calls, without slow hashes; how
    long the last one has to wait."""
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn, conn.cursor() as cur:
        for attempt in attempts:
            cur.execute("select wait_s from access.begin_sign_in(%s, null, %s)", attempt)
        return cur.fetchone()[0]


def test_five_wrong_passwords_from_one_place_lock_nobody_out_elsewhere(portal: Portal, victim: str) -> None:
    own_phone = portal.signed_in(victim)
    guesser = portal.client()
    began = time.monotonic()
    answers = guess(portal, guesser, victim, 5)
    assert answers == [401] * 5
    assert time.monotonic() - began > 0.9, "the fifth answer comes later"
    for _ in range(60):  # as many of the next ones as want to come
        answers.append(portal.sign_in(guesser, victim, "not the password").status_code)
        if answers[-1] == 429:
            break
        with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn, conn.cursor() as cur:
            cur.execute("update access.sign_in_pace set failures = failures + 3 where principal = %s", (victim,))
    assert answers[-1] == 429
    slowed = portal.sign_in(guesser, victim)  # not even by the right one
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) > 8
    assert "Следующая попытка" in slowed.text
    assert portal.published.query(
        "select count(*) from access.audit where principal = %s and purpose = 'slowed down'", victim
    ) == [(1,)]
    for client in (portal.client(), own_phone):
        began = time.monotonic()
        assert portal.sign_in(client, victim).status_code == 303
        assert time.monotonic() - began < 2
    # From the same address too, by a browser that is known.
    own_phone.headers["X-Forwarded-For"] = guesser.headers["X-Forwarded-For"]
    assert portal.sign_in(own_phone, victim).status_code == 303


def test_an_address_that_tries_one_password_on_many_names_is_slowed_for_all_names(portal: Portal, victim: str) -> None:
    sprayer = portal.client("192.0.2.7")
    at_home = portal.signed_in(victim)
    announce(portal, [(f"spray.{n}", "192.0.2.7") for n in range(19)])
    assert portal.sign_in(sprayer, "spray.19", "Summer of 2026!").status_code == 401
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn, conn.cursor() as cur:
        cur.execute(
            "update access.sign_in_pace set free_at = now() + interval '30 s' "
            "where place = access.place_of('address', '192.0.2.7') and failures >= 20 returning 1"
        )
        assert cur.rowcount == 1
    assert portal.sign_in(sprayer, "spray.99", "Summer of 2026!").status_code == 429
    assert portal.sign_in(sprayer, victim).status_code == 429
    at_home.headers["X-Forwarded-For"] = "192.0.2.7"
    assert portal.sign_in(at_home, victim).status_code == 303


def test_many_addresses_that_try_one_name_do_not_delay_the_phone_that_is_known(portal: Portal, victim: str) -> None:
    phone = portal.signed_in(victim)
    wait_s = announce(portal, [(victim, f"198.51.100.{n + 1}") for n in range(90)])
    assert wait_s > 8
    assert portal.sign_in(portal.client("203.0.113.9"), victim).status_code == 429
    began = time.monotonic()
    assert portal.sign_in(phone, victim).status_code == 303
    assert time.monotonic() - began < 2


def test_addresses_of_one_subscriber_count_together_and_nobody_names_another_address(
    portal: Portal, victim: str
) -> None:
    """An IPv6 subscriber has 2^64 addresses; what stands left of the proxy's own entry is the client's claim."""
    for n in range(4):
        assert guess(portal, portal.client(f"203.0.113.{n}, 2001:db8:1:2::{n + 1}"), victim, 1) == [401]
    ((failures,),) = portal.published.query(
        "select max(failures) from access.sign_in_pace where principal = %s "
        "and place = access.place_of('account here', '2001:db8:1:2::/64 ' || %s)",
        victim, victim,
    )  # fmt: skip
    assert failures == 4


def test_counters_are_bounded_and_old_ones_are_forgotten(portal: Portal) -> None:
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn.cursor() as cur:
        cur.execute(
            "insert into access.sign_in_pace (place, last_at) "
            "select sha256(int4send(n)), now() - make_interval(secs => n) from generate_series(1, 50500) as n"
        )
        cur.execute("select setseed(0.5)")
        for _ in range(600):
            cur.execute("select access.begin_sign_in('nobody', null, null)")
        cur.execute(
            "select count(*), count(*) filter (where last_at < now() - interval '14 hours') from access.sign_in_pace"
        )
        assert cur.fetchone()[0] <= 50_003
        conn.rollback()
