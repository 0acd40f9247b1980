"""With real logins: who sees which rows, and who sees none."""

import datetime as dt
import re

import psycopg2
import pytest
from psycopg2 import errors, sql
from psycopg2.extensions import connection

from auyl import access
from auyl.access.grants import prefix_of
from tests.access import world

ORDER = {"granted_by": "test", "reason": "order 1"}


def rows(conn: connection, query: str, *values: object) -> list[tuple]:
    with conn, conn.cursor() as cur:
        cur.execute(query, values)
        return cur.fetchall()


def one(conn: connection, query: str, *values: object) -> object:
    return rows(conn, query, *values)[0][0]


def okrugs(conn: connection, table: str, column: str = "kato") -> set[str] | None:
    """Okrugs that a login reads there; None where it may not read the table at all."""
    query = sql.SQL("select distinct {} from serving.{}").format(sql.Identifier(column), sql.Identifier(table))
    try:
        return {code for (code,) in rows(conn, query.as_string(conn))}
    except errors.InsufficientPrivilege:
        return None


def test_an_akim_sees_their_own_okrug_and_no_other(owner, login, tag) -> None:
    access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, **ORDER)
    akim = login(f"akim.{tag}")
    assert okrugs(akim, "snapshot_value") == {world.SHELEK}
    assert okrugs(akim, "snapshot_current") == {world.SHELEK}
    assert one(akim, "select count(*) from serving.snapshot_current where period = '2026-10'") == len(world.INDICATORS)
    assert one(akim, "select count(*) from serving.snapshot_value where kato = %s", world.TURGEN) == 0
    for table in ("ambulance_by_settlement", "veterinary_by_settlement", "ambulance_current", "veterinary_current"):
        assert okrugs(akim, table, "okrug_kato") is None


def test_a_login_without_a_grant_sees_no_row(login, tag) -> None:
    nobody = login(f"nobody.{tag}")
    for table in ("snapshot_value", "snapshot_current", "quality", "quality_trend"):
        assert okrugs(nobody, table) is None
    for table in ("ambulance_by_settlement", "veterinary_by_settlement", "ambulance_current", "veterinary_current"):
        assert okrugs(nobody, table, "okrug_kato") is None
    assert one(nobody, "select count(*) from serving.indicator") == len(world.INDICATORS)


@pytest.mark.parametrize(
    ("role", "territory", "snapshot", "ambulance", "veterinary"),
    [
        ("district_staff", "194000000", 25, 0, 0),
        ("oblast_staff", "19", 31, 31, 31),
        ("auditor", "190000000", 31, 0, 0),
        ("ambulance_coordinator", "1940", 0, 25, 0),
        ("veterinary_coordinator", "195200000", 0, 0, 5),
        ("engineer", "19", 0, 0, 0),
    ],
)
def test_each_role_sees_its_tables_in_its_territory(
    owner, login, tag, role, territory, snapshot, ambulance, veterinary
):
    access.grant(owner, f"p.{tag}", role, territory, **ORDER)
    person = login(f"p.{tag}")
    seen = [
        okrugs(person, "snapshot_value"),
        okrugs(person, "ambulance_by_settlement", "okrug_kato"),
        okrugs(person, "veterinary_by_settlement", "okrug_kato"),
    ]
    assert [None if s is None else len(s) for s in seen] == [n or None for n in (snapshot, ambulance, veterinary)]
    prefix = prefix_of(territory)
    assert all(code.startswith(prefix) for s in seen if s is not None for code in s)
    assert okrugs(person, "ambulance_current", "okrug_kato") == seen[1]
    assert okrugs(person, "veterinary_current", "okrug_kato") == seen[2]


def test_two_grants_add_up_and_roles_do_not_mix(owner, login, tag) -> None:
    name = f"two.{tag}"
    access.grant(owner, name, "akim", world.SHELEK, **ORDER)
    access.grant(owner, name, "ambulance_coordinator", world.TURGEN, **ORDER)
    person = login(name)
    assert okrugs(person, "snapshot_value") == {world.SHELEK}
    assert okrugs(person, "ambulance_by_settlement", "okrug_kato") == {world.TURGEN}


def test_a_grant_opens_nothing_before_and_after_its_term(owner, login, tag) -> None:
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    access.grant(owner, f"past.{tag}", "akim", world.SHELEK, valid_from=now - 2 * day, valid_to=now - day, **ORDER)
    access.grant(owner, f"future.{tag}", "akim", world.SHELEK, valid_from=now + day, **ORDER)
    assert okrugs(login(f"past.{tag}"), "snapshot_value") is None
    assert okrugs(login(f"future.{tag}"), "snapshot_value") == set()


def test_a_revoked_grant_closes_the_next_statement_of_an_open_transaction(owner, login, tag) -> None:
    access.grant(owner, f"was.{tag}", "akim", world.SHELEK, **ORDER)
    akim = login(f"was.{tag}")
    cur = akim.cursor()
    cur.execute("select count(*) from serving.snapshot_current")
    assert cur.fetchone()[0] > 0
    with owner:
        assert access.revoke(owner, f"was.{tag}", revoked_by="test", reason="term ended") == 1
    with pytest.raises(errors.InsufficientPrivilege):
        cur.execute("select count(*) from serving.snapshot_current")
    akim.rollback()
    with owner:
        access.grant(owner, f"was.{tag}", "akim", world.TURGEN, **ORDER)
    assert okrugs(akim, "snapshot_current") == {world.TURGEN}


@pytest.mark.parametrize("role", ["akim", "oblast_staff", "auditor", "ambulance_coordinator"])
@pytest.mark.parametrize(
    "table",
    [
        "vault.person",
        "access.grant_",
        "access.account",
        "access.session",
        "access.audit",
        "access.scope",
        "ledger.delivery",
        "ledger.batch",
    ],
)
def test_nobody_reads_vault_access_or_ledger(owner, login, tag, role, table) -> None:
    access.grant(owner, f"p.{tag}", role, world.SHELEK if role == "akim" else "19", **ORDER)
    with pytest.raises(errors.InsufficientPrivilege):
        rows(login(f"p.{tag}"), f"select * from {table}")


def test_the_portal_reads_neither_vault_nor_access_nor_ledger(login) -> None:
    portal = login("auyl_portal")
    for table in (
        "vault.person",
        "access.grant_",
        "access.account",
        "access.session",
        "access.audit",
        "access.scope",
        "ledger.batch",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            rows(portal, f"select * from {table}")


def test_an_engineer_reads_the_ledger_and_only_while_granted(owner, login, tag) -> None:
    name = f"engineer.{tag}"
    engineer = login(name)
    query = "select delivery_id, registry, period, digest from ledger.delivery"
    with pytest.raises(errors.InsufficientPrivilege):
        rows(engineer, query)
    with owner:
        access.grant(owner, name, "engineer", "19", **ORDER)
    assert rows(engineer, query) == rows(engineer, "select * from ledger.refusal_shape") == []
    with pytest.raises(errors.InsufficientPrivilege):
        rows(engineer, "select * from vault.person")
    with owner:
        access.revoke(owner, name, revoked_by="test", reason="left")
    with pytest.raises(errors.InsufficientPrivilege):
        rows(engineer, query)


@pytest.mark.parametrize(
    "statement",
    [
        "update serving.snapshot_value set value = 1",
        "delete from serving.snapshot_value",
        "insert into serving.theme values ('x', 1, 'x', 'x', 'x')",
        "truncate serving.snapshot_value",
        "create table serving.mine (n int)",
        "create table public.mine (n int)",
        "create temporary table mine (n int)",
        "create schema mine",
        "create function public.f() returns int language sql return 1",
        "alter table serving.snapshot_value disable row level security",
        "drop policy read_own_territory on serving.snapshot_value",
        "set role auyl_portal",
        "set session authorization auyl_portal",
        "select lo_from_bytea(0, 'x')",
        "select access.allowed(array['oblast_staff'])",
        "select access.password_salt('x')",
        "select access.begin_sign_in('x', null, null)",
        "select access.sign_in(gen_random_uuid(), 'x', 'x', '1 hour', '1 hour', 'x', 'x')",
        "select access.enter_session('x')",
        "select access.refuse_request('x', null)",
        "select access.open_page('okrugs', 'snapshot', null, null, null)",
        "select access.rights(array['snapshot'])",
        "select access.write_audit('x', 'x', 'done')",
        "select pg_read_file('postgresql.conf')",
        "copy serving.theme to program 'true'",
    ],
)
def test_a_reader_changes_and_makes_nothing(owner, login, tag, statement) -> None:
    access.grant(owner, f"reader.{tag}", "akim", world.SHELEK, **ORDER)
    with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedFunction)):
        rows(login(f"reader.{tag}"), statement)


def test_a_direct_login_gains_nothing_by_naming_another_principal(owner, login, tag) -> None:
    access.grant(owner, f"boss.{tag}", "oblast_staff", "19", **ORDER)
    access.create_account(owner, f"boss.{tag}", "boss's own password", display_name="Boss")
    access.grant(owner, f"guest.{tag}", "akim", world.TURGEN, **ORDER)
    access.grant(owner, f"guest.{tag}", "ambulance_coordinator", world.TURGEN, **ORDER)
    guest = login(f"guest.{tag}")
    cur = guest.cursor()
    for setting in ("auyl.principal", "auyl.session", "auyl.page"):
        cur.execute("select set_config(%s, %s, false)", (setting, f"boss.{tag}"))
    for role in ("auyl_reads_snapshot", "auyl_reads_ambulance", "auyl_reader"):
        cur.execute(f"set role {role}")
        assert okrugs(guest, "snapshot_current") is None
    cur.execute("set role none")
    assert okrugs(guest, "snapshot_current") == {world.TURGEN}
    assert okrugs(guest, "ambulance_current", "okrug_kato") == {world.TURGEN}


def test_the_portal_reads_only_what_it_has_written_down_before(owner, login, tag) -> None:
    """By its own login, whatever it sets: no session, no rows; and none before the audit has the page for good."""
    name = f"akim.{tag}"
    access.grant(owner, name, "akim", world.SHELEK, **ORDER)
    access.create_account(owner, name, "akim's own password", display_name="Akim")
    owner.commit()
    portal = login("auyl_portal")
    token = access.sign_in(portal, name, "akim's own password").token
    opening = "select access.open_page('okrug', 'snapshot', %s, '2026-10', null)"

    def seen() -> set[str]:
        with portal.cursor() as cur:
            cur.execute("select distinct kato from serving.snapshot_value")
            return {kato for (kato,) in cur.fetchall()}

    with portal:
        for setting in ("auyl.principal", "auyl.page"):
            portal.cursor().execute("select set_config(%s, %s, true)", (setting, name if "pr" in setting else "1"))
        assert seen() == set()
    with portal:
        assert access.enter(portal, token) is not None
        assert seen() == set()
    for turn in ("savepoint a", "select 1"):  # a reading that takes its own audit back
        access.enter(portal, token)
        with portal.cursor() as cur:
            cur.execute(turn)
            cur.execute(opening, (world.SHELEK,))
            (page,) = cur.fetchone()
            cur.execute("select set_config('auyl.page', %s, true)", (str(page),))
        assert seen() == set()
        portal.rollback()
    with portal:
        access.enter(portal, token)
        assert not access.open_page(portal, token, "okrug", "snapshot", world.TURGEN)
    assert one(owner, "select outcome from access.audit order by audit_id desc limit 1") == "refused"
    access.enter(portal, token)
    assert access.open_page(portal, token, "okrug", "snapshot", world.SHELEK, "2026-10")
    assert seen() == {world.SHELEK}
    page = one(owner, "select audit_id from access.audit where outcome = 'done' order by audit_id desc limit 1")
    portal.rollback()
    assert seen() == set()
    portal.rollback()
    # Another person's session does not read under that row, nor does anybody a minute later.
    access.create_account(owner, f"other.{tag}", "another's own password", display_name="Other")
    access.grant(owner, f"other.{tag}", "oblast_staff", "19", **ORDER)
    owner.commit()
    for who, password, age in ((f"other.{tag}", "another's own password", 0), (name, "akim's own password", 61)):
        with owner:
            owner.cursor().execute("alter table access.audit disable trigger user")
            owner.cursor().execute(
                "update access.audit set at = at - make_interval(secs => %s) where audit_id = %s", (age, page)
            )
        with portal:
            access.enter(portal, access.sign_in(portal, who, password).token)
            portal.cursor().execute("select set_config('auyl.page', %s, true)", (str(page),))
            assert seen() == set()
    with owner:
        access.close_account(owner, name)
    with portal:
        assert access.enter(portal, token) is None


def test_the_portal_has_no_way_to_a_hash_a_session_or_the_audit(owner, login, tag) -> None:
    name = f"akim.{tag}"
    access.create_account(owner, name, "akim's own password", display_name="Akim")
    owner.commit()
    portal = login("auyl_portal")
    hidden = bytes(one(owner, "select verifier from access.account where principal = %s", name))
    announcing = "select salt from access.begin_sign_in(%s, null, null)"
    salt = one(portal, announcing, name)
    nobodys = one(portal, announcing, f"nobody.{tag}")
    assert salt != nobodys == one(portal, announcing, f"nobody.{tag}")
    assert salt.rpartition("$")[0] == nobodys.rpartition("$")[0] and len(salt) == len(nobodys)
    signing = "select access.sign_in(%s::uuid, %s, sha256('t'), '1 hour', '1 hour', sha256('d'), '')"
    for n, proof in enumerate((hidden, b"", None, hidden[:16], b"\0" * 32)):
        attempt = access.begin_sign_in(portal, name, client_address=f"10.0.0.{n}").number
        assert one(portal, signing, attempt, proof) is False
    for statement in (
        "insert into access.session values (sha256('t'), %s, now(), now() + interval '1 day')",
        "insert into access.audit (principal, action, outcome) values (%s, 'read', 'done')",
        "select access.write_audit('read', 'x', 'done', null, null, %s)",
        "update access.account set verifier = sha256('x') where principal = %s",
        "select verifier from access.account where principal = %s",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            rows(portal, statement, name)
    assert rows(portal, "select * from access.session_of(sha256('t'))") == []
    assert one(portal, "select access.open_page('okrugs', 'snapshot', null, null, null)") is None
    functions = rows(
        portal,
        "select p.proname from pg_proc as p where p.pronamespace = 'access'::regnamespace "
        "and has_function_privilege(p.oid, 'execute') order by 1",
    )
    assert [function for (function,) in functions] == [
        "allowed", "allowed_in", "begin_sign_in", "change_password", "current_edition", "end_own_sessions",
        "end_session", "enter_session", "former_okrugs", "holds", "open_page", "own_sessions", "places_in", "principal",
        "readers_of", "refuse_request", "registries", "rights", "session_of", "set_own_login", "sign_in",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["құрман.{}", "o_neil-{}@akimat", "7.{}"])
def test_a_name_of_letters_and_digits_is_a_login(owner, login, tag, name) -> None:
    name = name.format(tag)
    access.grant(owner, name, "akim", world.TURGEN, **ORDER)
    assert okrugs(login(name), "snapshot_value") == {world.TURGEN}
    with owner:
        assert access.revoke(owner, name, revoked_by="test", reason="end") == 1


@pytest.mark.parametrize(
    "name", ["o'neil {}", 'say"hi" {}', 'a"; drop table access.grant_; -- {}', "құрман %s {}", "x' or '1'='1 {}", "={}"]
)
def test_a_crafted_name_is_no_login(owner, tag, name) -> None:
    with pytest.raises(access.PrincipalInvalid, match="expected letters, digits"):
        access.grant(owner, name.format(tag), "akim", world.TURGEN, **ORDER)
    owner.rollback()
    assert one(owner, "select count(*) from access.grant_ where principal = %s", name.format(tag)) == 0


def test_a_re_used_code_does_not_carry_a_grant_to_another_place(owner, login, tag) -> None:
    old = (world.OLD_EDITION, f"moved.{tag}")
    with owner, owner.cursor() as cur:
        for code in (world.KONAEV_OKRUG, world.SHELEK):
            access.grant(owner, f"moved.{tag}", "akim", code, **ORDER)
        cur.execute("update access.grant_ set edition = %s where principal = %s", old)
    assert okrugs(login(f"moved.{tag}"), "snapshot_value") == {world.SHELEK}
    assert {g.territory_prefix: g.okrugs for g in access.grants(owner, f"moved.{tag}")} == {
        "191035": 0,
        world.SHELEK[:6]: 1,
    }


def test_a_revision_in_the_boundaries_of_another_edition_is_hidden(owner, login, tag) -> None:
    with owner, owner.cursor() as cur:
        cur.execute("insert into serving.snapshot values ('2021-07', 1, %s, 'i', 'c')", (world.OLD_EDITION,))
        cur.execute("insert into serving.current_snapshot values ('2021-07', 1, %s)", (world.OLD_EDITION,))
        cur.execute(
            "insert into serving.snapshot_value values ('2021-07', 1, %s, 'residents', 9, null, null, 'ok', 100, null)",
            (world.KONAEV_OKRUG,),
        )
    access.grant(owner, f"akim.{tag}", "akim", world.KONAEV_OKRUG, **ORDER)
    akim = login(f"akim.{tag}")
    assert one(akim, "select array_agg(distinct period order by period) from serving.snapshot_value") == list(
        world.PERIODS
    )


def test_the_policy_is_asked_once_per_query_and_leaves_the_index_in_use(owner, login, tag) -> None:
    with owner, owner.cursor() as cur:
        cur.execute(
            "insert into serving.snapshot select p, 1, %s, 'i', 'c' from (values ('2020-01'), ('2020-02')) v (p)",
            (world.EDITION,),
        )
        cur.execute(
            "insert into serving.snapshot_value select p, 1, '8' || lpad(o::text, 8, '0'), 'i' || n, 1, "
            "null, null, 'ok', 100, null from (values ('2020-01'), ('2020-02')) v (p), "
            "generate_series(1, 2000) o, generate_series(1, 31) n"
        )
        access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, **ORDER)
    owner.autocommit = True
    owner.cursor().execute("vacuum analyze serving.snapshot_value")
    akim = login(f"akim.{tag}")
    plan = "\n".join(
        line for (line,) in rows(akim, "explain (analyze, costs off, timing off) select * from serving.snapshot_value")
    )
    assert "InitPlan" in plan
    assert "Index" in plan
    assert "Seq Scan on snapshot_value" not in plan
    assert "ANY ((InitPlan" in plan
    asked = re.findall(r"Function Scan on places_in\w* .*loops=(\d+)", plan)
    assert asked, plan
    assert set(asked) == {"1"}, plan


def test_every_view_of_serving_reads_with_the_rights_of_the_reader(owner) -> None:
    loose = rows(
        owner,
        "select relname from pg_class where relnamespace = 'serving'::regnamespace and relkind = 'v' "
        "and not coalesce(reloptions, '{}') @> '{security_invoker=true}'",
    )
    assert loose == []


def test_every_table_of_serving_is_open_on_purpose_or_has_row_security(owner) -> None:
    open_tables = {
        "territory",
        "theme",
        "indicator",
        "snapshot",
        "current_snapshot",
        "snapshot_source",
        "snapshot_missing",
        # the catalogue, and which of its types a period could judge: no row of persons
        "contradiction_type",
        "contradiction_judged",
    }
    readable = rows(
        owner,
        "select relname, relrowsecurity from pg_class where relnamespace = 'serving'::regnamespace "
        "and relkind in ('r', 'p') and exists (select from pg_roles as r where r.rolname ~ '^auyl_read' "
        "and has_table_privilege(r.oid, pg_class.oid, 'select'))",
    )
    assert {name for name, is_guarded in readable if not is_guarded} <= open_tables
    assert {"snapshot_value", "ambulance_by_settlement", "veterinary_by_settlement"} <= {
        name for name, guarded in readable if guarded
    }


def test_no_function_of_access_runs_with_a_search_path_of_the_caller(owner) -> None:
    loose = rows(
        owner,
        "select proname from pg_proc where pronamespace = 'access'::regnamespace "
        "and (proconfig is null or not proconfig @> '{\"search_path=pg_catalog, pg_temp\"}' "
        "or has_function_privilege('public', oid, 'execute'))",
    )
    assert loose == []


def test_the_publisher_is_not_bound_and_the_files_apply_again(filled, owner, login, tag) -> None:
    access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, **ORDER)
    owner.commit()
    world.migrate(filled)
    assert one(owner, "select count(distinct kato) from serving.snapshot_current where period = '2026-10'") == 34
    assert okrugs(login(f"akim.{tag}"), "snapshot_value") == {world.SHELEK}


def test_an_unknown_login_does_not_get_in(filled, postgres_server) -> None:
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(filled.replace("://", "://ghost:pw@x_", 1).split("@x_")[0] + "@" + filled.rpartition("@")[2])


def test_a_place_beside_the_okrug_is_read_by_who_is_answerable_for_all_of_it(owner, login, tag) -> None:
    """An akim reads their villages; the district's total would tell of the neighbours what the akim may not know."""
    cur = owner.cursor()
    cur.execute(
        "select t.kato, t.district_kato from serving.territory as t where t.okrug_kato = %s and t.level = 'settlement' "
        "and t.edition = %s order by 1 limit 1",
        (world.SHELEK, world.EDITION),
    )
    village, district = cur.fetchone()
    cur.execute(
        "select t.kato from serving.territory as t where t.okrug_kato = %s and t.level = 'settlement' limit 1",
        (world.TURGEN,),
    )
    (other_village,) = cur.fetchone()
    oblast = "190000000"
    places = [
        (village, "settlement"), (other_village, "settlement"), (world.SHELEK, "okrug_rest"), (district, "district"),
        (district, "district_rest"), (oblast, "oblast"), (oblast, "oblast_rest"),
    ]  # fmt: skip
    for kato, level in places:
        cur.execute(
            "insert into serving.snapshot_value (period, revision, kato, level, indicator_id, value, flag) "
            "values ('2026-10', 1, %s, %s, 'of places', 1, 'ok')",
            (kato, level),
        )
    try:
        seen = {}
        for role, territory in (("akim", world.SHELEK), ("district_staff", district), ("oblast_staff", oblast)):
            access.grant(owner, f"{role}.{tag}", role, territory, **ORDER)
            seen[role] = set(
                rows(
                    login(f"{role}.{tag}"),
                    "select kato, level from serving.snapshot_current where indicator_id = 'of places'",
                )
            )
        assert seen["akim"] == {(village, "settlement"), (world.SHELEK, "okrug_rest")}
        assert seen["district_staff"] == {
            place for place in places if place[0] != oblast and place[0] != other_village
        } | ({(other_village, "settlement")} if other_village[:4] == district[:4] else set())
        assert seen["oblast_staff"] == set(places)
    finally:
        cur.execute("delete from serving.snapshot_value where indicator_id = 'of places'")
