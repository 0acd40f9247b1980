"""Over HTTP: who gets which page, what stands on it, what every answer carries."""

import asyncio
import contextlib
import gzip
import http.client
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest
from markupsafe import escape

from auyl import access
from auyl.languages import LANGUAGES
from auyl.portal.app import create_app
from auyl.portal.language import language
from auyl.portal.okrug import absent
from tests.portal.conftest import (
    CATALOGUE,
    DISTRICT,
    FAR,
    FAR_DISTRICT,
    FAR_RU,
    MONTH,
    NEIGHBOUR,
    NEIGHBOUR_RU,
    OKRUG,
    OKRUG_RU,
    Portal,
    open_account,
)

PAGE_BYTES = 14 * 1024
SUBJECTS = ("ambulance", "veterinary", "landfill")
WIDE = [  # the longest pages that anybody gets
    ("oblast", "/okrugs"),
    ("oblast", f"/okrug/{OKRUG}?full=1"),
    ("oblast", "/ambulance"),
    ("oblast", f"/ambulance?district={DISTRICT}"),
    ("oblast", f"/veterinary?district={DISTRICT}"),
    ("akim", f"/okrug/{OKRUG}"),
]


@pytest.mark.parametrize("path", ["/okrugs", f"/okrug/{OKRUG}", "/ambulance", "/veterinary", "/sign-out"])
def test_nobody_reads_a_page_without_signing_in(portal: Portal, path: str) -> None:
    answer = portal.client().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert answer.content == b""


def test_sign_in_returns_to_the_page_that_was_asked_for(portal: Portal) -> None:
    client = portal.client()
    asked = client.get(f"/okrug/{OKRUG}?period=2026-09").headers["location"]
    token = re.search(r'name="next" value="([^"]+)"', client.get(asked).text)
    assert token is not None
    answer = portal.sign_in(client, "akim", next=token[1])
    assert answer.headers["location"] == f"/okrug/{OKRUG}?period=2026-09"


def test_a_wrong_password_does_not_lose_the_page_that_was_asked_for(portal: Portal) -> None:
    client = portal.client()
    answer = portal.sign_in(client, "akim", "not the password at all", next="/okrugs")
    assert answer.status_code == 401
    assert 'name="next" value="/okrugs"' in answer.text


def test_behind_tls_cookies_are_secure_and_a_missing_database_is_reported_in_words() -> None:
    app = create_app("postgresql://auyl_portal:x@127.0.0.1:1/none", (), is_behind_tls=True)

    async def visit() -> None:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://auyl.example") as client:
            answer = await client.get("/")
            cookie = answer.headers["set-cookie"].lower()
            assert cookie.startswith("__host-auyl-form=")
            assert "secure" in cookie
            assert "path=/" in cookie
            assert "domain" not in cookie
            assert answer.headers["strict-transport-security"]
            form = {"principal": "a", "password": "b", "token": client.cookies["__Host-auyl-form"]}
            answer = await client.post("/", data=form)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert (await client.get("/healthz")).status_code == 503

    asyncio.run(visit())


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/okrug/../x", "/\\evil", "javascript:1", "/okrugs?x=//e"]
)
def test_sign_in_sends_nobody_to_another_site(portal: Portal, to: str) -> None:
    assert portal.sign_in(portal.client(), "akim", next=to).headers["location"] == "/"


def test_an_akim_lands_on_their_own_okrug_and_finds_every_indicator(portal: Portal) -> None:
    client = portal.signed_in("akim")
    assert client.get("/").headers["location"] == f"/okrug/{OKRUG}"
    page = client.get(f"/okrug/{OKRUG}?lang=ru").text
    assert OKRUG_RU in page
    for indicator in CATALOGUE.indicators:
        assert f'<th scope="row">{escape(indicator.names["ru"])}<' in page
        assert escape(indicator.definitions["ru"]) in page
    for theme in CATALOGUE.themes:
        assert f">{theme.names['ru']}</h2>" in page
    assert page.count("Отвечает") == len(CATALOGUE.indicators) == page.count("<details")
    assert page.count("Период</dt><dd>октябрь 2026") == len(CATALOGUE.indicators)


def test_a_missing_value_is_said_in_words_and_never_as_zero(portal: Portal) -> None:
    page = portal.signed_in("akim").get(f"/okrug/{OKRUG}?lang=ru").text
    row = page[page.index(CATALOGUE.indicator("employment.jobseekers").names["ru"]) :]
    row = row[: row.index("</details>")]
    assert "нет данных" in row
    assert "Не поступил реестр: Enbek.kz" in row
    assert "<b>" not in row
    ((missing,),) = portal.published.query(
        "select count(*) from serving.snapshot_current where kato = %s and level = 'okrug' and period = %s "
        "and value is null",
        OKRUG,
        MONTH,
    )
    assert missing >= len([i for i in CATALOGUE.indicators if i.theme == "employment"])
    assert page.count('<span class="flag">нет данных</span>') == missing
    assert f"Показателей без данных: {missing}." in page


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ru", "Enbek.kz (последний раз за сентябрь 2026)"),
        ("kk", "Enbek.kz (соңғысы – 2026 ж. қыркүйек)"),
        ("en", "Enbek.kz (last one for September 2026)"),
    ],
)
def test_the_registries_that_are_missing_are_named_in_one_line(portal: Portal, code: str, words: str) -> None:
    page = portal.signed_in("akim").get(f"/okrug/{OKRUG}?lang={code}").text
    line = next(line for line in page.splitlines() if 'class="box"' in line)
    assert words in line


@pytest.mark.parametrize(
    ("reason", "last_period", "code", "words"),
    [
        ("refused", "2026-09", "en", "Enbek.kz (sent, but refused because of errors, last one for September 2026)"),
        ("never", None, "ru", "Enbek.kz (ещё ни разу не принимался)"),
    ],
)
def test_a_registry_that_was_refused_or_never_came_is_named_as_such(
    reason: str, last_period: str | None, code: str, words: str
) -> None:
    missing = SimpleNamespace(registry="employment", reason=reason, last_period=last_period)
    assert absent({"employment"}, [missing], language(code)) == words


def test_a_lower_bound_is_called_one_and_names_the_rows_that_it_lacks(portal: Portal) -> None:
    rows = portal.published.query(
        "select indicator_id, value, rows_near, rows_elsewhere from serving.snapshot_current "
        "where kato = %s and level = 'okrug' and period = %s and flag = 'at_least'",
        OKRUG,
        MONTH,
    )
    assert rows
    client = portal.signed_in("akim")
    for code in LANGUAGES:
        lang = language(code)
        page = client.get(f"/okrug/{OKRUG}?lang={code}").text
        for indicator_id, value, near, elsewhere in rows:
            number = lang.number(value, CATALOGUE.indicator(indicator_id).decimals)
            assert f"<td>{lang['at_least']} <b>{number}</b>" in page
            assert lang.say("not_counted", near=lang.count(near), elsewhere=lang.count(elsewhere)) in page


def test_numbers_are_those_of_the_table_written_as_the_language_does(portal: Portal) -> None:
    values = portal.published.query(
        "select indicator_id, value, numerator, denominator from serving.snapshot_current "
        "where kato = %s and level = 'okrug' and period = %s and value is not null",
        OKRUG,
        MONTH,
    )
    assert len(values) > len(CATALOGUE.indicators) / 2
    client = portal.signed_in("akim")
    for code in LANGUAGES:
        lang = language(code)
        page = client.get(f"/okrug/{OKRUG}?lang={code}").text
        for indicator_id, value, n, d in values:
            indicator = CATALOGUE.indicator(indicator_id)
            assert f"<b>{lang.number(value, indicator.decimals)}</b>" in page
            if d is not None:
                key = "n_of_d" if indicator.unit.id == "pct" else "n_per_d"
                assert lang.say(key, n=lang.count(n), d=lang.count(d)) in page


def test_a_share_is_compared_in_points_with_the_month_before(portal: Portal) -> None:
    client = portal.signed_in("akim")
    page = client.get(f"/okrug/{OKRUG}?lang=ru").text
    assert re.search(r"[▲▼]\u00a0[+\u2212]\d+,\d\u00a0п. п.", page)
    first = client.get(f"/okrug/{OKRUG}?lang=ru&period=2026-09").text
    assert not re.search(r"[▲▼]\u00a0", first)
    assert "сентябрь 2026" in first


def test_a_change_is_called_better_or_worse_by_the_direction_that_the_catalogue_gives(portal: Portal) -> None:
    changes = portal.published.query(
        "select n.indicator_id, n.value - b.value, coalesce(n.numerator, n.value) from serving.snapshot_current as n "
        "inner join serving.snapshot_current as b using (kato, level, indicator_id) "
        "where n.period = '2026-10' and b.period = '2026-09' and kato = %s and level = 'okrug' and n.value <> b.value",
        OKRUG,
    )
    page = portal.signed_in("akim").get(f"/okrug/{OKRUG}?lang=ru").text
    words = set()
    for indicator_id, difference, cases in changes:
        indicator = CATALOGUE.indicator(indicator_id)
        if round(difference, indicator.decimals) == 0:
            continue
        row = page[page.index(f'<th scope="row">{escape(indicator.names["ru"])}<') :]
        cell = row[: row.index("<details")]
        word = "лучше" if (difference > 0) == (indicator.better == "up") else "хуже"
        if indicator.better == "none" or cases < 30:  # fewer cases than that change by chance
            assert "лучше" not in cell and "хуже" not in cell, indicator_id
        else:
            assert word in cell, indicator_id
            words.add(word)
    assert words, "an okrug without a change shows nothing of the rule"


def test_another_okrug_is_refused_in_words_and_written_down(portal: Portal) -> None:
    client = portal.signed_in("akim")
    for kato in (NEIGHBOUR, FAR, "999999999"):
        answer = client.get(f"/okrug/{kato}?lang=ru")
        assert answer.status_code == 403
        assert "нет доступа" in answer.text
        assert NEIGHBOUR_RU not in answer.text and FAR_RU not in answer.text
        assert portal.audit()[0] == ("akim", "read", f"okrug {kato}", "refused")


@pytest.mark.parametrize("path", [f"/{subject}" for subject in SUBJECTS])
def test_an_akim_gets_no_coordinators_table(portal: Portal, path: str) -> None:
    client = portal.signed_in("akim")
    assert client.get(path).status_code == 403
    assert portal.audit()[0] == ("akim", "read", path[1:], "refused")
    assert path not in client.get(f"/okrug/{OKRUG}").text


@pytest.mark.parametrize("who", SUBJECTS)
def test_a_coordinator_reads_their_own_table_and_no_other(portal: Portal, who: str) -> None:
    client = portal.signed_in(who)
    assert client.get("/").headers["location"] == f"/{who}"
    page = client.get(f"/{who}")
    assert page.status_code == 200
    ((okrug_ru,),) = portal.published.query(
        "select t.name_ru from serving.territory as t where t.kato = "
        f"(select min(okrug_kato) from serving.{who}_current where okrug_kato like '1940%%' and period = '2026-10') "
        "and t.edition = (select edition from serving.current_snapshot where period = '2026-10')"
    )
    assert okrug_ru in page.text
    assert FAR_RU not in page.text
    assert client.get(f"/{who}?district={FAR_DISTRICT}").status_code == 403
    for other in set(SUBJECTS) - {who}:
        assert client.get(f"/{other}").status_code == 403
        assert f"/{other}" not in page.text
    assert client.get(f"/okrug/{OKRUG}").status_code == 403
    assert OKRUG_RU not in client.get("/okrugs").text


def test_every_reading_is_in_the_audit(portal: Portal) -> None:
    client = portal.signed_in("oblast")
    client.get(f"/okrug/{NEIGHBOUR}?period=2026-09")
    assert portal.audit()[0] == ("oblast", "read", f"okrug {NEIGHBOUR} 2026-09 revision 1", "done")
    client.get(f"/veterinary?district={DISTRICT}")
    assert portal.audit()[0] == ("oblast", "read", f"veterinary {DISTRICT} 2026-10 revision 1", "done")
    client.get("/okrugs")
    assert portal.audit()[0] == ("oblast", "read", "okrugs", "done")


def test_several_okrugs_are_listed_and_nobody_elses(portal: Portal) -> None:
    client = portal.signed_in("akim.two")
    assert client.get("/").headers["location"] == "/okrugs"
    page = client.get("/okrugs").text
    assert set(re.findall(r"/okrug/(\d{9})", page)) == {OKRUG, NEIGHBOUR}


def test_somebody_without_a_grant_learns_where_to_ask(portal: Portal) -> None:
    client = portal.signed_in("nobody")
    page = client.get("/okrugs?lang=ru")
    assert page.status_code == 200
    assert "территория вам пока не назначена" in page.text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/okrug/1", "/okrug/194083000x", f"/okrug/{OKRUG}?period=1999-01", "/docs", "/openapi.json"],
)
def test_an_address_that_is_not_there(portal: Portal, path: str) -> None:
    answer = portal.signed_in("akim").get(path)
    assert answer.status_code == 404
    assert "traceback" not in answer.text.lower()


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("who", "path"), WIDE)
def test_a_page_is_small_over_the_wire(portal: Portal, who: str, path: str, code: str) -> None:
    client = portal.signed_in(who)
    wire = http.client.HTTPConnection(urlsplit(portal.url).netloc)
    cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    wire.request("GET", path, headers={"Accept-Encoding": "gzip", "Cookie": f"{cookie}; lang={code}"})
    answer = wire.getresponse()
    body = answer.read()
    wire.close()
    assert answer.status == 200
    assert answer.headers["content-encoding"] == "gzip"
    print(f"{path} {code}: {len(body)} bytes gzip, {len(gzip.decompress(body))} plain")
    assert len(body) <= PAGE_BYTES


def test_every_answer_carries_the_security_headers(portal: Portal) -> None:
    client = portal.signed_in("akim")
    for path in ("/", "/okrugs", f"/okrug/{OKRUG}", f"/okrug/{NEIGHBOUR}", "/nothing", "/healthz"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
        assert "<script" not in answer.text
        assert not re.search(r'\son\w+=|style="', answer.text)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(portal: Portal) -> None:
    client = portal.client()
    client.get("/")
    client.cookies.set("auyl", "chosen-by-somebody-else")
    form = {"principal": "akim", "password": portal.passwords["akim"], "token": client.cookies["auyl-form"]}
    cookies = client.post("/", data=form).headers.get_list("set-cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"auyl", "auyl-device", "auyl-form"}
    for cookie in map(str.lower, cookies):
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
    assert "chosen" not in cookies[0], "the session is a new one, whatever the browser brought"


def test_wrong_password_unknown_name_and_closed_account_get_the_same_answer(portal: Portal, name: str) -> None:
    client = portal.client()
    answers = [portal.sign_in(client, who, "not the password at all") for who in ("nobody", name)]
    bodies = {a.text.replace(name, "nobody") for a in answers}
    assert {a.status_code for a in answers} == {401}
    assert len(bodies) == 1
    assert "auyl" not in client.cookies


def test_a_form_without_its_token_or_from_another_site_is_refused(portal: Portal) -> None:
    client = portal.client()
    client.get("/")
    good = {
        "principal": "akim",
        "password": portal.passwords["akim"],
        "token": client.cookies["auyl-form"],
    }
    for form, headers in (
        ({**good, "token": ""}, {}),
        ({**good, "token": "x" * 32}, {}),
        ({k: v for k, v in good.items() if k != "token"}, {}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
        (good, {"Content-Type": "text/plain"}),
        ({**good, "password": "x" * 5000}, {}),
        ({**good, **{f"f{n}": "x" for n in range(20)}}, {}),
        (
            {**good, "principal": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")},
            {"Sec-Fetch-Site": "same-site"},
        ),
    ):
        answer = client.post("/", data=form, headers=headers)
        assert answer.status_code == 400
        assert "auyl" not in client.cookies


def test_nobody_is_signed_out_by_a_forged_form_and_the_real_form_ends_the_session(portal: Portal) -> None:
    client = portal.signed_in("akim")
    assert client.post("/sign-out", data={"token": "guess"}).status_code == 400
    session = client.cookies["auyl"]
    token = re.search(r'name="token" value="([0-9a-f]+)"', client.get("/sign-out").text)
    assert token is not None
    assert client.post("/sign-out", data={"token": token[1]}).status_code == 303
    again = httpx.get(f"{portal.url}/okrugs", cookies={"auyl": session}, trust_env=False)
    assert again.status_code == 303
    assert portal.audit()[0][:2] == ("akim", "sign_out")


def test_signing_out_everywhere_ends_the_sessions_of_this_person_only(portal: Portal) -> None:
    here, elsewhere, neighbour = (portal.signed_in(who) for who in ("akim", "akim", "akim.two"))
    elsewhere.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 14; SM-A155F) Chrome/130.0 Mobile Safari/537.36"
    assert portal.sign_in(elsewhere, "akim").status_code == 303
    page = here.get("/sign-out?lang=ru").text
    assert "Android, Chrome" in page
    assert page.count("(это устройство)") == 1
    token = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert token is not None
    assert here.post("/sign-out", data={"everywhere": "1", "token": "guess"}).status_code == 400
    left = here.post("/sign-out", data={"everywhere": "1", "token": token[1]})
    assert (left.status_code, left.headers["clear-site-data"]) == (303, '"cache"')
    assert [c.get("/okrugs").status_code for c in (here, elsewhere, neighbour)] == [303, 303, 200]
    assert portal.audit()[0][:2] == ("akim.two", "read")
    assert ("akim", "sign_out_everywhere", "", "done") in portal.audit()


def test_a_password_for_one_use_is_changed_before_a_page_opens(portal: Portal, name: str) -> None:
    given, own = access.make_password(), "four words of mine"
    portal.passwords[name] = given
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn:
        open_account(conn, "akim", given, as_name=name)
        access.set_password(conn, name, given, must_change_password=True, reason="letter 5")
    client = portal.signed_in(name)
    assert [client.get(path).headers["location"] for path in ("/", f"/okrug/{OKRUG}")] == ["/password"] * 2
    assert portal.audit()[0] == (name, "request", f"GET okrug {OKRUG}: a password for one use", "refused")
    page = client.get("/password?lang=ru")
    assert "одноразовый" in page.text
    token = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    for old, new, again, words in (
        (given, "short", "short", "от 12 до 128"),
        (given, f"{name}1234", f"{name}1234", "имя или логин"),
        (given, "Qwerty123456", "Qwerty123456", "подбирают первым"),
        (given, own, "four words of mime", "по-разному"),
        (given, given, given, "такой же"),
        ("not the one given", own, own, "не подошёл"),
    ):
        answer = client.post("/password", data={"token": token[1], "old": old, "new": new, "again": again})
        assert answer.status_code in (400, 401)
        assert words in answer.text
        assert new not in answer.text
    form = {"token": token[1], "old": given, "new": own, "again": own}
    assert client.post("/password", data={**form, "token": "x"}).status_code == 400
    assert client.post("/password", data=form).headers["location"] == "/"
    assert client.get(f"/okrug/{OKRUG}").status_code == 200
    assert portal.sign_in(portal.client(), name, given).status_code == 401
    assert portal.sign_in(portal.client(), name, own).status_code == 303
    del portal.passwords[name]


def test_a_name_typed_into_the_form_does_not_become_markup(portal: Portal) -> None:
    client = portal.client()
    answer = portal.sign_in(client, "<script>alert(1)</script>", "not the password at all")
    assert answer.status_code == 401
    assert "<script" not in answer.text


def test_a_revoked_grant_closes_the_page_at_once(portal: Portal, name: str) -> None:
    password = portal.passwords[name] = access.make_password()
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn:
        open_account(conn, "akim.two", password, as_name=name)
    client = portal.signed_in(name)
    assert client.get(f"/okrug/{NEIGHBOUR}").status_code == 200
    with contextlib.closing(psycopg2.connect(portal.published.settings.dsn)) as conn, conn:
        access.revoke(conn, name, territory=NEIGHBOUR, revoked_by="test", reason="moved")
    assert client.get(f"/okrug/{NEIGHBOUR}").status_code == 403
    assert client.get(f"/okrug/{OKRUG}").status_code == 200


def test_the_language_is_that_of_the_account_until_another_is_chosen_and_kept(portal: Portal) -> None:
    client = portal.signed_in("akim")
    assert client.headers["Accept-Language"] == "ru"
    assert '<html lang="kk">' in client.get(f"/okrug/{OKRUG}").text
    assert '<html lang="en">' in client.get(f"/okrug/{OKRUG}?lang=en").text
    assert '<html lang="en">' in client.get(f"/okrug/{OKRUG}").text
    wrong = client.get(f"/okrug/{OKRUG}?lang=xx")
    assert wrong.status_code == 400
    assert '<html lang="en">' in wrong.text
