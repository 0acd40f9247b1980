"""A paged REST interface. Options: `RestOptions`; docs/sources.md explains them."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.errors import SourceUnavailable
from auyl.sources import Pulled, PullHistory, http
from auyl.sources.address import Address, parse
from auyl.sources.auth import AUTH
from auyl.sources.backoff import AttemptFailed, retry, status_failed
from auyl.sources.paginators import PAGINATORS, Page, Query

TIMEOUT_S = 30.0
MAX_PAGE_BYTES = 64 << 20


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """All pages of `period`, each as it came. The address carries the credentials: `https://:token@host/`.

    Pages of the last delivery are asked for by their ETag; unchanged ones are reused.

    Raises SourceUnavailable when a page does not come whole in ATTEMPTS, or the pages do not add up to what the server
    says; SourceNotReady when it asks for a longer wait; ConnectionUnusable when it refuses the credentials.
    """
    parsed = parse(contract, address)
    with http.client(contract, parsed, TIMEOUT_S) as client:
        return _RestPull(contract, period, parsed, client).pull(work, history)


class _RestPull:
    """One pull from one interface, over one connection."""

    def __init__(self, contract: Contract, period: str, address: Address, client: httpx.Client) -> None:
        self.contract = contract
        self.options = contract.options(RestOptions)
        self.period = period
        self.url = address.base + self.options.resource
        self.client = client
        self.auth = AUTH[self.options.auth](contract, address, client)
        self.paginator = PAGINATORS[self.options.paging](contract)
        self.asked_at = 0.0
        self.requests = 0
        self.seen: dict[str, int] = {}

    def pull(self, work: Path, history: PullHistory) -> Pulled:
        key = f"{self.url} {self.options.paging} {self.options.page_size}"
        known = _known_pages(history.watermark, key)
        pages: list[Page] = []
        fetched: list[Path] = []
        number, after = 1, None
        while True:
            previous, leading = known.get(number), known.get(number - 1)
            # A page that is reached by another way than last time may be another one.
            if previous and leading and leading.after != after:
                previous = None
            content, page = self._page(number, after, previous)
            if content is not None:
                target = work / page.name
                target.write_bytes(content)
                fetched.append(target)
            pages.append(page)
            self._check_repeated(page)
            if not self.paginator.has_next(page):
                break
            if page.number >= self.options.max_pages:
                raise self._unavailable(f"{page.number:,} pages and no end; nothing was landed")
            number, after = number + 1, page.after
        self._check_total(pages)
        source = f"REST {self.options.resource}"
        mark = json.dumps({"rest": key, "pages": [asdict(page) for page in pages]})
        if not fetched and len(pages) == len(known):
            return Pulled([], source, watermark=mark, is_unchanged=True)
        reused = tuple(page.name for page in pages if page.name not in {file.name for file in fetched})
        evidence = {"pages": len(pages), "fetched": len(fetched), "requests": self.requests}
        return Pulled(fetched, source, datetime.now(tz=UTC), mark, reused=reused, evidence=evidence)

    # -- one page ------------------------------------------------------------------------------------------------

    def _page(self, number: int, after: str | None, previous: Page | None) -> tuple[bytes | None, Page]:
        """The page and its bytes; no bytes when it is `previous`, that of the last delivery, unchanged."""
        query: Query = {}
        if self.options.period_parameter:
            query[self.options.period_parameter] = self.period
        if self.options.page_size:
            query["size"] = self.options.page_size
        url, sent = self.paginator.request(self.url, query, number, after)
        failure = f"{self.contract.registry}: page {number} did not come"
        return retry(failure, partial(self._attempt, url, sent, number, previous))

    def _attempt(self, url: str, query: Query | None, number: int, previous: Page | None) -> tuple[bytes | None, Page]:
        try:
            answer, content = self._get(url, query, previous.etag if previous else None)
        except httpx.HTTPError as error:
            raise http.broken(self.contract, error) from None
        if answer.status_code == 304 and previous is not None:
            return None, previous
        if answer.status_code != 200:
            source = f"{self.contract.registry}: the source"
            raise status_failed(source, answer.status_code, answer.headers.get("Retry-After", ""))
        return content, self._read(content, number, answer)

    def _get(self, url: str, query: Query | None, etag: str | None) -> tuple[httpx.Response, bytes]:
        """One request, `minIntervalSeconds` after the last one; a body that is too long is not read to its end."""
        headers = self.auth.headers()
        if etag:
            headers["If-None-Match"] = etag
        left_s = self.asked_at + self.options.min_interval_seconds - time.monotonic()
        if self.requests and left_s > 0:
            time.sleep(left_s)
        self.asked_at = time.monotonic()
        self.requests += 1
        content = bytearray()
        with self.client.stream("GET", url, params=query, headers=headers) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_PAGE_BYTES:
                    break
        if answer.status_code == 401 and self.auth.renew():
            return self._get(url, query, etag)
        if answer.status_code in (401, 403):
            found = f"it refused the token with {answer.status_code}"
            raise self.contract.connection_unusable("a token that the source accepts", found)
        return answer, bytes(content)

    def _read(self, content: bytes, number: int, answer: httpx.Response) -> Page:
        """The page in a body. Status 200 may come with nothing, with half, or with another page: AttemptFailed."""
        if not content.strip():
            raise AttemptFailed("status 200 with an empty body")
        if len(content) > MAX_PAGE_BYTES:
            raise AttemptFailed(f"a page of more than {MAX_PAGE_BYTES:,} bytes")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise AttemptFailed(f"a body that is not whole JSON ({error})") from None
        items = body.get(self.options.items) if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise AttemptFailed(f"no list «{self.options.items}» in the body")
        self.paginator.check(body, number)
        try:
            pages, total = (
                None if not key or body.get(key) is None else int(body[key])
                for key in (self.options.pages, self.options.total)
            )
        except (TypeError, ValueError):
            raise AttemptFailed("a page that does not say in numbers how many there are") from None
        after = self.paginator.after(body, answer)
        digest = hashlib.sha256(content).hexdigest()
        etag = answer.headers.get("ETag")
        return Page(f"page-{number:05d}.json", etag, len(items), number, pages, total, after, digest)

    # -- all pages -----------------------------------------------------------------------------------------------

    def _check_repeated(self, page: Page) -> None:
        marks = {f"content {page.sha256}": page.items > 0, f"next {page.after}": page.after is not None}
        for mark in (mark for mark, counts in marks.items() if counts):
            if mark in self.seen:
                what = "is page" if mark.startswith("content") else "leads to the same next page as"
                raise self._unavailable(f"page {page.number} {what} {self.seen[mark]} again; nothing was landed")
            self.seen[mark] = page.number

    def _check_total(self, pages: list[Page]) -> None:
        items = sum(page.items for page in pages)
        totals = {page.total for page in pages if page.total is not None}
        if totals - {items}:
            stated = " and ".join(str(total) for total in sorted(totals))
            raise self._unavailable(
                f"the source says {stated} items and gave {items} on {len(pages)} pages; they changed while they were "
                f"read, or it lost some; nothing was landed"
            )

    def _unavailable(self, trouble: str) -> SourceUnavailable:
        return SourceUnavailable(f"{self.contract.registry}: {trouble}")


def _known_pages(watermark: str | None, key: str) -> dict[int, Page]:
    """The pages of the last delivery by number, when it asked the same interface in the same way."""
    try:
        previous = json.loads(watermark or "{}")
        return {page["number"]: Page(**page) for page in previous["pages"]} if previous.get("rest") == key else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
