"""A paged REST interface. Options: `RestOptions`; docs/sources.md explains them."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.sources import Pulled, PullHistory, http
from auyl.sources.address import Address, parse
from auyl.sources.auth import AUTH
from auyl.sources.backoff import AttemptFailed, retry
from auyl.sources.http import HttpSource
from auyl.sources.paginators import PAGINATORS, Page, Query, count
from auyl.sources.whole import NotWhole, RecordsOnce, read_whole

TIMEOUT_S = 30.0
MAX_PAGE_BYTES = 64 << 20
ONE_WHOLE = "pages that make one whole"
_Fetched = tuple[Page, bytes | None, list[Any]]


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """All pages of `period`, each as it came. The address carries the credentials: `https://:token@host/`.

    Pages of the last delivery are asked for by their ETag; unchanged ones are reused. Pages that do not make one whole
    are read again, READINGS times in all.

    Raises SourceUnavailable when a page does not come whole in ATTEMPTS, or the pages do not add up to what the server
    says; ExtractRefused when records come on two pages; SourceNotReady when the source asks for a longer wait;
    ConnectionUnusable when it refuses the credentials.
    """
    parsed = parse(contract, address)
    with HttpSource(contract, parsed, contract.options(RestOptions), TIMEOUT_S) as source:
        return _RestPull(contract, period, parsed, source, work, history).pull()


class _RestPull:
    """One pull from one interface, over one connection."""

    def __init__(
        self, contract: Contract, period: str, address: Address, source: HttpSource, work: Path, history: PullHistory
    ) -> None:
        self.contract = contract
        self.options = contract.options(RestOptions)
        self.period = period
        self.url = address.base + self.options.resource
        self.source = source
        self.work = work
        self.history = history
        self.auth = AUTH[self.options.auth](contract, address, source)
        self.paginator = PAGINATORS[self.options.paging](contract)
        self.asked_at = 0.0
        self.requests = 0
        self.readings = 0
        self.previous_reading: list[str] = []
        sources = {column.name: column.source for column in contract.columns}
        self.record_key = self.options.record_key or tuple(sources[name] for name in contract.keys)

    def pull(self) -> Pulled:
        key = f"{self.url} {self.options.paging} {self.options.page_size}"
        known = _known_pages(self.history.watermark, key)
        pages = read_whole(lambda: self._reading(known))
        source = f"REST {self.options.resource}"
        mark = json.dumps({"rest": key, "pages": [asdict(page) for page in pages]})
        reused = tuple(page.name for page in pages if not (self.work / page.name).exists())
        if len(reused) == len(pages) == len(known):
            return Pulled([], source, watermark=mark, is_unchanged=True)
        fetched = [self.work / page.name for page in pages if page.name not in reused]
        counts = {"pages": len(pages), "fetched": len(fetched), "requests": self.requests, "readings": self.readings}
        return Pulled(fetched, source, datetime.now(tz=UTC), mark, reused=reused, evidence=counts)

    def _reading(self, known: dict[int, Page]) -> list[Page]:
        """All pages, each changed one in the working folder. Raises NotWhole."""
        self.readings += 1
        for file in self.work.glob("page-*.json"):
            file.unlink()
        if self.readings > 1:
            known = {}
        pages: list[Page] = []
        seen: dict[str, int] = {}
        records = RecordsOnce(self.contract, "page")
        while not pages or self.paginator.has_next(pages[-1]):
            number, after = len(pages) + 1, pages[-1].after if pages else None
            if number > self.options.max_pages:
                raise self.contract.unavailable(ONE_WHOLE, f"{number - 1:,} pages and no end; nothing was landed")
            previous, leading = known.get(number), known.get(number - 1)
            # A page that is reached by another way than last time may be another one.
            if previous and leading and leading.after != after:
                previous = None
            page, content, items = self._page(number, after, previous)
            if content is not None and (previous is None or previous.sha256 != page.sha256):
                (self.work / page.name).write_bytes(content)
            if content is None and self.history.read:
                items = json.loads(self.history.read(page.name))[self.options.items]
            self._check_repeated(page, seen)
            records.add(number, page.name, map(self._record, items))
            pages.append(page)
        self._check_total(pages)
        digests, before = [page.sha256 for page in pages], self.previous_reading
        self.previous_reading = digests
        records.check_settled(pages[-1].name, digests == before)
        return pages

    # -- one page ------------------------------------------------------------------------------------------------

    def _page(self, number: int, after: str | None, previous: Page | None) -> _Fetched:
        """The page, its bytes and items; no bytes when it is `previous`, that of the last delivery, unchanged."""
        query: Query = {}
        if self.options.period_parameter:
            query[self.options.period_parameter] = self.period
        if self.options.page_size:
            query["size"] = self.options.page_size
        url, sent = self.paginator.request(self.url, query, number, after)
        return retry(self.contract, f"page {number} did not come", partial(self._attempt, url, sent, number, previous))

    def _attempt(self, url: str, query: Query | None, number: int, previous: Page | None) -> _Fetched:
        is_conditional = previous is not None and self.paginator.is_conditional(previous)
        answer, content = self._get(url, query, previous.etag if previous and is_conditional else None)
        if answer.status_code == 304 and previous is not None and is_conditional:
            return self.paginator.not_modified(previous, answer), None, []
        if http.is_refusal(answer):
            if self.auth.renew():
                return self._attempt(url, query, number, previous)
            found = f"it refused the token with {answer.status_code}"
            raise self.contract.connection_unusable("a token that the source accepts", found)
        if answer.status_code != 200:
            raise http.failed(self.contract, "the source", answer)
        try:
            page, items = self._read(content, number, answer)
        except AttemptFailed:
            # Some services say with status 200 that a token has expired.
            if self.auth.renew():
                return self._attempt(url, query, number, previous)
            raise
        self.auth.confirm()
        return page, content, items

    def _get(self, url: str, query: Query | None, etag: str | None) -> tuple[httpx.Response, bytes]:
        """One request, `minIntervalSeconds` after the last one; a body that is too long is not read to its end."""
        headers = self.auth.headers()
        if etag and etag.isascii() and etag.isprintable():
            headers["If-None-Match"] = etag
        left_s = self.asked_at + self.options.min_interval_seconds - time.monotonic()
        if self.requests and left_s > 0:
            time.sleep(left_s)
        self.asked_at = time.monotonic()
        self.requests += 1
        return self.source.read("GET", url, MAX_PAGE_BYTES, params=query, headers=headers)

    def _read(self, content: bytes, number: int, answer: httpx.Response) -> tuple[Page, list[Any]]:
        """The page in a body, and its items. Raises AttemptFailed: status 200 may come with half or another page."""
        if not content.strip():
            raise AttemptFailed("status 200 with an empty body")
        if len(content) > MAX_PAGE_BYTES:
            raise AttemptFailed(f"a page of more than {MAX_PAGE_BYTES:,} bytes")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            page = "an HTML page, as for a login, and " if content.lstrip()[:1] == b"<" else ""
            raise AttemptFailed(f"{page}a body that is not whole JSON ({error})") from None
        items = body.get(self.options.items) if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise AttemptFailed(f"no list «{self.options.items}» in the body")
        self.paginator.check(body, number)
        pages, total = (count(body, key) for key in (self.options.pages, self.options.total))
        after = self.paginator.after(body, answer)
        digest = hashlib.sha256(content).hexdigest()
        etag = answer.headers.get("ETag")
        return Page(f"page-{number:05d}.json", etag, len(items), number, pages, total, after, digest), items

    # -- all pages -----------------------------------------------------------------------------------------------

    def _record(self, item: Any) -> tuple[str | None, str]:
        """Key and content of an item; no key where it lacks one."""
        if not isinstance(item, dict):
            return None, repr(item)
        values = [item.get(name) for name in self.record_key]
        return repr(values) if values and None not in values else None, repr(sorted(item.items()))

    def _check_repeated(self, page: Page, seen: dict[str, int]) -> None:
        """Raises NotWhole for a page that came before, SourceUnavailable for a loop."""
        leads_to, content = f"next {page.after}", f"content {page.sha256}"
        if page.after is not None and leads_to in seen:
            trouble = f"page {page.number} leads to the same next page as {seen[leads_to]} again"
            raise self.contract.unavailable(ONE_WHOLE, f"{trouble}; nothing was landed")
        if page.items and content in seen:
            trouble = f"page {page.number} is page {seen[content]} again; nothing was landed"
            raise NotWhole(self.contract.unavailable(ONE_WHOLE, trouble))
        seen |= {leads_to: page.number, content: page.number}

    def _check_total(self, pages: list[Page]) -> None:
        items = sum(page.items for page in pages)
        totals = {page.total for page in pages if page.total is not None}
        # An empty list may have no page or one.
        counts = {page.pages for page in pages if page.pages is not None and (items or page.pages)}
        if totals - {items} or counts - {len(pages)}:
            stated = " and ".join(str(total) for total in sorted(totals))
            on = f", on {' and '.join(map(str, sorted(counts)))} pages by its own count" if counts else ""
            trouble = (
                f"the source says {stated} items and gave {items} on {len(pages)} pages{on}; they changed while they "
                f"were read, or it lost some; nothing was landed"
            )
            raise NotWhole(self.contract.unavailable(ONE_WHOLE, trouble))


def _known_pages(watermark: str | None, key: str) -> dict[int, Page]:
    """The pages of the last delivery by number, when it asked the same interface in the same way."""
    try:
        previous = json.loads(watermark or "{}")
        return {page["number"]: Page(**page) for page in previous["pages"]} if previous.get("rest") == key else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
