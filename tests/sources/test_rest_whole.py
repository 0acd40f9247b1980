"""A pull over REST is one whole: pages that shift while they are read are read again, or refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, rest
from auyl.store import paths
from auyl.store.lake import Lake
from tests.extracts import PERIOD, jobseeker, page
from tests.sources.conftest import Adopt, Answer, Answering, Asked, SourceServer, with_options

CONTRACT = contracts.load("employment", REPOSITORY / "include")
NO_NUMBERS = {"page": None, "pages": None, "pageSize": None}
Items = list[dict[str, object]]
Readings = Callable[[int], list[Items]]

pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def numbered(answering: Answering, pages_of: Readings, total: int | None = None) -> str:
    """Serve numbered pages; `pages_of(n)` are those of the n-th reading, from 0."""
    reading = -1

    def reply(asked: Asked) -> Answer:
        nonlocal reading
        number = int(asked.query["page"])
        reading += number == 1
        pages = pages_of(reading)
        count = sum(map(len, pages)) if total is None else total
        return Answer(body=page(pages[number - 1], number, len(pages), count))

    return f"http://:t@127.0.0.1:{answering(reply).port}"


def ids(files: list[Path]) -> list[str]:
    return [item["id"] for file in files for item in json.loads(file.read_bytes())["items"]]


def seekers(*numbers: int) -> Items:
    return [jobseeker(n) for n in numbers]


class TestTheSameRecordOnTwoPages:
    """Another one is missing."""

    def test_pages_that_shifted_are_read_again(self, answering: Answering, work: Path) -> None:
        shifted, steady = [seekers(1, 2), seekers(2, 3)], [seekers(0, 1), seekers(2, 3)]
        where = numbered(answering, lambda reading: shifted if reading == 0 else steady)
        pulled = rest.pull(CONTRACT, PERIOD, where, work, PullHistory())
        assert ids(pulled.files) == ["j-0", "j-1", "j-2", "j-3"]
        assert (pulled.evidence["readings"], pulled.evidence["requests"]) == (2, 4)

    def test_what_never_becomes_whole_is_refused_and_recorded(self, answering: Answering, settings: Settings) -> None:
        where = numbered(answering, lambda reading: [seekers(1, 2), seekers(2, 3)])
        with pytest.raises(
            ExtractRefused, match=r"page-00002.json: expected each record on one page.*found 1 records of"
        ):
            intake.pull("employment", PERIOD, lambda _: where, settings)
        assert Lake(settings.lake).zones() == [paths.MARK]
        assert [row["registry"] for row in ledger.arrivals(settings) if row["refused_at"]] == ["employment"]

    @pytest.mark.parametrize("paging", ["cursor", "next"])
    def test_also_where_pages_are_not_numbered(self, answering: Answering, work: Path, paging: str) -> None:
        pages = [seekers(1, 2), seekers(3, 1), seekers(5, 6)]

        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("cursor", 0))
            after = at + 1 if at < 2 else None
            link = f"{asked.path}?cursor={after}" if after else None
            return Answer(body=json.dumps({"items": pages[at], "cursor": after, "next": link}).encode())

        contract = with_options(CONTRACT, **NO_NUMBERS, total=None, paging=paging, next="next")
        where = f"http://:t@127.0.0.1:{answering(reply).port}"
        with pytest.raises(ExtractRefused, match="1 records of earlier pages again on page 2"):
            rest.pull(contract, PERIOD, where, work, PullHistory())

    def test_twice_on_one_page_is_the_source_s_own(self, answering: Answering, work: Path) -> None:
        where = numbered(answering, lambda reading: [seekers(1, 2, 2), seekers(3)])
        pulled = rest.pull(CONTRACT, PERIOD, where, work, PullHistory())
        assert ids(pulled.files) == ["j-1", "j-2", "j-2", "j-3"]
        assert pulled.evidence["readings"] == 1

    def test_with_other_values_it_changed_while_it_was_read(self, answering: Answering, work: Path) -> None:
        def pages_of(reading: int) -> list[Items]:
            moved = jobseeker(2, status="PLACED", placementKind=f"{reading}")
            return [seekers(1, 2), [moved, jobseeker(3)]]

        with pytest.raises(ExtractRefused, match="1 records twice, with other values"):
            rest.pull(CONTRACT, PERIOD, numbered(answering, pages_of), work, PullHistory())

    def test_with_other_values_in_two_equal_readings_it_is_the_source_s_own(
        self, answering: Answering, work: Path
    ) -> None:
        pages = [seekers(1, 2), [jobseeker(2, status="PLACED"), jobseeker(3)]]
        pulled = rest.pull(CONTRACT, PERIOD, numbered(answering, lambda reading: pages), work, PullHistory())
        assert ids(pulled.files) == ["j-1", "j-2", "j-2", "j-3"]
        assert pulled.evidence["readings"] == 2

    def test_two_records_of_one_person_are_no_repetition(self, answering: Answering, work: Path) -> None:
        again = jobseeker(2) | {"id": "j-9", "registeredAt": "2026-10-05"}
        pulled = rest.pull(
            CONTRACT, PERIOD, numbered(answering, lambda reading: [seekers(1, 2), [again]]), work, PullHistory()
        )
        assert ids(pulled.files) == ["j-1", "j-2", "j-9"]
        assert pulled.evidence["readings"] == 1


class TestCounts:
    """Pages agree with each other about how many there are."""

    def test_a_list_that_grows_while_it_is_read_is_read_again(self, answering: Answering, work: Path) -> None:
        bodies = iter([page(seekers(1, 2), 1, 2, 4), page(seekers(3, 4), 2, 3, 5), page(seekers(5), 3, 3, 5)])
        whole = {1: page(seekers(1, 2), 1, 3, 5), 2: page(seekers(3, 4), 2, 3, 5), 3: page(seekers(5), 3, 3, 5)}
        server = answering(lambda asked: Answer(body=next(bodies, None) or whole[int(asked.query["page"])]))
        pulled = rest.pull(CONTRACT, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
        assert [file.read_bytes() for file in pulled.files] == list(whole.values())
        assert len(server.asked) == 6

    def test_a_list_that_shrinks_leaves_no_page_of_the_first_reading(self, answering: Answering, work: Path) -> None:
        where = numbered(
            answering, lambda n: [seekers(1), seekers(2), seekers(2)] if n == 0 else [seekers(1), seekers(2)]
        )
        pulled = rest.pull(CONTRACT, PERIOD, where, work, PullHistory())
        assert ids(pulled.files) == ["j-1", "j-2"]
        assert sorted(file.name for file in work.iterdir()) == ["page-00001.json", "page-00002.json"]

    def test_counts_that_never_agree_are_given_up(self, answering: Answering, work: Path) -> None:
        where = numbered(answering, lambda reading: [seekers(1, 2), seekers(3)], total=4)
        with pytest.raises(SourceUnavailable, match="says 4 items and gave 3 on 2 pages"):
            rest.pull(CONTRACT, PERIOD, where, work, PullHistory())

    @pytest.mark.parametrize("total", [{"value": 2}, "2 записи", [2], True, 2.5, float("inf")])
    def test_a_count_that_is_none_is_no_python_error(self, answering: Answering, work: Path, total: object) -> None:
        body = json.loads(page(seekers(1, 2))) | {"total": total}
        server = answering(lambda asked: Answer(body=json.dumps(body).encode()))
        with pytest.raises(SourceUnavailable, match="does not say in numbers"):
            rest.pull(CONTRACT, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())

    def test_numbers_as_text_are_read(self, answering: Answering, work: Path) -> None:
        body = json.loads(page(seekers(1, 2))) | {"page": "1", "pages": "1", "total": "2"}
        server = answering(lambda asked: Answer(body=json.dumps(body).encode()))
        where = f"http://:t@127.0.0.1:{server.port}"
        assert ids(rest.pull(CONTRACT, PERIOD, where, work, PullHistory()).files) == ["j-1", "j-2"]


class TestNotModified:
    """Status 304 hides no page."""

    def linked(self, answering: Answering, pages: list[Items], link_in_304: bool) -> SourceServer:
        """Pages that lead to each other in the Link header; an ETag is that of the body alone."""

        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("at", 0))
            body = json.dumps({"items": pages[at]}).encode()
            headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'}
            link = {"Link": f'<{asked.path}?at={at + 1}>; rel="next"'} if at + 1 < len(pages) else {}
            if asked.headers.get("If-None-Match") == headers["ETag"]:
                return Answer(304, headers=headers | (link if link_in_304 else {}))
            return Answer(body=body, headers=headers | link)

        return answering(reply)

    @pytest.mark.parametrize("link_in_304", [True, False])
    @pytest.mark.parametrize("before", [1, 2, 3])
    def test_a_new_page_behind_unchanged_ones_is_seen(
        self, answering: Answering, settings: Settings, adopt: Adopt, before: int, link_in_304: bool
    ) -> None:
        changed = adopt(settings, "employment", **NO_NUMBERS, total=None, paging="next")
        pages = [seekers(2 * n, 2 * n + 1) for n in range(before)]
        server = self.linked(answering, pages, link_in_304)
        where = f"http://:t@127.0.0.1:{server.port}"
        first = intake.pull("employment", PERIOD, lambda _: where, changed)
        assert intake.pull("employment", PERIOD, lambda _: where, changed) == first
        pages += [seekers(90), seekers(91)]
        second = intake.pull("employment", PERIOD, lambda _: where, changed)
        folder = Path(changed.lake) / ledger.delivery(changed, second).landing_path
        assert ids(sorted(folder.glob("page-*.json"))) == [item["id"] for items in pages for item in items]

    def test_the_first_page_is_always_asked_for_whole(self, answering: Answering, settings: Settings) -> None:
        counts: dict[str, Any] = {"pages": 1, "total": 1}

        def reply(asked: Asked) -> Answer:
            number = int(asked.query["page"])
            # An ETag made of the items says nothing about their number.
            headers = {"ETag": f'"items-{number}"'}
            if asked.headers.get("If-None-Match") == headers["ETag"]:
                return Answer(304, headers=headers)
            return Answer(body=page(seekers(number), number, counts["pages"], counts["total"]), headers=headers)

        where = f"http://:t@127.0.0.1:{answering(reply).port}"
        first = intake.pull("employment", PERIOD, lambda _: where, settings)
        counts |= {"pages": 2, "total": 2}
        second = intake.pull("employment", PERIOD, lambda _: where, settings)
        assert second != first
        folder = Path(settings.lake) / ledger.delivery(settings, second).landing_path
        assert ids(sorted(folder.glob("page-*.json"))) == ["j-1", "j-2"]

    def test_a_record_of_an_unchanged_page_on_a_new_one_is_noticed(
        self, answering: Answering, settings: Settings, adopt: Adopt
    ) -> None:
        changed = adopt(settings, "employment", **NO_NUMBERS, total=None, paging="next")
        pages = [seekers(1, 2), seekers(3, 4), seekers(5)]
        where = f"http://:t@127.0.0.1:{self.linked(answering, pages, True).port}"
        assert intake.pull("employment", PERIOD, lambda _: where, changed)
        pages.append(seekers(4, 6))
        with pytest.raises(ExtractRefused, match="1 records of earlier pages again on page 4"):
            intake.pull("employment", PERIOD, lambda _: where, changed)

    def test_a_tag_that_cannot_be_sent_is_not_used(self, answering: Answering, work: Path) -> None:
        body = {n: page(seekers(n), n, 2, 2) for n in (1, 2)}
        server = answering(
            lambda asked: Answer(body=body[int(asked.query["page"])], headers={"ETag": '"\u00e9\u00ff"'})
        )
        where = f"http://:t@127.0.0.1:{server.port}"
        first = rest.pull(CONTRACT, PERIOD, where, work, PullHistory())
        second = rest.pull(CONTRACT, PERIOD, where, work, PullHistory(first.watermark))
        assert second.is_unchanged
        assert [asked.headers.get("If-None-Match") for asked in server.asked] == [None] * 4


class TestWhatLeadsToTheNextPage:
    """All usual ends of a list are ends, all usual links are followed, and nothing is asked of another server."""

    def pull(self, answering: Answering, work: Path, reply: Callable[[Asked], Answer], **options: object) -> list[str]:
        server = answering(reply)
        contract = with_options(CONTRACT, **NO_NUMBERS, **{"total": None} | options)
        where = f"http://:t@127.0.0.1:{server.port}"
        return ids(rest.pull(contract, PERIOD, where, work, PullHistory()).files)

    @pytest.mark.parametrize("end", [None, False, 0, 0.0, "", " ", [], {}, "missing"])
    @pytest.mark.parametrize("paging", ["cursor", "next"])
    def test_a_list_ends(self, answering: Answering, work: Path, paging: str, end: object) -> None:
        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("cursor", 0))
            after: object = (at + 1 if paging == "cursor" else f"{asked.path}?cursor={at + 1}") if at < 2 else end
            body = {"items": seekers(at)} | ({} if after == "missing" else {"after": after})
            return Answer(body=json.dumps(body).encode())

        found = self.pull(answering, work, reply, paging=paging, cursor="after", next="after")
        assert found == ["j-0", "j-1", "j-2"]

    @pytest.mark.parametrize("token", [True, [1], {"next": "x"}, 1.5])
    def test_a_token_that_is_none_is_refused(self, answering: Answering, work: Path, token: object) -> None:
        body = json.dumps({"items": seekers(1), "cursor": token}).encode()
        with pytest.raises(SourceUnavailable, match="neither text nor a number"):
            self.pull(answering, work, lambda asked: Answer(body=body), paging="cursor")

    @pytest.mark.parametrize(
        "link",
        [
            "HTTP://LOCALHOST:{port}{path}?at={at}",
            "http://localhost.:{port}{path}?at={at}",
            "//localhost:{port}{path}?at={at}",
            "http://x:y@localhost:{port}{path}?at={at}",
            "?at={at}",
        ],
    )
    def test_the_same_server_by_another_spelling(self, answering: Answering, work: Path, link: str) -> None:
        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("at", 0))
            after = link.format(port=server.port, path=asked.path, at=at + 1) if at < 1 else None
            return Answer(body=json.dumps({"items": seekers(at), "next": after}).encode())

        server = answering(reply)
        contract = with_options(CONTRACT, **NO_NUMBERS, total=None, paging="next", next="next")
        where = f"http://:secret@localhost:{server.port}"
        assert ids(rest.pull(contract, PERIOD, where, work, PullHistory()).files) == ["j-0", "j-1"]
        assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer secret"] * 2

    @pytest.mark.parametrize(
        ("here", "link", "is_same"),
        [
            ("https://api.kz", "https://api.kz:443/p?a=1", True),
            ("https://api.kz:443", "HTTPS://API.KZ/p?a=1", True),
            ("http://api.kz", "http://api.kz:80/p?a=1", True),
            ("https://пример.қаз", "https://xn--e1afmkfd.xn--80ao21a/p?a=1", True),
            ("https://api.kz", "https://api.kz:8443/p", False),
            ("https://api.kz", "http://api.kz/p", False),
            ("https://api.kz", "https://api.kz.evil.kz/p", False),
            ("https://api.kz", "https://api.kz@evil.kz/p", False),
            ("https://api.kz", "https://[::1/p", False),
            ("https://api.kz", "https://api.kz:99999999/p", False),
            ("https://api.kz", "ftp://api.kz/p", False),
        ],
    )
    def test_the_same_origin(self, here: str, link: str, is_same: bool) -> None:
        from auyl.sources.paginators import NextLink

        paginator = NextLink(with_options(CONTRACT, **NO_NUMBERS, paging="next"))
        if is_same:
            target, query = paginator.request(here + "/list", {}, 2, link)
            assert (target.endswith("/p?a=1"), query) == (True, None)
        else:
            with pytest.raises(SourceUnavailable, match=r"the next page: expected .*; found"):
                paginator.request(here + "/list", {}, 2, link)

    @pytest.mark.parametrize(
        "header",
        [
            '<{u}>; rel="next"',
            "<{u}>; rel=next",
            '<{u}>; REL="Next"',
            '<{u}>; rel="last next"',
            '<{u}> ; rel = "next"',
            '<{u}>; title="a=b; c"; rel="next"',
            '</first>; rel="first", <{u}>; rel="next", </last>; rel="last"',
            "</p>;rel=prev,<{u}>;rel=next",
        ],
    )
    def test_usual_link_headers(self, answering: Answering, work: Path, header: str) -> None:
        def reply(asked: Asked) -> Answer:
            at = int(asked.query.get("at", 0))
            link = header.format(u=f"{asked.path}?at={at + 1};x=1,2") if at < 1 else "<>; rel=prev; garbage,,;<"
            return Answer(body=json.dumps({"items": seekers(at)}).encode(), headers={"Link": link})

        def parsed(asked: Asked) -> Answer:
            asked.query["at"] = asked.query.get("at", "0").split(";")[0]
            return reply(asked)

        assert self.pull(answering, work, parsed, paging="next") == ["j-0", "j-1"]


class TestTheWayToTheNextPage:
    """A list ends where the source says so, not where its words cannot be read."""

    contract = with_options(CONTRACT, **NO_NUMBERS, total=None, paging="next", next=None)

    def pull(self, answering: Answering, work: Path, link: str) -> list[str]:
        def reply(asked: Asked) -> Answer:
            if "x" in asked.query:
                return Answer(body=json.dumps({"items": seekers(2)}).encode())
            body = json.dumps({"items": seekers(1)}).encode()
            return Answer(body=body, headers={"Link": link.replace("{path}", asked.path)})

        where = f"http://:t@127.0.0.1:{answering(reply).port}"
        return ids(rest.pull(self.contract, PERIOD, where, work, PullHistory()).files)

    @pytest.mark.parametrize(
        "link",
        [
            '</a>; rel="prev", <{path}?x=1>; rel="last next"',
            '<{path}?x=1,2;3>; title="a, next; b"; rel=Next',
            "<{path}?x=1>; rel=next, <{path}?x=1>; rel=next",
            f"<{{path}}?x=1&period={PERIOD}>; rel=next",
        ],
    )
    def test_a_link_that_can_be_read(self, answering: Answering, work: Path, link: str) -> None:
        assert self.pull(answering, work, link) == ["j-1", "j-2"]

    @pytest.mark.parametrize(
        "link", ["<{path}?x=1; rel=next", "{path}?x=1; rel=next", "</a?x=1>; rel=next, </b?x=2>; rel=next"]
    )
    def test_a_link_that_cannot_be_read_is_no_end(self, answering: Answering, work: Path, link: str) -> None:
        with pytest.raises(SourceUnavailable, match="a Link header that does not say in one link which page is next"):
            self.pull(answering, work, link)

    def test_a_page_of_another_period(self, answering: Answering, work: Path) -> None:
        with pytest.raises(SourceUnavailable, match=f"expected one of {PERIOD}; found one of another period, 9999-99"):
            self.pull(answering, work, "<{path}?x=1&period=2026-09>; rel=next")

    def test_a_page_of_a_browser_is_named(self, answering: Answering, work: Path) -> None:
        server = answering(lambda asked: Answer(body=b"<!DOCTYPE html><title>Login</title>"))
        with pytest.raises(SourceUnavailable, match="an HTML page, as for a login"):
            rest.pull(self.contract, PERIOD, f"http://:t@127.0.0.1:{server.port}", work, PullHistory())
