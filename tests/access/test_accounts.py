"""Signing in: lock-out, no hint who exists, nothing secret kept in clear."""

import base64
import contextlib
import hashlib
import threading
from datetime import timedelta
from pathlib import Path

import argon2
import psycopg2
import pytest
from psycopg2 import errors

from auyl import access
from auyl.access import passwords, principals
from tests.access import world
from tests.access.conftest import PASSWORD, dsn_as

GOOD = "a long good password"


@pytest.fixture
def account(owner, tag) -> str:
    with owner:
        access.create_account(owner, f"akim.{tag}", GOOD, display_name="Әкім", language="kk")
        access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, granted_by="test", reason="order 1")
    return f"akim.{tag}"


@pytest.fixture
def portal(login):
    return login("auyl_portal")


def last_audit(owner, action: str) -> tuple:
    with owner, owner.cursor() as cur:
        cur.execute(
            "select principal, login, outcome, host(client_address) from access.audit where action = %s "
            "order by audit_id desc limit 1",
            (action,),
        )
        return cur.fetchone()


def test_the_right_password_opens_a_session_of_that_principal(portal, owner, account) -> None:
    signed = access.sign_in(portal, account, GOOD, client_address="10.0.0.7")
    with portal:
        assert access.enter(portal, signed.token) == access.Session(account, "Әкім", "kk")
        assert access.open_page(portal, signed.token, "okrug", "snapshot", world.SHELEK, client_address="10.0.0.8")
        with portal.cursor() as cur:
            cur.execute("select distinct kato from serving.snapshot_current")
            assert cur.fetchall() == [(world.SHELEK,)]
    assert last_audit(owner, "read") == (account, "auyl_portal", "done", "10.0.0.8")
    assert last_audit(owner, "sign_in") == (account, "auyl_portal", "done", "10.0.0.7")
    with portal:
        access.sign_out(portal, signed.token)
        assert access.enter(portal, signed.token) is None
    assert last_audit(owner, "sign_out")[:3] == (account, "auyl_portal", "done")


def test_a_phone_that_capitalises_the_name_still_signs_in(portal, account) -> None:
    assert access.sign_in(portal, f" {account.capitalize()} ", GOOD).principal == account


def test_only_the_digest_of_the_token_and_a_slow_hash_are_kept(portal, owner, account) -> None:
    token = access.sign_in(portal, account, GOOD).token
    with owner, owner.cursor() as cur:
        cur.execute("select token_sha256 from access.session where principal = %s", (account,))
        assert bytes(cur.fetchone()[0]) == hashlib.sha256(token.encode()).digest()
        cur.execute("select password_salt, verifier from access.account where principal = %s", (account,))
        salt, verifier = cur.fetchone()
    assert salt.startswith("$argon2id$v=19$m=65536")
    assert bytes(verifier) == hashlib.sha256(passwords.proof_of(GOOD, salt)).digest()
    # the encoded form, which an earlier version stored
    encoded = f"{salt}${base64.b64encode(passwords.proof_of(GOOD, salt)).decode().rstrip('=')}"
    assert argon2.PasswordHasher().verify(encoded, GOOD)


def test_five_failures_shut_the_account_even_for_the_right_password(portal, owner, account) -> None:
    for _ in range(5):
        with pytest.raises(access.SignInRefused):
            access.sign_in(portal, account, "wrong password, sorry")
    assert last_audit(owner, "sign_in")[:3] == (account, "auyl_portal", "refused")
    with pytest.raises(access.SignInRefused):
        access.sign_in(portal, account, GOOD)
    with owner, owner.cursor() as cur:
        cur.execute(
            "update access.account set locked_until = now() - interval '1 second' where principal = %s", (account,)
        )
    with pytest.raises(access.SignInRefused):
        access.sign_in(portal, account, "wrong again, a first time")
    assert access.sign_in(portal, account, GOOD).principal == account


def test_guesses_side_by_side_count_too(filled, portal, owner, account) -> None:
    seen = []

    def guess() -> None:
        with (
            contextlib.closing(psycopg2.connect(dsn_as(filled, "auyl_portal", PASSWORD))) as conn,
            conn.cursor() as cur,
        ):
            cur.execute("select access.sign_in(%s, 'guess', sha256('t'), '1 hour', null)", (account,))
            seen.append(cur.fetchone()[0])
            conn.commit()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [False] * 12
    with owner, owner.cursor() as cur:
        cur.execute("select failed_sign_ins, locked_until > now() from access.account where principal = %s", (account,))
        assert cur.fetchone() == (5, True)


def test_a_session_ends_with_its_time_with_the_account_and_with_a_new_password(portal, owner, account) -> None:
    def opened(**how) -> str:
        return access.sign_in(portal, account, GOOD, **how).token

    def is_open(token: str) -> bool:
        with portal:
            return access.enter(portal, token) is not None

    assert not is_open(opened(lifetime=timedelta(seconds=-1)))
    token = opened()
    with owner:
        access.set_password(owner, account, GOOD)
    assert not is_open(token)
    token = opened()
    with owner:
        access.close_account(owner, account)
    assert not is_open(token)
    with pytest.raises(access.SignInRefused):
        opened()


def test_an_unknown_name_costs_the_same_hash_and_the_same_words(portal, account, monkeypatch) -> None:
    hashes = []
    original = passwords.proof_of
    monkeypatch.setattr(passwords, "proof_of", lambda p, salt: hashes.append(salt) or original(p, salt))
    said = []
    for name in (account, "nobody-at-all", "", "'; drop table access.account; --", "\0"):
        with pytest.raises(access.SignInRefused) as refused:
            access.sign_in(portal, name, "wrong password, sorry")
        said.append(str(refused.value))
    assert len(set(said)) == 1
    assert len(hashes) == 5
    assert len({salt.rpartition("$")[0] for salt in hashes}) == 1
    assert len({len(salt) for salt in hashes}) == 1


def test_a_guessed_token_opens_nothing(portal, account) -> None:
    token = access.sign_in(portal, account, GOOD).token
    with portal:
        for guess in ("", token[:-1], token.swapcase(), hashlib.sha256(token.encode()).hexdigest(), "\0"):
            assert access.enter(portal, guess) is None


def test_the_audit_is_only_added_to(portal, owner, account) -> None:
    with portal:
        token = access.sign_in(portal, account, GOOD).token
        access.enter(portal, token)
        assert not access.open_page(portal, token, "okrug", "snapshot", "x")
    assert last_audit(owner, "read")[2] == "refused"
    for statement in ("update access.audit set outcome = 'done'", "delete from access.audit", "truncate access.audit"):
        with pytest.raises(errors.InsufficientPrivilege), portal:
            portal.cursor().execute(statement)


@pytest.mark.parametrize(
    "name",
    ["", "Akim", " akim", "auyl_portal", "pg_monitor", "public", "a\nb", "a\u200bb", "ә" * 32, "a\0b", "e\u0301"],
)
def test_a_name_that_would_be_two_names_or_a_role_of_the_server_is_refused(owner, name) -> None:
    for make in (
        lambda: access.create_login(owner, name, GOOD),
        lambda: access.create_account(owner, name, GOOD, display_name="x"),
        lambda: access.grant(owner, name, "akim", world.SHELEK, granted_by="t", reason="r"),
    ):
        with pytest.raises(access.PrincipalInvalid):
            make()


def test_a_login_of_somebody_else_is_not_taken_over(owner) -> None:
    with owner.cursor() as cur:
        cur.execute("select current_user")
        name = cur.fetchone()[0]
    with pytest.raises(access.PrincipalInvalid, match="something else"):
        access.create_login(owner, name, GOOD)


@pytest.mark.parametrize(
    ("role", "territory"),
    [
        ("akim", "1940"),
        ("akim", "19"),
        ("district_staff", "190000000"),
        ("mayor", "194083"),
        ("akim", ""),
        ("akim", "99"),
        ("akim", "194035100"),
        ("oblast_staff", "%"),
    ],
)
def test_a_grant_that_is_too_wide_or_nowhere_is_refused(owner, role, territory) -> None:
    with pytest.raises(access.AccessError):
        access.grant(owner, "akim.x", role, territory, granted_by="test", reason="order 1")


def test_a_grant_given_twice_is_one_grant_and_is_listed(owner, tag) -> None:
    def give() -> int:
        return access.grant(owner, f"a.{tag}", "akim", world.SHELEK, granted_by="hr", reason="order 7")

    assert give() == give()
    (given,) = access.grants(owner, f"a.{tag}")
    assert (given.role, given.territory_prefix, given.okrugs, given.reason) == ("akim", world.SHELEK[:6], 1, "order 7")
    access.grant(owner, f"v.{tag}", "veterinary_coordinator", "1940", granted_by="hr", reason="order 8")
    readers = {r.principal: r.subjects for r in access.who_may_see(owner, world.SHELEK)}
    assert readers[f"a.{tag}"] == ("snapshot",)
    assert readers[f"v.{tag}"] == ("veterinary",)
    assert f"a.{tag}" not in {r.principal for r in access.who_may_see(owner, world.TURGEN)}
    owner.rollback()


def test_a_password_is_neither_in_the_log_nor_in_the_catalogue(owner, login, tag) -> None:
    login(f"quiet.{tag}")
    with owner, owner.cursor() as cur:
        cur.execute("select rolpassword from pg_authid where rolname = %s", (f"quiet.{tag}",))
        assert cur.fetchone()[0].startswith("SCRAM-SHA-256$")
    sent = []
    with owner.cursor() as cur:
        cur.execute("set log_statement = 'all'; set client_min_messages = 'log'")
        access.create_login(owner, f"quiet.{tag}", "another long password")
        sent = list(owner.notices)
    owner.rollback()
    assert any("alter role" in line for line in sent)
    assert not any("another long password" in line for line in sent)


def test_generated_passwords_differ_and_pass_the_rule() -> None:
    made = {access.make_password() for _ in range(100)}
    assert len(made) == 100
    assert all(passwords.check(p) == p and not set("il01o") & set(p) for p in made)


@pytest.mark.parametrize("password", ["", "short", "x" * 129, "with a \0 inside it"])
def test_a_poor_password_is_refused(owner, password) -> None:
    with pytest.raises(access.PasswordTooWeak):
        access.create_account(owner, "x.y", password, display_name="x")


def test_this_room_opens_no_pages_and_reads_no_lake() -> None:
    room = Path(access.__file__).parent
    text = "".join(path.read_text() for path in room.glob("*.py"))
    assert not any(word in text for word in ("fastapi", "duckdb", "airflow", "os.environ"))
    assert principals.normalise(" Әкім ") == "әкім"
