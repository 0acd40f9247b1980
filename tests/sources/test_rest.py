"""A REST source is asked until its answer is whole, politely, and given up in words when it never is."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization

from auyl import contracts, intake, ledger
from auyl.errors import ConnectionUnusable, SourceNotReady, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, rest
from auyl.sources.backoff import AttemptFailed, Backoff, retry_after_s
from auyl.store import paths
from auyl.store.lake import Lake
from lab.simulated_sources.gateway import pem, self_signed
from tests.extracts import PERIOD, jobseeker, page
from tests.sources.conftest import Adopt, Answer, Answering, Asked, Serve, SourceServer, with_options

CONTRACT = contracts.load("employment", REPOSITORY / "include")
PAGES = 8


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    """Eight pages of five items: enough for each kind of fault once."""
    folder = tmp_path / "extracts" / PERIOD / "employment"
    folder.mkdir(parents=True)
    for number in range(1, PAGES + 1):
        items = [jobseeker(10 * number + n) for n in range(5)]
        (folder / f"page-{number:05d}.json").write_bytes(page(items, number, PAGES, 5 * PAGES))
    return tmp_path / "extracts"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("faults", ["none", "some"])
def test_all_pages_arrive_unchanged_whatever_requests_fail(
    serve: Serve, extracts: Path, work: Path, faults: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest.time, "sleep", waits.append)
    pulled = rest.pull(CONTRACT, PERIOD, serve(extracts, faults), work, PullHistory())
    served = sorted((extracts / PERIOD / "employment").iterdir())
    assert [f.read_bytes() for f in pulled.files] == [f.read_bytes() for f in served]
    # Six kinds of fault, each at least once; two of them say Retry-After: 1.
    if faults == "none":
        assert waits == []
    else:
        assert len(waits) >= 6
        assert waits.count(1.0) >= 2


def test_a_wrong_token_fails_at_once_and_is_not_shown(serve: Serve, extracts: Path, work: Path) -> None:
    with pytest.raises(ConnectionUnusable, match="refused the token with 401") as raised:
        rest.pull(CONTRACT, PERIOD, serve(extracts, token="a-secret-of-ours"), work, PullHistory())
    assert "a-secret-of-ours" not in str(raised.value)


def test_lost_items_are_noticed(serve: Serve, extracts: Path, work: Path) -> None:
    last = extracts / PERIOD / "employment" / f"page-{PAGES:05d}.json"
    cut = json.loads(last.read_bytes())
    cut["items"] = cut["items"][:-2]
    last.write_text(json.dumps(cut))
    with pytest.raises(SourceUnavailable, match="says 40 items and gave 38"):
        rest.pull(CONTRACT, PERIOD, serve(extracts), work, PullHistory())


def test_a_source_that_is_down_lands_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest.time, "sleep", lambda _: None)
    with pytest.raises(SourceUnavailable, match=r"page 1 did not come in 6 attempts, last: the line broke"):
        intake.pull("employment", PERIOD, lambda _: "http://:t@127.0.0.1:9", settings)
    assert Lake(settings.lake).zones() == [paths.MARK]


def test_from_the_server_to_stage(serve: Serve, extracts: Path, settings: Settings) -> None:
    address = serve(extracts)
    delivery = intake.pull("employment", PERIOD, lambda name: {"employment_api": address}[name], settings)
    result = intake.load(delivery, settings)
    assert (result.status, result.rows_in, result.staged) == ("accepted", 40, 40)
    assert intake.pull("employment", PERIOD, lambda _: address, settings) == delivery


class TestEtags:
    """Unchanged pages are not sent again."""

    def server(self, answering: Answering, pages: dict[int, bytes]) -> SourceServer:
        def reply(asked: Asked) -> Answer:
            body = pages[int(asked.query["page"])]
            tag = f'"{hashlib.sha256(body).hexdigest()}"'
            if asked.headers.get("If-None-Match") == tag:
                return Answer(304, headers={"ETag": tag})
            return Answer(200, body, {"ETag": tag})

        return answering(reply)

    def test_nothing_new_is_no_delivery_and_only_a_changed_page_is_fetched(
        self, answering: Answering, settings: Settings
    ) -> None:
        pages = {n: page([jobseeker(10 * n), jobseeker(10 * n + 1)], n, 3, 6) for n in (1, 2, 3)}
        server = self.server(answering, pages)
        address = f"http://:t@127.0.0.1:{server.port}"
        first = intake.pull("employment", PERIOD, lambda _: address, settings)
        assert intake.pull("employment", PERIOD, lambda _: address, settings) == first
        assert len(server.asked) == 6

        pages[2] = page([jobseeker(20), jobseeker(99)], 2, 3, 6)
        second = intake.pull("employment", PERIOD, lambda _: address, settings)
        folder = Path(settings.lake) / ledger.delivery(settings, second).landing_path
        assert [(folder / f"page-{n:05d}.json").read_bytes() for n in (1, 2, 3)] == list(pages.values())
        evidence = json.loads((folder / "manifest.json").read_text())["evidence"]
        assert (evidence["fetched"], evidence["requests"]) == (1, 3)
        assert intake.load(second, settings).staged == 6

    def test_a_list_with_one_more_page_is_a_new_delivery(self, answering: Answering, work: Path) -> None:
        pages = {1: page([jobseeker(1)], 1, 1, 1)}
        server = self.server(answering, pages)
        address = f"http://:t@127.0.0.1:{server.port}"
        first = rest.pull(CONTRACT, PERIOD, address, work, PullHistory())
        pages |= {1: page([jobseeker(1)], 1, 2, 2), 2: page([jobseeker(2)], 2, 2, 2)}
        second = rest.pull(CONTRACT, PERIOD, address, work, PullHistory(first.watermark))
        assert (len(second.files), second.is_unchanged) == (2, False)
        other = with_options(CONTRACT, pageSize=7)
        again = rest.pull(other, PERIOD, address, work, PullHistory(second.watermark))
        assert len(again.files) == 2, "tags of another way to ask are not used"


class TestPaging:
    """By number, by cursor, by the next page's address."""

    items = tuple([jobseeker(10 * n + k) for k in range(2)] for n in range(3))

    def contract(self, **options: object) -> contracts.Contract:
        return with_options(CONTRACT, **{"page": None, "pages": None, "pageSize": None} | options)

    def pull(self, answering: Answering, work: Path, reply: Callable[[Asked], Answer], **options: object) -> list[Path]:
        server = answering(reply)
        return rest.pull(
            self.contract(**options), PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory()
        ).files

    def test_cursor(self, answering: Answering, work: Path) -> None:
        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("after", "c0")[1:])
            body = {"items": self.items[at], "total": 6, "cursor": f"c{at + 1}" if at < 2 else None}
            return Answer(body=json.dumps(body).encode())

        files = self.pull(answering, work, reply, paging="cursor", cursorParameter="after")
        assert [json.loads(f.read_bytes())["items"] for f in files] == list(self.items)

    def test_cursor_that_leads_back_is_noticed(self, answering: Answering, work: Path) -> None:
        counter = iter(range(100))

        def reply(asked: Asked) -> Answer:
            return Answer(body=json.dumps({"items": [{"id": next(counter)}], "cursor": "same"}).encode())

        with pytest.raises(SourceUnavailable, match="page 2 leads to the same next page as 1"):
            self.pull(answering, work, reply, paging="cursor")

    def test_the_same_page_at_another_address_is_noticed(self, answering: Answering, work: Path) -> None:
        def reply(asked: Asked) -> Answer:
            link = f"<{asked.path}?n={int(asked.query.get('n', 0)) + 1}>; rel=next"
            return Answer(body=json.dumps({"items": self.items[0]}).encode(), headers={"Link": link})

        with pytest.raises(SourceUnavailable, match="page 2 is page 1 again"):
            self.pull(answering, work, reply, paging="next")

    @pytest.mark.parametrize("where", ["body", "header", "absolute"])
    def test_next(self, answering: Answering, work: Path, where: str) -> None:
        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("at", 0))
            body: dict[str, object] = {"items": self.items[at], "total": 6}
            link = f"{asked.path}?at={at + 1}" if at < 2 else None
            if link and where == "absolute":
                link = f"http://{asked.headers['Host']}{link}"
            if where == "header":
                return Answer(body=json.dumps(body).encode(), headers={"Link": f'<{link}>; rel="next"'} if link else {})
            return Answer(body=json.dumps(body | {"next": link}).encode())

        files = self.pull(answering, work, reply, paging="next", next=None if where == "header" else "next")
        assert [json.loads(f.read_bytes())["items"] for f in files] == list(self.items)

    def test_the_token_is_not_sent_to_another_server(self, answering: Answering, work: Path) -> None:
        other = answering(lambda asked: Answer(body=b"{}"))

        def reply(asked: Asked) -> Answer:
            return Answer(
                body=json.dumps({"items": self.items[0], "next": f"http://127.0.0.1:{other.port}/x"}).encode()
            )

        with pytest.raises(SourceUnavailable, match="which is not asked"):
            self.pull(answering, work, reply, paging="next", next="next")
        assert other.asked == []

    def test_pages_without_end_are_an_error(self, answering: Answering, work: Path) -> None:
        counter = iter(range(100))

        def reply(asked: Asked) -> Answer:
            n = next(counter)
            return Answer(body=json.dumps({"items": [{"id": n}], "cursor": str(n)}).encode())

        with pytest.raises(SourceUnavailable, match="5 pages and no end"):
            self.pull(answering, work, reply, paging="cursor", maxPages=5)

    def test_cursor_from_the_server_to_stage(self, answering: Answering, settings: Settings, adopt: Adopt) -> None:
        changed = adopt(settings, "employment", paging="cursor", page=None, pages=None, pageSize=None)

        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("cursor", 0))
            body = {"period": PERIOD, "items": self.items[at], "total": 6, "cursor": at + 1 if at < 2 else None}
            return Answer(body=json.dumps(body).encode())

        server = answering(reply)
        delivery = intake.pull("employment", PERIOD, lambda _: f"http://:t@127.0.0.1:{server.port}", changed)
        assert intake.load(delivery, changed).staged == 6


class TestCredentials:
    """They come only from the connection and go only to its server."""

    def reply(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            ok = asked.headers.get("Authorization") == "Basic " + base64.b64encode(b"client:geheim").decode()
            grant = dict(parse_qsl(asked.body.decode()))
            assert grant == {"grant_type": "client_credentials", "scope": "jobs"}
            return Answer(200, b'{"access_token": "fresh"}') if ok else Answer(401, b"{}")
        good = asked.headers.get("Authorization") == "Bearer fresh" or asked.headers.get("X-Key") == "geheim"
        return Answer(200, page([jobseeker(1)])) if good else Answer(401, b"{}")

    def test_client_credentials(self, answering: Answering, work: Path) -> None:
        server = answering(self.reply)
        contract = with_options(CONTRACT, auth="oauth2", scope="jobs")
        host = f"127.0.0.1:{server.port}"
        address = f"http://client:geheim@{host}/?token_url=http%3A%2F%2F{host.replace(':', '%3A')}%2Ftoken"
        assert rest.pull(contract, PERIOD, address, work, PullHistory()).files
        assert [asked.path for asked in server.asked] == ["/token", "/api/v1/jobseekers"]
        assert "token_url" not in server.asked[1].query
        with pytest.raises(ConnectionUnusable, match="client credentials") as raised:
            rest.pull(contract, PERIOD, address.replace("geheim", "verkehrt"), work, PullHistory())
        assert "verkehrt" not in str(raised.value)
        with pytest.raises(ConnectionUnusable, match="token_url"):
            rest.pull(contract, PERIOD, address.split("?")[0], work, PullHistory())

    def test_an_expired_token_is_renewed_once(self, answering: Answering, work: Path) -> None:
        tokens = iter(["stale", "fresh"])

        def reply(asked: Asked) -> Answer:
            if asked.path == "/token":
                return Answer(200, json.dumps({"access_token": next(tokens)}).encode())
            number = int(asked.query["page"])
            good = asked.headers["Authorization"] == ("Bearer stale" if number == 1 else "Bearer fresh")
            return Answer(200, page([jobseeker(number)], number, 2, 2)) if good else Answer(401)

        server = answering(reply)
        contract = with_options(CONTRACT, auth="oauth2")
        address = f"http://c:s@127.0.0.1:{server.port}/?token_url=http://127.0.0.1:{server.port}/token"
        assert len(rest.pull(contract, PERIOD, address, work, PullHistory()).files) == 2

    def test_a_server_that_is_not_trusted_does_not_get_the_token(
        self, answering: Answering, work: Path, tmp_path: Path
    ) -> None:
        key, certificate = self_signed("127.0.0.1")
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / "server.pem").write_text(text.decode() + pem(certificate))
        server = answering(lambda asked: Answer(body=page([jobseeker(1)])), tls=tmp_path / "server.pem")
        address = f"https://:geheim@127.0.0.1:{server.port}/"
        with pytest.raises(ConnectionUnusable, match="whose certificate is trusted"):
            rest.pull(CONTRACT, PERIOD, address, work, PullHistory())
        assert server.asked == []
        (tmp_path / "ca.pem").write_text(pem(certificate))
        assert rest.pull(CONTRACT, PERIOD, f"{address}?ca_file={tmp_path}/ca.pem", work, PullHistory()).files
        with pytest.raises(ConnectionUnusable, match="certificates in PEM"):
            rest.pull(CONTRACT, PERIOD, f"{address}?ca=none", work, PullHistory())

    def test_a_key_in_a_header(self, answering: Answering, work: Path) -> None:
        server = answering(self.reply)
        contract = with_options(CONTRACT, auth="header", tokenHeader="X-Key")
        assert rest.pull(contract, PERIOD, f"http://:geheim@127.0.0.1:{server.port}", work, PullHistory()).files


class TestPoliteness:
    """A source is not asked more often than it allows."""

    def test_a_long_retry_after_ends_the_pull(self, answering: Answering, work: Path) -> None:
        server = answering(lambda asked: Answer(429, headers={"Retry-After": "3600"}))
        with pytest.raises(SourceNotReady, match="left alone for 3600 s") as raised:
            rest.pull(CONTRACT, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
        assert raised.value.again_in_s == 3600
        assert len(server.asked) == 1

    def test_the_least_time_between_two_requests(
        self, answering: Answering, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr(rest.time, "sleep", waits.append)
        pages = {n: page([jobseeker(n)], n, 3, 3) for n in (1, 2, 3)}
        server = answering(lambda asked: Answer(body=pages[int(asked.query["page"])]))
        contract = with_options(CONTRACT, minIntervalSeconds=5)
        rest.pull(contract, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
        assert len(waits) == 2
        assert all(4 < wait <= 5 for wait in waits)

    @pytest.mark.parametrize(("failures", "middle_s"), [(0, 0.2), (1, 0.4), (2, 0.8), (3, 1.6), (4, 3.2)])
    def test_each_wait_is_twice_as_long_give_or_take_a_quarter(self, failures: int, middle_s: float) -> None:
        waits = set()
        for _ in range(50):
            backoff = Backoff("no answer", CONTRACT.broke_off)
            waits.add([backoff.next_wait_s(AttemptFailed("broken")) for _ in range(failures + 1)][-1])
        assert len(waits) > 40, "clients that failed together must not return together"
        assert all(0.75 * middle_s <= wait <= 1.25 * middle_s for wait in waits)

    def test_the_sixth_failure_in_a_row_is_the_last(self) -> None:
        backoff = Backoff("no answer", CONTRACT.broke_off)
        for _ in range(5):
            backoff.next_wait_s(AttemptFailed("broken"))
        with pytest.raises(
            SourceUnavailable, match="expected a whole answer; found no answer in 6 attempts, last: status 500"
        ):
            backoff.next_wait_s(AttemptFailed("status 500"))

    def test_progress_starts_the_count_again(self) -> None:
        backoff = Backoff("no answer", CONTRACT.broke_off)
        for _ in range(20):
            assert backoff.next_wait_s(AttemptFailed("broken")) < 0.3
            backoff.reset()

    def test_a_wait_that_the_source_asks_for_is_obeyed_up_to_half_a_minute(self) -> None:
        assert Backoff("no answer", CONTRACT.broke_off).next_wait_s(AttemptFailed("busy", 7.0)) == 7
        assert Backoff("no answer", CONTRACT.broke_off).next_wait_s(AttemptFailed("busy", 3600.0)) == 30

    @pytest.mark.parametrize(
        ("header", "seconds"), [("7", 7), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("٣", None)]
    )
    def test_retry_after(self, header: str, seconds: float | None) -> None:
        assert retry_after_s(header) == seconds


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer(200, b" \n"), "an empty body"), (Answer(200, b'{"items": ['), "not whole JSON"),
        (Answer(200, page([jobseeker(1)]), cut=40), "the line broke"), (Answer(200, b"[]"), "no list «items»"),
        (Answer(200, page([jobseeker(1)], number=3)), "page 3 when page 1 was asked for"),
        (Answer(200, b'{"items": []}'), "does not say its number"), (Answer(302), "status 302"),
        (Answer(200, b'{"items": [], "page": 1, "pages": "many", "total": 1}'), "in numbers"),
        (Answer(200, b" " * (rest.MAX_PAGE_BYTES // 8 + 1) + b"{}"), "more than"), (Answer(500, b"{}"), "status 500"),
    ],
)  # fmt: skip
def test_an_unusable_answer_is_requested_again_and_reported(
    answering: Answering, work: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, trouble: str
) -> None:
    monkeypatch.setattr(rest.time, "sleep", lambda _: None)
    monkeypatch.setattr(rest, "MAX_PAGE_BYTES", rest.MAX_PAGE_BYTES // 8)
    server = answering(lambda asked: answer)
    with pytest.raises(SourceUnavailable, match=rf"6 attempts, last: .*{trouble}.*nothing was landed"):
        rest.pull(CONTRACT, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
    assert len(server.asked) == 6
    assert list(work.iterdir()) == []
