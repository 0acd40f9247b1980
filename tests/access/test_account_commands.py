"""The life of an account by commands: each with a reason, audited, and the same when it is given twice."""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from typer.testing import CliRunner

from auyl import access
from auyl.access import logins
from auyl.cli import app
from tests.access import world
from tests.access.conftest import dsn_as

Auyl = Callable[..., str]
REASON = ("--reason", "order 12")


@pytest.fixture
def auyl(filled: str, tmp_path: Path) -> Auyl:
    """auyl(arguments, code=0, stdin=""): what `auyl access …` prints."""

    def run(*arguments: object, code: int = 0, stdin: str = "") -> str:
        environment = {"AUYL_DSN": filled, "AUYL_HOME": str(tmp_path), "AUYL_LAKE": str(tmp_path / "lake")}
        result = CliRunner().invoke(app, ["access", *map(str, arguments)], env=environment, input=stdin)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.output

    return run


def audited(owner, principal: str) -> list[tuple]:
    with owner, owner.cursor() as cur:
        cur.execute(
            "select action, purpose from access.audit where object = %s or starts_with(object, %s || ':') "
            "order by audit_id",
            (principal, principal),
        )
        return cur.fetchall()


def can_sign_in(login, who: str, password: str, address: str) -> bool:
    try:
        return bool(access.sign_in(login("auyl_portal"), who, password, client_address=address))
    except access.SignInRefused:
        return False


def test_an_account_from_opening_to_closing_and_back(auyl: Auyl, owner, login, filled, tag, tmp_path) -> None:
    who = f"akim.{tag}"
    opened = auyl("open", who, "--name", "Әкім  Шелек", "--sql", *REASON)
    password = opened.split(f"{who}  ")[1].split()[0]
    assert "already" in auyl("open", who, "--name", "Әкім Шелек", *REASON)
    assert password in opened and password not in str(audited(owner, who))
    assert "no account" not in auyl("give", who, "akim", world.SHELEK, *REASON)
    assert f"akin.{tag} has no account and no login yet" in auyl("give", f"akin.{tag}", "akim", world.SHELEK, *REASON)
    auyl("take", f"akin.{tag}", *REASON)
    assert can_sign_in(login, who, password, "10.2.0.1")
    psycopg2.connect(dsn_as(filled, who, password)).close()
    assert "one-time password" in auyl("accounts")

    file = tmp_path / "new"
    assert str(file) in auyl("password", who, "--passwords", file, *REASON)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (name, second) = file.read_text().split()
    assert name == who
    assert not can_sign_in(login, who, password, "10.2.0.2")
    assert can_sign_in(login, who, second, "10.2.0.3")
    assert "not there yet" in auyl("password", who, "--passwords", file, *REASON, code=1)
    assert can_sign_in(login, who, second, "10.2.0.4"), "a password that could not be handed over is not set"
    third = "four words of mine"
    assert third not in auyl("password", who, "--password-file", "-", *REASON, stdin=f"{third}\nmore\n")
    assert can_sign_in(login, who, third, "10.2.0.5")

    assert "1 sessions ended" in auyl("sign-out", who, *REASON)
    auyl("rename", who, "--name", "Айгүл", "--language", "ru", *REASON)
    assert "Айгүл" in auyl("accounts")
    assert "cleared" in auyl("unlock", who, "--address", "10.2.0.2", *REASON)
    assert "1 grants ended" in auyl("close", who, *REASON)
    assert "0 grants ended" in auyl("close", who, *REASON)
    assert not can_sign_in(login, who, third, "10.2.0.6")
    with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
        psycopg2.connect(dsn_as(filled, who, third))
    assert "closed" in auyl("password", who, *REASON, code=1)
    reopened = auyl("reopen", who, *REASON)
    assert "open" in auyl("reopen", who, *REASON, code=1)
    assert can_sign_in(login, who, reopened.split(f"{who}  ")[1].split()[0], "10.2.0.7")
    assert access.account_of(owner, who).grants == 0
    owner.rollback()
    actions = [action for action, _ in audited(owner, who)]
    for action in (
        "create_account", "create_login", "grant", "set_password", "end_sessions", "rename_account", "unlock",
        "close_account", "revoke", "close_login", "reopen_account",
    ):  # fmt: skip
        assert action in actions
    assert {purpose for _, purpose in audited(owner, who)} == {"order 12"}
    with owner, owner.cursor() as cur:
        cur.execute(f'drop role "{who}"')


def test_a_password_that_was_handed_over_opens_nothing_once_it_was_replaced(
    auyl: Auyl, owner, login, filled, tag
) -> None:
    who, own = f"vet.{tag}", "a phrase of my own"

    def opens(password: str) -> bool:
        try:
            psycopg2.connect(dsn_as(filled, who, password)).close()
        except psycopg2.OperationalError:
            return False
        return True

    opened = auyl("open", who, "--name", "Ветеринар", "--sql", *REASON)
    first = opened.split(f"{who}  ")[1].split()[0]
    running = psycopg2.connect(dsn_as(filled, who, first))
    second = auyl("password", who, *REASON).split(f"{who}  ")[1].split()[0]
    assert not opens(first) and opens(second)
    with pytest.raises(psycopg2.OperationalError):
        running.cursor().execute("select 1")

    portal = login("auyl_portal")
    token = access.sign_in(portal, who, second, client_address="10.2.1.1").token
    with portal, portal.cursor() as cur:
        access.enter(portal, token)
        cur.execute("select access.set_own_login(%s)", (logins.verifier(portal, who, "chosen by the portal"),))
        assert cur.fetchone() == (False,), "only beside a change of the password by its owner"
    attempt = access.begin_sign_in(portal, who, client_address="10.2.1.1")
    with portal:
        access.enter(portal, token)
        access.change_password(portal, attempt, second, own, display_name="Ветеринар")
    assert not opens(second) and opens(own)
    with owner, owner.cursor() as cur:
        cur.execute(
            "select count(*) from access.audit where principal = %s and action = 'change_login_password'", (who,)
        )
        assert cur.fetchone() == (1,)
        cur.execute(sql.SQL("drop role {}").format(sql.Identifier(who)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("open", "x.y", "--name", "X"), "Missing option"),
        (("open", "airflow", "--name", "X", "--sql", *REASON), "reserved"),
        (("open", "=cmd|calc", "--name", "X", *REASON), "expected letters, digits"),
        (("give", "x y", "akim", world.SHELEK, *REASON), "expected letters, digits"),
        (
            ("give", "x.y", "akim", world.SHELEK, "--until", "2020-01-01", *REASON),
            "expected a day to come, found 2020-01",
        ),
        (("open", "x.y", "--name", "X", "--reason", " "), "expected a reason"),
        (("take", "x.y", "--reason", " "), "needs a reason"),
        (("owner", "x.y", "land", "--take"), "needs a reason"),
        (("unlock", "ghost", "--reason", ""), "expected a reason"),
        (("open", "X.Y", "--name", "X", *REASON), "lower case"),
        (("open", "x.y", "--name", " ", *REASON), "name to be shown"),
        (("open", "x.y", "--name", "a\x07b", *REASON), "name to be shown"),
        (("open", "auyl_portal", "--name", "X", *REASON), "reserved"),
        (("password", "ghost", *REASON), "has no account"),
        (("unlock", "ghost", *REASON), "has no account"),
        (("sign-out", "ghost", *REASON), "has no account"),
        (("close", "ghost", *REASON), "neither an account nor"),
        (("close", "postgres", *REASON), "neither an account nor"),
        (("close", "auyl_portal", *REASON), "neither an account nor"),
        (("reopen", "ghost", *REASON), "has no account"),
        (("sql-login", "postgres", *REASON), "reserved"),
        (("open", "x.y", "--name", "X", "--password-file", "/nowhere", *REASON), "expected a file"),
        (("import", "/nowhere.csv", *REASON), "expected a file"),
        (("forget-audit", "--before", "2026-11-01", *REASON), "last twelve months stay"),
    ],
)
def test_a_wrong_command_is_refused_in_words_and_changes_nothing(auyl: Auyl, owner, arguments, words) -> None:
    with owner, owner.cursor() as cur:
        cur.execute("select count(*) from access.audit")
        before = cur.fetchone()
    output = auyl(*arguments, code=2 if "Missing" in words else 1)
    assert words in output
    with owner, owner.cursor() as cur:
        cur.execute("select count(*) from access.audit")
        assert cur.fetchone() == before


def test_a_password_is_never_an_argument(auyl: Auyl) -> None:
    assert "No such option" in auyl("open", "x.y", "--name", "X", "--password", "secret words here", *REASON, code=2)
    assert "guessed first" in auyl(
        "open", "x.y", "--name", "X", "--password-file", "-", *REASON, stdin="qwerty123456", code=1
    )


def listed(tag: str) -> str:
    return (
        "\ufefflogin;name;role;territory;until;language;sql\r\n"
        f"Akim.{tag};Серік Ахметов;akim;{world.SHELEK};02.11.2030;ru;\r\n"
        "\r\n"
        f'vet.{tag};"Ветеринар; Шелек";veterinary_coordinator;1940;;;yes\r\n'
        f"akim.{tag};Серік Ахметов;akim;{world.TURGEN};2030-11-02;ru;\r\n"
        f"guest.{tag};Guest;;;;en;no\r\n"
    )


def test_a_list_is_taken_whole_and_again_without_a_change(auyl: Auyl, owner, login, tag, tmp_path) -> None:
    file, passwords = tmp_path / "accounts.csv", tmp_path / "passwords"
    file.write_text(listed(tag), "utf-8", newline="")
    assert "3 accounts would be opened" in auyl("import", file, "--dry-run", *REASON)
    assert [a for a in access.list_accounts(owner) if tag in a.principal] == []
    owner.rollback()
    assert "3 accounts opened, 0 were there; 3 grants held" in auyl("import", file, "--passwords", passwords, *REASON)
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    handed = dict(line.split() for line in passwords.read_text("utf-8").splitlines())
    assert set(handed) == {f"akim.{tag}", f"vet.{tag}", f"guest.{tag}"}
    made = {a.principal: a for a in access.list_accounts(owner) if tag in a.principal}
    assert [(a.display_name, a.language, a.state, a.has_sql_login, a.grants) for _, a in sorted(made.items())] == [
        ("Серік Ахметов", "ru", "one-time password", False, 2),
        ("Guest", "en", "one-time password", False, 0),
        ("Ветеринар; Шелек", "kk", "one-time password", True, 1),
    ]
    owner.rollback()
    assert can_sign_in(login, f"akim.{tag}", handed[f"akim.{tag}"], "10.3.0.1")
    before = audited(owner, f"akim.{tag}")
    again = auyl("import", file, *REASON)
    assert "0 accounts opened, 3 were there; 3 grants held" in again
    assert "one-time" not in again
    assert audited(owner, f"akim.{tag}") == before
    assert can_sign_in(login, f"akim.{tag}", handed[f"akim.{tag}"], "10.3.0.2")
    with owner, owner.cursor() as cur:
        cur.execute(f'drop role "vet.{tag}"')


def test_each_error_of_a_list_is_named_by_line_and_column_and_nothing_is_taken(
    auyl: Auyl, owner, tag, tmp_path
) -> None:
    with owner:
        access.create_account(owner, f"shut.{tag}", "a long good password", display_name="Shut")
        access.close_account(owner, f"shut.{tag}")
    lines = [
        ("login;name;language;role;territory;until;sql", None),
        (f"good.{tag};Good;ru;akim;{world.SHELEK};;", None),
        ("auyl_portal;X;ru;;;;", "login"),
        (f"a.{tag};;ru;;;;", "name"),
        (f"b.{tag};B;de;;;;", "language"),
        (f"c.{tag};C;ru;mayor;{world.SHELEK};;", "role"),
        (f"d.{tag};D;ru;akim;1940;;", "territory"),
        (f"e.{tag};E;ru;akim;;;", "territory"),
        (f"f.{tag};F;ru;akim;{world.SHELEK};31.02.2030;", "until"),
        (f"g.{tag};G;ru;akim;{world.SHELEK};2020-01-01;", "until"),
        (f"h.{tag};H;ru;;;2030-01-01;", "until"),
        (f"i.{tag};I;ru;;;;maybe", "sql"),
        (f"good.{tag};Another name;ru;;;;", "name"),
        (f"shut.{tag};Shut;ru;;;;", "login"),
        (f"j.{tag};J;ru;engineer;19;2030-01-01;", "until"),
    ]
    file = tmp_path / "accounts.csv"
    file.write_text("\n".join(line for line, _ in lines), "utf-8")
    output = auyl("import", file, "--passwords", tmp_path / "p", *REASON, code=1)
    named = [line.split(":")[0] for line in output.splitlines() if line.startswith("accounts.csv")]
    assert named == [f"accounts.csv, line {n}, {column}" for n, (_, column) in enumerate(lines, 1) if column]
    assert not (tmp_path / "p").exists()
    assert [a.principal for a in access.list_accounts(owner) if tag in a.principal] == [f"shut.{tag}"]
    owner.rollback()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: expected a heading"),
        (b"login;name\n", "1 to 5000 lines"),
        (b"login;email\na;b\n", "line 1: expected a heading"),
        (b"login;name;login\na;b;c\n", "line 1: expected a heading"),
        (b"login;name\na;b;c\n", "line 2: expected 2 cells, found 3"),
        (b"login;name\na\n", "line 2: expected 2 cells, found 1"),
        ("login;name\na;Серік\n".encode("cp1251"), "line 2: expected UTF-8"),
        ("login;name\na;b\n".encode("utf-16"), "line 1: expected UTF-8"),
        (b"login;name\na;b\0c\n", "line 2: expected text, found NUL"),
        (b'login;name\na;"b\n', "expected CSV"),
        (b"PK\x03\x04\x14\x00", "line 1: expected text, found NUL"),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_line(auyl: Auyl, tmp_path, content: bytes, words: str) -> None:
    file = tmp_path / "accounts.csv"
    file.write_bytes(content)
    assert words in auyl("import", file, *REASON, code=1)


def test_one_time_passwords_follow_no_link(auyl: Auyl, tag, tmp_path) -> None:
    target = tmp_path / "target"
    os.symlink(target, tmp_path / "link")
    auyl("open", f"x.{tag}", "--name", "X", "--passwords", tmp_path / "link", *REASON, code=1)
    assert not target.exists()


def test_an_account_is_opened_or_not_when_two_operators_open_it(filled: str, owner, tag) -> None:
    with contextlib.closing(psycopg2.connect(filled)) as other:
        access.create_account(owner, f"two.{tag}", "a long good password", display_name="Two")
        owner.commit()
        with pytest.raises(access.PrincipalInvalid, match="has an account already"), other:
            access.create_account(other, f"two.{tag}", "a long good password", display_name="Two")
