"""Over HTTP: who gets which page, what stands on it, what every answer carries."""

import asyncio
import contextlib
import gzip
import http.client
import re
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest

from auyl import access
from auyl.languages import LANGUAGES
from auyl.portal.app import create_app
from auyl.portal.language import language
from tests.access import world
from tests.portal.conftest import Running

PAGE_BYTES = 14 * 1024
WIDE = [  # the longest pages that anybody gets
    ("oblast", "/okrugs"),
    ("oblast", f"/okrug/{world.SHELEK}?full=1"),
    ("oblast", "/ambulance"),
    ("oblast", "/ambulance?district=194000000"),
    ("oblast", "/veterinary?district=194000000"),
    ("akim.shelek", f"/okrug/{world.SHELEK}"),
]


@pytest.mark.parametrize("path", ["/okrugs", f"/okrug/{world.SHELEK}", "/ambulance", "/veterinary", "/sign-out"])
def test_nobody_reads_a_page_without_signing_in(portal: Running, path: str) -> None:
    answer = portal.client().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert answer.content == b""


def test_after_signing_in_one_comes_back_to_the_page_that_was_asked_for(portal: Running) -> None:
    client = portal.client()
    asked = client.get(f"/okrug/{world.SHELEK}?period=2026-09").headers["location"]
    token = re.search(r'name="next" value="([^"]+)"', client.get(asked).text)
    assert token is not None
    answer = portal.sign_in(client, "akim.shelek", next=token[1])
    assert answer.headers["location"] == f"/okrug/{world.SHELEK}?period=2026-09"


def test_a_wrong_password_does_not_lose_the_page_that_was_asked_for(portal: Running) -> None:
    client = portal.client()
    answer = portal.sign_in(client, "akim.shelek", "not the password at all", next="/okrugs")
    assert answer.status_code == 401
    assert 'name="next" value="/okrugs"' in answer.text


def test_behind_tls_cookies_are_secure_and_without_a_database_it_is_said_in_words() -> None:
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
def test_sign_in_sends_nobody_to_another_site(portal: Running, to: str) -> None:
    assert portal.sign_in(portal.client(), "akim.shelek", next=to).headers["location"] == "/"


def test_an_akim_lands_on_the_own_okrug_and_finds_every_indicator(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    assert client.get("/").headers["location"] == f"/okrug/{world.SHELEK}"
    page = client.get(f"/okrug/{world.SHELEK}?lang=ru").text
    for _id, *_rest, ru, _en, _value in world.INDICATORS:
        assert ru in page, ru
    for _t, _kk, ru, _en in world.THEMES:
        assert ru in page
    assert page.count("Отвечает") == len(world.INDICATORS) == page.count("<details")
    assert page.count("Период</dt><dd>октябрь 2026") == len(world.INDICATORS)


def test_a_value_that_is_not_there_is_said_in_words_and_never_as_zero(portal: Running) -> None:
    page = portal.signed_in("akim.shelek").get(f"/okrug/{world.SHELEK}?lang=ru").text
    row = page[page.index("Зарегистрированные безработные") :]
    row = row[: row.index("</details>")]
    assert "нет данных" in row
    assert "Не поступил реестр: Enbek.kz" in row
    assert "<b>" not in row
    assert page.count("нет данных") >= 5
    missing = sum("employment" in i[5] for i in world.INDICATORS)
    assert f"Показателей без данных: {missing}" in page or f"Показателей без данных: {missing + 1}" in page


@pytest.mark.parametrize(
    ("reason", "last_period", "code", "said"),
    [
        ("late", "2026-09", "ru", "Enbek.kz (последний раз за сентябрь 2026)"),
        ("late", "2026-09", "kk", "Enbek.kz (соңғысы – 2026 ж. қыркүйек)"),
        ("refused", "2026-09", "en", "Enbek.kz (sent, and not accepted for its faults, last one for September 2026)"),
        ("never", None, "ru", "Enbek.kz (ещё ни разу не принимался)"),
    ],
)
def test_what_the_snapshot_goes_without_is_said_in_one_line(
    portal: Running, reason: str, last_period: str | None, code: str, said: str
) -> None:
    with contextlib.closing(psycopg2.connect(portal.owner_dsn)) as conn, conn, conn.cursor() as cur:
        cur.execute("update serving.snapshot_missing set reason = %s, last_period = %s", (reason, last_period))
    page = portal.signed_in("akim.shelek").get(f"/okrug/{world.SHELEK}?lang={code}").text
    line = next(line for line in page.splitlines() if 'class="box"' in line)
    assert said in line


def test_numbers_are_those_of_the_table_written_as_the_language_does(portal: Running) -> None:
    with contextlib.closing(psycopg2.connect(portal.owner_dsn)) as conn, conn.cursor() as cur:
        cur.execute(
            "select indicator_id, value, numerator, denominator from serving.snapshot_current "
            "where kato = %s and period = '2026-10' and value is not null",
            (world.SHELEK,),
        )
        values = {row[0]: row[1:] for row in cur.fetchall()}
    client = portal.signed_in("akim.shelek")
    for code in LANGUAGES:
        lang = language(code)
        page = client.get(f"/okrug/{world.SHELEK}?lang={code}").text
        decimals = {i[0]: i[3] for i in world.INDICATORS}
        for indicator, (value, n, d) in values.items():
            assert f"<b>{lang.number(value, decimals[indicator])}</b>" in page
            if d is not None:
                key = "n_of_d" if indicator.endswith("_pct") else "n_per_d"
                assert lang.say(key, n=lang.number(n), d=lang.number(d)) in page


def test_a_share_is_compared_in_points_with_the_month_before(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    page = client.get(f"/okrug/{world.SHELEK}?lang=ru").text
    assert re.search(r"[▲▼]\u00a0[+\u2212]\d+,\d\u00a0п. п.", page)
    assert "лучше" in page
    first = client.get(f"/okrug/{world.SHELEK}?lang=ru&period=2026-09").text
    assert not re.search(r"[▲▼]\u00a0", first)
    assert "сентябрь 2026" in first


def test_another_okrug_is_refused_in_words_and_written_down(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    for kato in (world.TURGEN, world.WEST, "999999999"):
        answer = client.get(f"/okrug/{kato}?lang=ru")
        assert answer.status_code == 403
        assert "нет доступа" in answer.text
        assert "Тургенский" not in answer.text
        assert portal.audit()[0] == ("akim.shelek", "read", f"okrug {kato}", "refused")


@pytest.mark.parametrize("path", ["/ambulance", "/veterinary"])
def test_an_akim_gets_no_coordinators_table(portal: Running, path: str) -> None:
    client = portal.signed_in("akim.shelek")
    assert client.get(path).status_code == 403
    assert portal.audit()[0] == ("akim.shelek", "read", path[1:], "refused")
    assert path not in client.get(f"/okrug/{world.SHELEK}").text


@pytest.mark.parametrize(("who", "other"), [("ambulance", "veterinary"), ("veterinary", "ambulance")])
def test_a_coordinator_gets_the_own_table_only(portal: Running, who: str, other: str) -> None:
    client = portal.signed_in(who)
    assert client.get("/").headers["location"] == f"/{who}"
    page = client.get(f"/{who}")
    assert page.status_code == 200
    assert "Шелек" in page.text
    assert "Бескайнар" not in page.text
    assert client.get(f"/{who}?district=195200000").status_code == 403
    assert client.get(f"/{other}").status_code == 403
    assert client.get(f"/okrug/{world.SHELEK}").status_code == 403
    assert client.get("/okrugs").status_code == 200
    assert "Шелек" not in client.get("/okrugs").text


def test_every_reading_is_in_the_audit(portal: Running) -> None:
    client = portal.signed_in("oblast")
    client.get(f"/okrug/{world.TURGEN}?period=2026-09")
    assert portal.audit()[0] == ("oblast", "read", f"okrug {world.TURGEN} 2026-09 revision 1", "done")
    client.get("/veterinary?district=194000000")
    assert portal.audit()[0] == ("oblast", "read", "veterinary 194000000 2026-10 revision 1", "done")
    client.get("/okrugs")
    assert portal.audit()[0] == ("oblast", "read", "okrugs", "done")


def test_several_okrugs_are_listed_and_nobody_elses(portal: Running) -> None:
    client = portal.signed_in("akim.two")
    assert client.get("/").headers["location"] == "/okrugs"
    page = client.get("/okrugs").text
    assert set(re.findall(r"/okrug/(\d{9})", page)) == {world.SHELEK, world.TURGEN}


def test_somebody_without_a_grant_is_told_whom_to_ask(portal: Running) -> None:
    client = portal.signed_in("nobody")
    page = client.get("/okrugs?lang=ru")
    assert page.status_code == 200
    assert "территория вам пока не назначена" in page.text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/okrug/1", "/okrug/194083000x", f"/okrug/{world.SHELEK}?period=1999-01", "/docs", "/openapi.json"],
)
def test_an_address_that_is_not_there(portal: Running, path: str) -> None:
    answer = portal.signed_in("akim.shelek").get(path)
    assert answer.status_code == 404
    assert "traceback" not in answer.text.lower()


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("who", "path"), WIDE)
def test_a_page_is_small_over_the_wire(portal: Running, who: str, path: str, code: str) -> None:
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


def test_every_answer_carries_the_security_headers(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    for path in ("/", "/okrugs", f"/okrug/{world.SHELEK}", f"/okrug/{world.TURGEN}", "/nothing", "/healthz"):
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


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(portal: Running) -> None:
    client = portal.client()
    cookie = portal.sign_in(client, "akim.shelek").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_wrong_password_unknown_name_and_closed_account_get_the_same_answer(portal: Running, name: str) -> None:
    client = portal.client()
    answers = [portal.sign_in(client, who, "not the password at all") for who in ("nobody", name)]
    bodies = {a.text.replace(name, "nobody") for a in answers}
    assert {a.status_code for a in answers} == {401}
    assert len(bodies) == 1
    assert "auyl" not in client.cookies


def test_a_form_without_its_token_or_from_another_site_is_refused(portal: Running) -> None:
    client = portal.client()
    client.get("/")
    good = {
        "principal": "akim.shelek",
        "password": portal.passwords["akim.shelek"],
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


def test_nobody_is_signed_out_by_a_forged_form_and_the_own_form_ends_the_session(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    assert client.post("/sign-out", data={"token": "guess"}).status_code == 400
    session = client.cookies["auyl"]
    token = re.search(r'name="token" value="([0-9a-f]+)"', client.get("/sign-out").text)
    assert token is not None
    assert client.post("/sign-out", data={"token": token[1]}).status_code == 303
    again = httpx.get(f"{portal.url}/okrugs", cookies={"auyl": session}, trust_env=False)
    assert again.status_code == 303
    assert portal.audit()[0][:2] == ("akim.shelek", "sign_out")


def test_a_name_typed_into_the_form_does_not_become_markup(portal: Running) -> None:
    client = portal.client()
    answer = portal.sign_in(client, "<script>alert(1)</script>", "not the password at all")
    assert answer.status_code == 401
    assert "<script" not in answer.text


def test_a_revoked_grant_closes_the_page_at_once(portal: Running) -> None:
    client = portal.signed_in("akim.two")
    assert client.get(f"/okrug/{world.TURGEN}").status_code == 200
    with contextlib.closing(psycopg2.connect(portal.owner_dsn)) as conn, conn:
        access.revoke(conn, "akim.two", territory=world.TURGEN, revoked_by="test", reason="moved")
    assert client.get(f"/okrug/{world.TURGEN}").status_code == 403
    assert client.get(f"/okrug/{world.SHELEK}").status_code == 200


def test_the_language_is_kept(portal: Running) -> None:
    client = portal.signed_in("akim.shelek")
    assert 'lang="kk"' in client.get(f"/okrug/{world.SHELEK}").text[:60] or client.headers["Accept-Language"] == "ru"
    assert '<html lang="en">' in client.get(f"/okrug/{world.SHELEK}?lang=en").text
    assert '<html lang="en">' in client.get(f"/okrug/{world.SHELEK}").text
    assert '<html lang="en">' in client.get(f"/okrug/{world.SHELEK}?lang=xx").text
