"""Signing in: guesses are slowed, no hint who exists, nothing secret kept in clear."""

import base64
import contextlib
import hashlib
import threading
from datetime import UTC, datetime, timedelta
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


def wait_s(conn, account: str, address: str) -> float:
    """How long the next attempt from there would wait; null counts as refused."""
    with conn, conn.cursor() as cur:
        cur.execute("select wait_s from access.begin_sign_in(%s, null, %s)", (account, address))
        return cur.fetchone()[0]


def test_failures_slow_the_place_that_made_them_until_somebody_clears_them(portal, owner, account, monkeypatch) -> None:
    waits = [round(wait_s(portal, account, "10.0.0.9")) for _ in range(9)]
    assert waits == [0, 0, 0, 0, 1, 3, 7, 15, 15]  # refused above 8, and such an attempt does not count
    with pytest.raises(access.SignInSlowed):
        access.sign_in(portal, account, GOOD, client_address="10.0.0.9")
    assert last_audit(owner, "sign_in") == (account, "auyl_portal", "refused", "10.0.0.9")
    assert access.sign_in(portal, account, GOOD, client_address="10.0.0.8").principal == account
    with owner:
        assert access.unlock(owner, account, "10.0.0.9", reason="letter 5") == 2
    assert access.sign_in(portal, account, GOOD, client_address="10.0.0.9").principal == account


def test_guesses_side_by_side_count_too_and_an_attempt_serves_once_and_not_early(
    filled, portal, owner, account
) -> None:
    attempts = []

    def announce() -> None:
        with (
            contextlib.closing(psycopg2.connect(dsn_as(filled, "auyl_portal", PASSWORD))) as conn,
            contextlib.suppress(access.SignInSlowed),
        ):
            attempts.append(access.begin_sign_in(conn, account, client_address="10.0.0.9"))

    threads = [threading.Thread(target=announce) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(a.wait_s) for a in attempts) == [0, 0, 0, 0, 1, 3, 7]
    early, ready = max(attempts, key=lambda a: a.wait_s), min(attempts, key=lambda a: a.wait_s)
    with pytest.raises(access.SignInRefused):
        access.finish_sign_in(portal, early, GOOD)
    assert access.finish_sign_in(portal, ready, GOOD).principal == account
    with pytest.raises(access.SignInRefused):
        access.finish_sign_in(portal, ready, GOOD)


def test_a_session_ends_when_nobody_uses_it(portal, owner, account) -> None:
    token = access.sign_in(portal, account, GOOD, idle=timedelta(minutes=5)).token

    def is_open_after(minutes: int) -> bool:
        with owner, owner.cursor() as cur:
            cur.execute(
                "update access.session set last_seen_at = now() - make_interval(mins => %s) where principal = %s",
                (minutes, account),
            )
        with portal:
            return access.enter(portal, token) is not None

    assert [is_open_after(minutes) for minutes in (4, 4, 6, 0)] == [True, True, False, True]
    assert not is_open_after(5)
    with owner, owner.cursor() as cur:
        cur.execute("update access.session set last_seen_at = now() where principal = %s", (account,))
    with portal:
        access.enter(portal, token)
        assert [s.is_this for s in access.own_sessions(portal)] == [True]


def test_whoever_signs_out_everywhere_is_signed_out_everywhere_and_nobody_else(portal, owner, account, tag) -> None:
    with owner:
        access.create_account(owner, f"other.{tag}", GOOD, display_name="Other")
    mine, lost, others = (access.sign_in(portal, who, GOOD) for who in (account, account, f"other.{tag}"))
    with portal:
        access.enter(portal, mine.token)
        access.sign_out_everywhere(portal, client_address="10.0.0.3")
    for signed, is_open in ((mine, False), (lost, False), (others, True)):
        with portal:
            assert (access.enter(portal, signed.token) is not None) is is_open
    assert last_audit(owner, "sign_out_everywhere") == (account, "auyl_portal", "done", "10.0.0.3")


def test_a_password_for_one_use_opens_no_page_before_another_is_set(portal, owner, account) -> None:
    with owner:
        access.set_password(owner, account, "given by letter 5", must_change_password=True, reason="letter 5")
    elsewhere = access.sign_in(portal, account, "given by letter 5").token
    token = access.sign_in(portal, account, "given by letter 5").token
    with portal:
        assert access.enter(portal, token).must_change_password
        assert not access.open_page(portal, token, "okrug", "snapshot", world.SHELEK)
    for old, new, error in (
        ("given by letter 5", "short", access.PasswordTooWeak),
        ("not the one given", "a phrase of my own", access.SignInRefused),
    ):
        attempt = access.begin_sign_in(portal, account)
        with pytest.raises(error), portal:
            access.enter(portal, token)
            access.change_password(portal, attempt, old, new, display_name="Әкім")
    attempt = access.begin_sign_in(portal, account)
    with portal:
        access.enter(portal, token)
        access.change_password(portal, attempt, "given by letter 5", "a phrase of my own", display_name="Әкім")
    with portal:
        assert access.enter(portal, elsewhere) is None
    with portal:
        assert not access.enter(portal, token).must_change_password
        assert access.open_page(portal, token, "okrug", "snapshot", world.SHELEK)
    assert last_audit(owner, "change_password")[:3] == (account, "auyl_portal", "done")


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


def test_not_even_the_owner_changes_the_audit_and_only_former_years_are_taken_out(owner, tag) -> None:
    for statement in ("update access.audit set outcome = 'done'", "delete from access.audit", "truncate access.audit"):
        with pytest.raises(errors.InsufficientPrivilege, match="only added"), owner:
            owner.cursor().execute(statement)
    with owner, owner.cursor() as cur:
        cur.execute(
            "insert into access.audit (action, object, outcome, at) "
            "select 'read', %s, 'done', now() - make_interval(days => d) from unnest(array[10, 300, 400, 900]) as d",
            (tag,),
        )
    with owner:
        assert access.forget_audit(owner, datetime.now(UTC), reason="law 5, article 3") == 2
    with owner, owner.cursor() as cur:
        cur.execute("select count(*) from access.audit where object = %s", (tag,))
        assert cur.fetchone() == (2,)
        cur.execute("select purpose from access.audit where action = 'forget_audit'")
        assert cur.fetchall() == [("law 5, article 3",)]


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


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "length"), ("short", "length"), ("x" * 129, "length"), ("with a \0 inside it", "nul"),
        ("akim.shelek1", "name"), ("Akim_Shelek_2026", "name"), ("шелек шелек 1", "name"), ("Әкім Шелек 26", "name"),
        ("password1234", "guessed"), ("qwerty123456", "guessed"), ("123456789012", "guessed"),
        ("aaaaaaaaaaaa", "guessed"), ("пароль123456", "guessed"), ("йцукенгшщзхъ", "guessed"),
        ("Құпиясөз2026", "guessed"), ("Kazakhstan2026", "guessed"), ("1q2w3e4r5t6y", "guessed"),
        ("password" * 10, "guessed"),
    ],
)  # fmt: skip
def test_a_poor_password_is_refused_for_pages_and_logins_alike(owner, password, rule) -> None:
    with pytest.raises(access.PasswordTooWeak) as refused:
        access.create_account(owner, "akim.shelek", password, display_name="Әкім Шелек")
    assert refused.value.rule == rule
    assert not password or password not in str(refused.value)
    if password.isascii():
        with pytest.raises(access.PasswordTooWeak):
            access.create_login(owner, "akim.shelek", password)


@pytest.mark.parametrize("password", ["кот на заборе поёт", "correct horse battery", "abcd-efgh-jkmn-pqrs"])
def test_words_without_digits_or_signs_are_a_password(password) -> None:
    assert passwords.check(password, "akim.shelek", "Әкім Шелек") == password


def test_this_package_opens_no_pages_and_reads_no_lake() -> None:
    package = Path(access.__file__).parent
    text = "".join(path.read_text() for path in package.glob("*.py"))
    assert not any(word in text for word in ("fastapi", "duckdb", "import airflow", "from airflow", "os.environ"))
    assert principals.normalise(" Әкім ") == "әкім"
