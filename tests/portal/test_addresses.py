"""Whatever is typed into an address or a form: a page, a refusal that is written down, never a failure."""

import itertools
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portal.conftest import DISTRICT, OKRUG, Portal

PATHS = ["/", "/okrugs", f"/okrug/{OKRUG}", "/ambulance", "/veterinary", "/landfill", "/sign-out", "/password"]
PARAMETERS = ["lang", "period", "district", "full", "next", "utm_source"]
ADDRESSES = (f"172.16.{n // 250}.{n % 250 + 1}" for n in itertools.count())
bytes_of_text = st.one_of(
    st.binary(max_size=12), st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture(scope="module")
def oblast(portal: Portal) -> httpx.Client:
    return portal.signed_in("oblast")


def refusals(portal: Portal, address: str) -> list[tuple]:
    return portal.published.query(
        "select principal, action, outcome from access.audit where client_address = %s::inet", address
    )


@pytest.mark.parametrize(
    "query",
    [
        "district=%00", "district=%FF%FE", f"district={DISTRICT}0", "district=1e8", "district=-1", "district=",
        f"district={DISTRICT}&district=193600000", "period=%00", "period=2026-13", "period=2026-1", "period=%D9%A2",
        "period=99999999999999999999-01", "period=2026-10%0A", "full=true", "lang=xx", "lang=kk%00", "lang=../kk",
        "next=https://x", "next=%0d%0aSet-Cookie:x", "other=%00", "%00=1", "other=%ED%A0%80", "a=" + "x" * 2000,
        "&".join(f"p{n}=1" for n in range(30)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["oblast", None])
def test_a_parameter_of_another_form_is_refused_and_written_down(
    portal: Portal, oblast: httpx.Client, who: str | None, query: str
) -> None:
    address = next(ADDRESSES)
    client = oblast if who else portal.client()
    answer = client.get(f"/ambulance?{query}", headers={"X-Forwarded-For": address})
    assert answer.status_code == 400
    assert "набран неверно" in answer.text or "wrong" in answer.text or "қате" in answer.text
    assert refusals(portal, address) == [(who, "request", "refused")]


@quickly
@given(st.sampled_from(PATHS), st.lists(st.tuples(st.sampled_from(PARAMETERS), bytes_of_text), max_size=3))
def test_no_query_makes_a_page_fail(
    portal: Portal, oblast: httpx.Client, path: str, query: list[tuple[str, bytes]]
) -> None:
    address = next(ADDRESSES)
    answer = oblast.get(f"{path}?{urlencode(query)}", headers={"X-Forwarded-For": address})
    assert answer.status_code in (200, 303, 400, 403, 404)
    if answer.status_code == 400:
        assert refusals(portal, address) == [("oblast", "request", "refused")]


@quickly
@given(st.sampled_from(["/", "/okrug/", "/okrug/../", "/ambulance/"]), bytes_of_text)
def test_no_path_makes_a_page_fail(portal: Portal, oblast: httpx.Client, start: str, rest: bytes) -> None:
    answer = oblast.get(f"{start}{quote(rest, safe='')}", headers={"X-Forwarded-For": next(ADDRESSES)})
    assert answer.status_code in (200, 303, 400, 403, 404)
    if any(byte < 32 for byte in rest):
        assert answer.status_code == 400


@settings(quickly, max_examples=30)
@given(
    st.sampled_from(["/", "/sign-out", "/password"]),
    st.dictionaries(
        st.sampled_from(["principal", "password", "token", "next", "old", "new", "again", "everywhere", "x"]),
        bytes_of_text,
    ),
)
def test_no_form_makes_a_page_fail_or_changes_anything(
    portal: Portal, oblast: httpx.Client, path: str, form: dict[str, bytes]
) -> None:
    address = next(ADDRESSES)
    headers = {"X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded"}
    assert oblast.post(path, content=urlencode(form), headers=headers).status_code == 400
    assert refusals(portal, address) == [("oblast", "request", "refused")]
    assert oblast.get("/okrugs").status_code == 200


@pytest.mark.parametrize("principal", ["\0", "a" * 500, "ә" * 63, "';--", "\u202eakim", "\ufffd", " ", "\ud7ff"])
def test_no_name_makes_signing_in_fail(portal: Portal, principal: str) -> None:
    answer = portal.sign_in(portal.client(), principal, "not the password")
    assert answer.status_code == (400 if principal == "\0" else 401)


def test_whoever_asks_nonsense_all_day_fills_no_audit(portal: Portal) -> None:
    client = portal.client()
    for _ in range(40):
        assert client.get("/okrugs?period=x").status_code == 400
    assert len(refusals(portal, client.headers["X-Forwarded-For"])) == 30


def test_cookies_and_languages_of_any_kind_are_borne(portal: Portal) -> None:
    client = portal.client()
    for cookie in (b"auyl=\xff\xfe; lang=\x01", b"auyl=" + b"x" * 3000, b"auyl-device=%00; lang=zz", b"=;;=", b"auyl"):
        answer = client.get("/okrugs", headers=[(b"Cookie", cookie), (b"Accept-Language", b"\xff, ;q=,,kk-\x01")])
        assert answer.status_code in (303, 400)
