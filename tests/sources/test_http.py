"""No server over HTTP decides how long we wait, and whatever it sends ends in words."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import ConnectionUnusable, SourceNotReady, SourceUnavailable
from auyl.settings import REPOSITORY
from auyl.sources import PullHistory, rest, soap
from auyl.sources.backoff import retry_after_s
from tests.extracts import PERIOD, jobseeker, page
from tests.sources.conftest import Answer, Answering, Asked, with_options

REST = contracts.load("employment", REPOSITORY / "include")
GATEWAY = {"way": "soap", "service": "population", "filePattern": None, "marker": None, "signature": "unchecked"}
POPULATION = contracts.load("population", REPOSITORY / "include")
SOAP = with_options(POPULATION, **GATEWAY)
Raw = Callable[[bytes], str]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def raw() -> Iterator[Callable[..., str]]:
    """`raw(start, drip)` serves these bytes, then `drip` again and again until nobody reads them; gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def start(begins: bytes, drip: bytes = b"", every_s: float = 0.1) -> str:
        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with connection, contextlib.suppress(OSError):
                        connection.recv(1 << 16)
                        connection.sendall(begins)
                        while drip and not ended.wait(every_s):
                            connection.sendall(drip)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://u:t@127.0.0.1:{listener.getsockname()[1]}"

    yield start
    ended.set()
    listener.close()


class TestTimeLimits:
    """A request ends in time, however slowly its answer drips."""

    @pytest.mark.parametrize(
        "begins",
        [
            b"HTTP/1.1 200 OK\r\nX-Slow: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{",
        ],
    )
    @pytest.mark.parametrize("way", ["rest", "soap"])
    def test_a_byte_at_a_time(self, raw: Callable[..., str], work: Path, begins: bytes, way: str) -> None:
        base, options = (REST, {}) if way == "rest" else (POPULATION, GATEWAY)
        contract = with_options(base, **options, requestTimeoutSeconds=1)
        pull = rest.pull if way == "rest" else soap.pull
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"a whole answer within 1 s; found one that goes on.*Fix: "):
            pull(contract, PERIOD, raw(begins, b"x"), work, PullHistory())
        assert time.monotonic() - started < 5

    def test_a_body_without_length_that_is_cut_by_the_limit_is_not_whole(
        self, raw: Callable[..., str], work: Path
    ) -> None:
        body = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + page([jobseeker(1)])
        contract = with_options(REST, requestTimeoutSeconds=1)
        with pytest.raises(SourceUnavailable, match="within 1 s"):
            rest.pull(contract, PERIOD, raw(body, b" "), work, PullHistory())

    def test_a_whole_pull(self, answering: Answering, work: Path) -> None:
        def reply(asked: Asked) -> Answer:
            time.sleep(0.3)
            at = int(asked.query.get("cursor", 0))
            return Answer(body=json.dumps({"items": [jobseeker(at)], "cursor": at + 1}).encode())

        options = {"page": None, "pages": None, "pageSize": None, "total": None, "paging": "cursor"}
        contract = with_options(REST, **options, pullTimeoutSeconds=1)
        server = answering(reply)
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match="the pull has taken longer than 1 s"):
            rest.pull(contract, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
        assert time.monotonic() - started < 5
        assert 2 <= len(server.asked) <= 5


class TestRetryAfter:
    """A source that is busy is left alone as long as it asks, a day at most."""

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("120", 120),
            ("120.5", 120.5),
            (" 7 ", 7),
            ("0", 0),
            ("86401", 86_400),
            ("999999999", 86_400),
            ("9" * 20, 86_400),
            ("-5", None),
            ("", None),
            ("soon", None),
            ("1e9", None),
            ("0x10", None),
            ("٣", None),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
            ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
            ("2015-10-21T07:28:00Z", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
            ("Fri, 99 Dec 9999 99:99:99 GMT", None),
            ("9" * 400, None),
        ],
    )
    def test_what_the_header_says(self, header: str, seconds: float | None) -> None:
        assert retry_after_s(header) == seconds

    @pytest.mark.parametrize("unit", [1, 1000])
    @pytest.mark.parametrize(("ahead_s", "seconds"), [(600, 600), (-600, 0), (10**7, 86_400)])
    def test_a_moment_in_unix_time(self, unit: int, ahead_s: int, seconds: int) -> None:
        assert retry_after_s(str(int((time.time() + ahead_s) * unit))) == pytest.approx(seconds, abs=5)

    @pytest.mark.parametrize("way", ["rest", "soap"])
    @pytest.mark.parametrize("status", [403, 429, 503])
    @pytest.mark.parametrize("form", ["seconds", "epoch", "date", "year"])
    def test_a_long_pause_is_no_failure(
        self, answering: Answering, work: Path, status: int, form: str, way: str
    ) -> None:
        until = datetime.now(tz=UTC) + timedelta(hours=1)
        asked = {
            "seconds": "3600",
            "epoch": f"{until.timestamp():.0f}",
            "date": f"{until:%a, %d %b %Y %H:%M:%S} GMT",
            "year": "31536000",
        }
        server = answering(lambda _: Answer(status, headers={"Retry-After": asked[form]}))
        contract, pull = (REST, rest.pull) if way == "rest" else (SOAP, soap.pull)
        with pytest.raises(SourceNotReady, match=f"answered {status} and asks to be left alone") as raised:
            pull(contract, PERIOD, f"http://u:t@127.0.0.1:{server.port}", work, PullHistory())
        assert raised.value.again_in_s == pytest.approx(86_400 if form == "year" else 3600, abs=5)
        assert len(server.asked) == 1

    def test_a_short_pause_after_403_is_kept(
        self, answering: Answering, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr(rest.time, "sleep", waits.append)
        answers = iter([Answer(403, headers={"Retry-After": "7"}), Answer(body=page([jobseeker(1)]))])
        server = answering(lambda asked: next(answers))
        assert rest.pull(REST, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory()).files
        assert waits == [7.0]

    def test_a_pause_of_nothing_is_not_believed(
        self, answering: Answering, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr(rest.time, "sleep", waits.append)
        server = answering(lambda asked: Answer(503, headers={"Retry-After": "0"}))
        with pytest.raises(SourceUnavailable, match="in 6 attempts, last: status 503"):
            rest.pull(REST, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
        assert len(waits) == 5
        assert sum(waits) > 4, "longer each time"


class TestExpiredTokens:
    """A token that expired is renewed once, however the source says it."""

    REFUSALS = (
        Answer(401),
        Answer(403),
        Answer(200, b'{"error": "invalid_token"}'),
        Answer(200, b"<html>login</html>"),
        Answer(200, b'{"status": 401, "items": null}'),
    )

    def address(self, port: int) -> str:
        return f"http://c:s@127.0.0.1:{port}/?token_url=http://127.0.0.1:{port}/token"

    @pytest.mark.parametrize("refusal", REFUSALS)
    @pytest.mark.parametrize("expires_at", [1, 2])
    def test_it_is_renewed(self, answering: Answering, work: Path, refusal: Answer, expires_at: int) -> None:
        tokens = iter(["stale", "fresh"])

        def reply(asked: Asked) -> Answer:
            if asked.path == "/token":
                return Answer(200, json.dumps({"access_token": next(tokens)}).encode())
            number = int(asked.query["page"])
            good = asked.headers["Authorization"] == ("Bearer stale" if number < expires_at else "Bearer fresh")
            return Answer(200, page([jobseeker(number)], number, 2, 2)) if good else refusal

        server = answering(reply)
        pulled = rest.pull(with_options(REST, auth="oauth2"), PERIOD, self.address(server.port), work, PullHistory())
        numbers = [json.loads(file.read_bytes())["items"][0]["id"] for file in pulled.files]
        assert numbers == ["j-1", "j-2"]
        assert [asked.path for asked in server.asked].count("/token") == 2

    @pytest.mark.parametrize("refusal", REFUSALS)
    def test_once(self, answering: Answering, work: Path, refusal: Answer, waits: list[int]) -> None:
        server = answering(lambda asked: Answer(200, b'{"access_token": "t"}') if asked.path == "/token" else refusal)
        error, words = (
            (SourceUnavailable, "in 6 attempts") if refusal.status == 200 else (ConnectionUnusable, "refused the token")
        )
        with pytest.raises(error, match=words):
            rest.pull(with_options(REST, auth="oauth2"), PERIOD, self.address(server.port), work, PullHistory())
        assert [asked.path for asked in server.asked].count("/token") == 2

    @pytest.mark.parametrize(
        "answer", [b"[" * 100_000, b'{"access_token": null}', b'{"access_token": {"a": 1}}', b"\xff", b"", b'"t"']
    )
    def test_an_answer_without_a_token(self, answering: Answering, work: Path, waits: list[int], answer: bytes) -> None:
        server = answering(lambda asked: Answer(200, answer))
        with pytest.raises(SourceUnavailable, match="no token in 6 attempts, last: an answer without access_token"):
            rest.pull(with_options(REST, auth="oauth2"), PERIOD, self.address(server.port), work, PullHistory())


class TestWords:
    """What is broken or was never an answer is named; no Python error escapes."""

    @pytest.mark.parametrize(
        ("answer", "trouble"),
        [
            (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", "the line broke|status 302"),
            (b"HTTP/1.1 302 Found\r\nLocation: http://h:999999999/\r\nContent-Length: 0\r\n\r\n", "broke|status 302"),
            (b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe://\xd0\r\nContent-Length: 0\r\n\r\n", "broke|status 302"),
            (b"HTTP/1.1 307 X\r\nLocation: //\r\nContent-Length: 0\r\n\r\n", "broke|status 307"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", "the line broke"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", "the line broke"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}", "the line broke"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "the line broke"),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "the line broke"),
            (b"HTTP/1.1 200 OK\r\n\x00\xff: \x01\r\n\r\n{}", "the line broke"),
            (b"HTTP/1.1 OK\r\n\r\n", "the line broke"),
            (b"SSH-2.0-OpenSSH_9.6\r\n", "the line broke"),
            (b"", "the line broke"),
            (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", "the line broke"),
        ],
    )
    @pytest.mark.parametrize("way", ["rest", "soap"])
    def test_an_answer_that_is_no_http(
        self, raw: Callable[..., str], work: Path, waits: list[int], answer: bytes, trouble: str, way: str
    ) -> None:
        contract, pull = (REST, rest.pull) if way == "rest" else (SOAP, soap.pull)
        with pytest.raises(SourceUnavailable, match=rf"in 6 attempts, last: ({trouble})"):
            pull(contract, PERIOD, raw(answer), work, PullHistory())

    @pytest.mark.parametrize(
        "body",
        [
            b'{"items": ' + b"[" * 100_000,
            b'{"items": [], "page": ' + b"1" * 5000 + b"}",
            b"\xff\xfe",
            b"null",
            b"NaN",
            b'"x"',
            b'{"items": [], "page": [1], "pages": 1, "total": 1}',
            b'{"items": {"a": 1}}',
            b'{"items": [], "page": 1e999, "pages": 1, "total": 1}',
        ],
    )
    def test_a_body_that_is_no_page(self, answering: Answering, work: Path, waits: list[int], body: bytes) -> None:
        server = answering(lambda asked: Answer(body=body))
        with pytest.raises(SourceUnavailable, match="page 1 did not come in 6 attempts, last: "):
            rest.pull(REST, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())

    @pytest.mark.parametrize("body", [b"<a>" * 100_000, b"\xff", b"<a/>", b"&#0;", b"<html>login</html>"])
    def test_a_body_that_is_no_message(self, answering: Answering, work: Path, waits: list[int], body: bytes) -> None:
        server = answering(lambda asked: Answer(body=body))
        with pytest.raises(SourceUnavailable, match="had no whole answer in 6 attempts, last: "):
            soap.pull(SOAP, PERIOD, f"http://u:t@127.0.0.1:{server.port}", work, PullHistory())

    @pytest.mark.parametrize("way", ["rest", "soap"])
    @pytest.mark.parametrize(
        "address",
        [
            "http://:geheim@",
            "ftp://:geheim@127.0.0.1",
            "127.0.0.1:80",
            "",
            "http://:geheim@127.0.0.1:99999999",
            "http://[::1",
            "http://:geheim@a..b\u2024/",
            "http://:geheim@" + "a" * 80 + "\u00e9.kz",
        ],
    )
    def test_an_address_that_is_none(self, work: Path, waits: list[int], address: str, way: str) -> None:
        contract, pull = (REST, rest.pull) if way == "rest" else (SOAP, soap.pull)
        with pytest.raises(ConnectionUnusable) as raised:
            pull(contract, PERIOD, address, work, PullHistory())
        assert "geheim" not in str(raised.value)

    @pytest.mark.parametrize("token", ["%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C", "a%0D%0AX-Evil:%201", "a%00b"])
    def test_a_token_that_cannot_be_sent(self, answering: Answering, work: Path, waits: list[int], token: str) -> None:
        server = answering(lambda asked: Answer(body=page([jobseeker(1)])))
        with pytest.raises(ConnectionUnusable):
            rest.pull(REST, PERIOD, f"http://:{token}@127.0.0.1:{server.port}", work, PullHistory())
        assert server.asked == []

    @pytest.mark.parametrize("url", ["http://[::1", "token", "ftp://h/t", "http://a..b\u2024/"])
    def test_an_address_of_tokens_that_is_none(self, work: Path, waits: list[int], url: str) -> None:
        with pytest.raises(ConnectionUnusable):
            rest.pull(
                with_options(REST, auth="oauth2"),
                PERIOD,
                f"http://c:geheim@127.0.0.1:9/?token_url={url}",
                work,
                PullHistory(),
            )
