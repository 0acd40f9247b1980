"""In real Chromium with JavaScript off, on a phone's screen: what an akim does in the first minute.

AUYL_SCREENSHOTS=<folder> keeps a picture of every page.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.conftest import CATALOGUE, DISTRICT, MONTH, NEIGHBOUR, NEIGHBOUR_RU, OKRUG, OKRUG_KK, Portal

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"
)
PHONE = {"width": 360, "height": 740}
SMALLEST = {"width": 320, "height": 568}


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--no-first-run",
            ],
        )  # fmt: skip
        yield browser
        browser.close()


class Phone:
    """A browser window that keeps pictures and notes what the page complained of."""

    def __init__(self, browser: "sync_api.Browser", portal: Portal, **options: object) -> None:
        self.portal = portal
        settings = {
            "viewport": PHONE,
            "java_script_enabled": False,
            "locale": "kk-KZ",
            "device_scale_factor": 2,
            **options,
        }
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> "sync_api.Page":
        self.page.goto(self.portal.url + path)
        return self.page

    def sign_in(self, principal: str, path: str = "/") -> "sync_api.Page":
        page = self.open(path)
        page.fill("#principal", principal.capitalize())
        page.fill("#password", self.portal.passwords[principal])
        page.click("button")
        return page

    def keep(self, name: str, is_whole: bool = True) -> None:
        if folder := os.environ.get("AUYL_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=is_whole)


@pytest.fixture
def phone(browser: "sync_api.Browser", portal: Portal) -> Iterator[Phone]:
    phone = Phone(browser, portal)
    yield phone
    phone.context.close()
    # refused pages are reported by the console; a blocked style or script must not be
    said = ("Failed to load resource", "Clear-Site-Data")
    assert [c for c in phone.complaints if not any(words in c for words in said)] == []


def wide(page: "sync_api.Page") -> list[str]:
    """Elements that stick out of the screen to the right."""
    return page.evaluate(
        "() => [...document.querySelectorAll('body *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.textContent.trim().slice(0, 40))"
    )


def small(page: "sync_api.Page") -> list[str]:
    """Links and buttons that are too low for a finger."""
    return page.evaluate(
        "() => [...document.querySelectorAll('header a, footer a, .bar a, li a, summary, button')]"
        ".filter(e => e.getBoundingClientRect().height < 38).map(e => e.textContent.trim().slice(0, 40))"
    )


def test_an_akim_signs_in_and_reads_their_own_okrug(phone: Phone) -> None:
    page = phone.open("/")
    phone.keep("sign-in")
    assert page.locator("script").count() == 0
    page = phone.sign_in("akim")
    assert page.url.endswith(f"/okrug/{OKRUG}")
    assert page.locator("html").get_attribute("lang") == "kk"
    assert OKRUG_KK in page.inner_text("h1")
    assert page.locator("h2").count() == len(CATALOGUE.themes)
    assert page.locator("tr.i").count() == len(CATALOGUE.indicators)
    phone.keep("okrug-top", is_whole=False)
    phone.keep("okrug")


def test_the_language_is_switched_by_a_touch_and_stays(phone: Phone) -> None:
    page = phone.sign_in("akim")
    page.click("text=Рус")
    assert page.locator("html").get_attribute("lang") == "ru"
    assert CATALOGUE.themes[0].names["ru"] in page.inner_text("main")
    page.click("footer a")
    assert "Выйти" in page.inner_text("button")
    page.goto(phone.portal.url)
    page.click("text=Eng")
    assert "Arrived within the norm" in page.inner_text("main")
    phone.keep("okrug-en")


def test_where_a_number_comes_from_opens_by_a_touch(phone: Phone) -> None:
    page = phone.sign_in("akim")
    page.click("text=Рус")
    first = page.locator("details").first
    assert not first.locator("dl").is_visible()
    first.locator("summary").click()
    assert "Отвечает" in first.inner_text()
    assert "ГБД «Физические лица»: получено 01.11.2026" in first.inner_text()
    phone.keep("okrug-details", is_whole=False)


def test_another_okrug_is_refused_in_plain_words(phone: Phone) -> None:
    phone.sign_in("akim")
    page = phone.open(f"/okrug/{NEIGHBOUR}?lang=ru")
    assert "Этот адрес не для вас" in page.inner_text("h1")
    phone.keep("refused")
    assert phone.portal.audit()[0] == ("akim", "read", f"okrug {NEIGHBOUR}", "refused")


@pytest.mark.parametrize("who", ["ambulance", "veterinary", "landfill"])
def test_a_coordinator_reads_a_row_for_every_settlement_of_their_district(phone: Phone, who: str) -> None:
    page = phone.sign_in(who)
    page.click("text=Рус")
    assert page.url.split("?")[0].endswith(f"/{who}")
    ((settlements,),) = phone.portal.published.query(
        f"select count(distinct (okrug_kato, settlement_kato)) from serving.{who}_current "
        "where period = %s and okrug_kato like '1940%%'",
        MONTH,
    )
    assert page.locator("tr.i").count() == settlements > 0
    phone.keep(who, is_whole=False)
    phone.page.set_viewport_size({"width": 360, "height": 2000})
    phone.keep(f"{who}-long", is_whole=False)


def test_a_wrong_password_is_reported_and_the_name_stays(phone: Phone) -> None:
    page = phone.open("/?lang=ru")
    page.fill("#principal", "nobody.at.all")
    page.fill("#password", "not the password")
    page.click("button")
    assert "не подошли" in page.inner_text("[role=alert]")
    assert page.input_value("#principal") == "nobody.at.all"
    assert page.input_value("#password") == ""
    phone.keep("sign-in-failed")


def test_who_asked_for_a_page_gets_it_after_signing_in_and_can_leave(phone: Phone) -> None:
    page = phone.sign_in("oblast", f"/okrug/{NEIGHBOUR}?period=2026-09")
    assert page.url.endswith(f"/okrug/{NEIGHBOUR}?period=2026-09")
    phone.open("/okrugs?lang=ru")
    phone.keep("okrugs")
    phone.open("/ambulance")
    phone.keep("ambulance-districts")
    phone.open("/veterinary")
    phone.keep("veterinary-districts")
    phone.open("/sign-out")
    phone.keep("sign-out")
    page.click("button")
    assert page.locator("#password").count() == 1
    page.go_back()  # as the next person does who is handed the phone
    assert NEIGHBOUR_RU not in page.content()
    phone.open("/okrugs")
    assert page.locator("#password").count() == 1


def test_where_one_is_signed_in_and_a_new_password_fit_a_phone(phone: Phone) -> None:
    page = phone.sign_in("akim")
    for path, name in (("/sign-out", "sign-out-everywhere"), ("/password", "password")):
        for lang in ("ru", "kk", "en"):
            page = phone.open(f"{path}?lang={lang}")
            assert wide(page) == []
            assert small(page) == []
            phone.keep(f"{name}-{lang}")
    page.fill("#old", "not the password")
    page.fill("#new", "four words of mine")
    page.fill("#again", "four words of mine")
    page.click("button")
    assert "did not match" in page.inner_text("[role=alert]")
    phone.keep("password-wrong")
    page = phone.open("/okrugs?lang=xx&period=1")
    phone.keep("bad-address")
    page = phone.open("/sign-out?lang=ru")
    page.click("text=Выйти на всех устройствах")
    assert page.locator("#password").count() == 1


@pytest.mark.parametrize("size", [PHONE, SMALLEST], ids=["360", "320"])
@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
def test_nothing_scrolls_sideways_and_everything_can_be_touched(
    browser: "sync_api.Browser", portal: Portal, size: dict, lang: str
) -> None:
    phone = Phone(browser, portal, viewport=size)
    phone.sign_in("oblast")
    for path in (
        f"/okrug/{OKRUG}?full=1&",
        "/okrugs?",
        "/ambulance?",
        f"/ambulance?district={DISTRICT}&",
        f"/veterinary?district={DISTRICT}&",
    ):
        page = phone.open(f"{path}lang={lang}")
        assert wide(page) == [], path
        assert small(page) == [], path
    phone.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: "sync_api.Browser", portal: Portal, scheme: str) -> None:
    """WCAG 2.1 AA: contrast of at least 4.5 for every text."""
    phone = Phone(browser, portal, color_scheme=scheme, java_script_enabled=True)
    page = phone.sign_in("akim")
    phone.open(f"/okrug/{OKRUG}?lang=ru&full=1")
    phone.keep(f"okrug-{scheme}", is_whole=False)
    poor = page.evaluate(CONTRAST)
    phone.context.close()
    assert poor == []


CONTRAST = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = rgb(colour).slice(0, 3).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [dark, bright] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => x - y);
    const ratio = (bright + .05) / (dark + .05);
    if (ratio < 4.5) poor.push(e.textContent.trim().slice(0, 30) + ' ' + ratio.toFixed(1));
  }
  return poor;
}"""


def test_the_page_prints(browser: "sync_api.Browser", portal: Portal, tmp_path: Path) -> None:
    phone = Phone(browser, portal)
    phone.sign_in("akim")
    page = phone.open(f"/okrug/{OKRUG}?lang=ru&full=1")
    page.emulate_media(media="print")
    assert not page.locator("footer").is_visible()
    assert page.locator("dl").last.is_visible()
    assert page.get_by_text("Данные за октябрь 2026").is_visible()
    phone.keep("okrug-print", is_whole=False)
    pdf = page.pdf(format="A4")
    phone.context.close()
    assert pdf.startswith(b"%PDF")
    if folder := os.environ.get("AUYL_SCREENSHOTS"):
        (Path(folder) / "okrug.pdf").write_bytes(pdf)
