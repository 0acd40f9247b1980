"""A paged REST interface.

Contract options:
    resource             path below the address of the connection
    items                key of the list in a page
    paging               number (default), cursor, next or none
    pageSize             sent as `size`
    page, pages, total   paging by number: keys of the page's number, of how many there are, and of all items;
                         `total` also holds for the others, where they say it
    cursor               paging by cursor: key of the token of the next page; sent as `cursorParameter` (cursor)
    next                 paging by next: key of the next page's address; without it the Link header says it (RFC 8288)
    periodParameter      name of the parameter for the period (period); null for none
    auth                 bearer (default): the connection's password is the token
                         oauth2: client credentials (RFC 6749, 4.4); login and password are the client's, the extra
                         `token_url` says where, the option `scope` what for
                         basic: login and password; header: the password in the header `tokenHeader`
                         none
    minIntervalSeconds   the least time between two requests (0)
    maxPages             more pages than that are an error of the source (100,000)
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from auyl.contracts import Contract
from auyl.errors import ConnectionUnusable, SourceNotReady, SourceUnavailable
from auyl.sources import Past, Pulled
from auyl.sources.address import Address, parse, trust
from auyl.sources.patience import ATTEMPTS, LONGEST_WAIT_S, retry_after_s, wait_s

TIMEOUT_S = 30.0
MAX_PAGE_BYTES = 64 << 20
MAX_PAGES = 100_000
PAGING = ("number", "cursor", "next", "none")


def pull(contract: Contract, period: str, address: str, work: Path, past: Past) -> Pulled:
    """All pages of `period`, each kept as it came. The address carries the credentials: `https://:token@host/`.

    A page that did not come whole is asked for again, politely: what the server says in Retry-After, else longer
    each time; a server that wants to be left alone for longer than LONGEST_WAIT_S is. Pages that the last delivery has
    are asked for by their ETag and come from there when they have not changed.

    Raises SourceUnavailable after ATTEMPTS, or when the pages do not add up to what the server says; SourceNotReady
    when it asks for patience; ConnectionUnusable when it refuses the credentials.
    """
    with _Interface(contract, period, parse(contract, address)) as interface:
        return interface.pull(work, past)


@dataclass
class Page:
    """What is known of a page: its file, its tag, its items, and what leads to the next one."""

    name: str
    etag: str | None
    items: int
    number: int
    pages: int | None
    total: int | None
    after: str | None
    sha256: str


class _Interface:
    """One pull from one interface, over one pool of connections."""

    def __init__(self, contract: Contract, period: str, address: Address) -> None:
        self.contract = contract
        self.options = contract.options
        self.period = period
        self.address = address
        self.paging = str(self.options.get("paging") or "number")
        self.interval_s = float(self.options.get("minIntervalSeconds") or 0)
        self.asked_at = 0.0
        self.token: str | None = None
        self.is_token_new = False
        self.requests = 0
        self.seen: dict[str, int] = {}
        # one request at a time over one connection that is kept
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        self.client = httpx.Client(timeout=TIMEOUT_S, verify=trust(contract, address), limits=limits)

    def __enter__(self) -> _Interface:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def pull(self, work: Path, past: Past) -> Pulled:
        resource = str(self.options["resource"])
        key = f"{self.address.base}{resource} {self.paging} {self.options.get('pageSize')}"
        known = _known(past.watermark, key)
        pages: list[Page] = []
        fetched: list[Path] = []
        number, after = 1, None
        while True:
            before, leading = known.get(number), known.get(number - 1)
            # a page that is reached by another way than last time may be another one
            tag = before.etag if before and (leading is None or leading.after == after) else None
            content, page = self._page(self._url(resource, after), self._query(number, after), number, tag, before)
            if content is not None:
                target = work / page.name
                target.write_bytes(content)
                fetched.append(target)
            pages.append(page)
            self._check_repeated(page)
            if not self._goes_on(page):
                break
            number, after = number + 1, page.after
        self._check_total(pages)
        source = f"REST {resource}"
        mark = json.dumps({"rest": key, "pages": [asdict(page) for page in pages]})
        if not fetched and len(pages) == len(known):
            return Pulled([], source, watermark=mark, unchanged=True)
        kept = tuple(page.name for page in pages if page.name not in {file.name for file in fetched})
        evidence = {"pages": len(pages), "fetched": len(fetched), "requests": self.requests}
        return Pulled(fetched, source, datetime.now(tz=UTC), mark, kept=kept, evidence=evidence)

    # -- one page ------------------------------------------------------------------------------------------------

    def _url(self, resource: str, after: str | None) -> str:
        """Where the next page is. Raises SourceUnavailable for another server, which would be given the token."""
        url = self.address.base + resource
        if self.paging != "next" or after is None:
            return url
        target = urljoin(url, after)
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise SourceUnavailable(
                f"{self.contract.registry}: expected the next page on {urlsplit(url).netloc}; found one on "
                f"{urlsplit(target).netloc}, which is not asked. Fix: {self.contract.owner}"
            )
        return target

    def _query(self, number: int, after: str | None) -> dict[str, str | int] | None:
        if self.paging == "next" and after is not None:
            return None
        query: dict[str, str | int] = {}
        if parameter := self.options.get("periodParameter", "period"):
            query[str(parameter)] = self.period
        if self.paging == "number":
            query["page"] = number
        if self.paging == "cursor" and after is not None:
            query[str(self.options.get("cursorParameter") or "cursor")] = after
        if self.options.get("pageSize"):
            query["size"] = int(self.options["pageSize"])
        return query

    def _page(
        self, url: str, query: dict[str, str | int] | None, number: int, tag: str | None, before: Page | None
    ) -> tuple[bytes | None, Page]:
        """The page and its bytes; no bytes when it is the one of the last delivery."""
        trouble = "no answer"
        for attempt in range(ATTEMPTS):
            wait = wait_s(attempt)
            try:
                answer, content = self._get(url, query, tag)
            except httpx.HTTPError as error:
                trouble = self._broken(error)
            else:
                if answer.status_code == 304 and before is not None:
                    return None, before
                if answer.status_code == 200:
                    whole = self._whole(content, number, answer)
                    if isinstance(whole, Page):
                        return content, whole
                    trouble = whole
                else:
                    trouble = f"status {answer.status_code}"
                    wait = self._told_to_wait(answer, wait)
            if attempt + 1 < ATTEMPTS:
                time.sleep(wait)
        raise SourceUnavailable(
            f"{self.contract.registry}: page {number} did not come in {ATTEMPTS} attempts, last: {trouble}; "
            f"nothing was landed"
        )

    def _get(self, url: str, query: dict[str, str | int] | None, tag: str | None) -> tuple[httpx.Response, bytes]:
        """One request, not before its time; a body that is too long is not read to its end."""
        headers = self._credentials()
        if tag:
            headers["If-None-Match"] = tag
        if self.requests and (left := self.asked_at + self.interval_s - time.monotonic()) > 0:
            time.sleep(left)
        self.asked_at = time.monotonic()
        self.requests += 1
        content = bytearray()
        with self.client.stream("GET", url, params=query, headers=headers) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_PAGE_BYTES:
                    break
        if answer.status_code == 401 and self.token is not None and not self.is_token_new:
            self.token = None  # its time may be over; with a new one the answer is final
            return self._get(url, query, tag)
        self.is_token_new = False
        if answer.status_code in (401, 403):
            raise self._unusable("a token that the source takes", f"it refused the token with {answer.status_code}")
        return answer, bytes(content)

    def _broken(self, error: httpx.HTTPError) -> str:
        """The fault of the line in words. Raises ConnectionUnusable for a certificate that nobody here trusts."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise self._unusable("a server whose certificate is trusted, or its authority in the extra «ca»", "another")
        return f"the line broke ({type(error).__name__})"

    def _told_to_wait(self, answer: httpx.Response, otherwise: float) -> float:
        asked = retry_after_s(answer.headers.get("Retry-After", ""))
        if asked is not None and asked > LONGEST_WAIT_S and answer.status_code in (429, 503):
            raise SourceNotReady(
                f"{self.contract.registry}: the source answered {answer.status_code} and asks to be left alone for "
                f"{asked:.0f} s",
                asked,
            )
        return otherwise if asked is None else min(LONGEST_WAIT_S, asked)

    def _whole(self, content: bytes, number: int, answer: httpx.Response) -> Page | str:
        """The page, or in words what is wrong with it: 200 may come with nothing, with half, or with another page."""
        options = self.options
        if not content.strip():
            return "status 200 with an empty body"
        if len(content) > MAX_PAGE_BYTES:
            return f"a page of more than {MAX_PAGE_BYTES:,} bytes"
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            return f"a body that is not whole JSON ({error})"
        items = body.get(options["items"]) if isinstance(body, dict) else None
        if not isinstance(items, list):
            return f"no list «{options['items']}» in the body"
        pages = total = None
        if total_key := options.get("total"):
            total = body.get(total_key)
        if self.paging == "number":
            pages = body.get(options["pages"])
            if any(body.get(options[name]) is None for name in ("page", "pages", "total")):
                return "a page that does not say its number and how many there are"
            if body[options["page"]] != number:
                return f"page {body[options['page']]} when page {number} was asked for"
        try:
            counts = [None if count is None else int(count) for count in (pages, total)]
        except (TypeError, ValueError):
            return "a page that does not say in numbers how many there are"
        return Page(
            f"page-{number:05d}.json", answer.headers.get("ETag"), len(items), number, counts[0], counts[1],
            self._after(body, answer), hashlib.sha256(content).hexdigest(),
        )  # fmt: skip

    def _after(self, body: dict[str, Any], answer: httpx.Response) -> str | None:
        """What leads to the next page, if there is one."""
        if self.paging == "cursor":
            found = body.get(str(self.options.get("cursor") or "cursor"))
        elif self.paging == "next":
            key = self.options.get("next")
            found = body.get(key) if key else answer.links.get("next", {}).get("url")
        else:
            return None
        return str(found) if found not in (None, "") else None

    # -- all pages -----------------------------------------------------------------------------------------------

    def _goes_on(self, page: Page) -> bool:
        if page.number >= int(self.options.get("maxPages") or MAX_PAGES):
            raise SourceUnavailable(f"{self.contract.registry}: {page.number:,} pages and no end; nothing was landed")
        if self.paging == "number":
            return page.number < (page.pages or 0)
        return page.after is not None

    def _check_repeated(self, page: Page) -> None:
        marks = {f"content {page.sha256}": page.items > 0, f"next {page.after}": page.after is not None}
        for mark in (mark for mark, counts in marks.items() if counts):
            if mark in self.seen:
                what = "is page" if mark.startswith("content") else "leads to the same next page as"
                raise SourceUnavailable(
                    f"{self.contract.registry}: page {page.number} {what} {self.seen[mark]} again; nothing was landed"
                )
            self.seen[mark] = page.number

    def _check_total(self, pages: list[Page]) -> None:
        items = sum(page.items for page in pages)
        totals = {page.total for page in pages if page.total is not None}
        if totals - {items}:
            said = " and ".join(str(total) for total in sorted(totals))
            raise SourceUnavailable(
                f"{self.contract.registry}: the source says {said} items and gave {items} on {len(pages)} pages; "
                f"they changed while they were read, or it lost some; nothing was landed"
            )

    # -- credentials ---------------------------------------------------------------------------------------------

    def _credentials(self) -> dict[str, str]:
        kind, address = str(self.options.get("auth") or "bearer"), self.address
        if kind == "bearer":
            return {"Authorization": f"Bearer {address.password or address.user}"}
        if kind == "oauth2":
            if self.token is None:
                self.token, self.is_token_new = self._new_token(), True
            return {"Authorization": f"Bearer {self.token}"}
        if kind == "basic":
            request = httpx.Request("GET", address.base)
            flow = httpx.BasicAuth(address.user, address.password).sync_auth_flow(request)
            return {"Authorization": next(flow).headers["Authorization"]}
        if kind == "header":
            return {str(self.options.get("tokenHeader") or "X-Api-Key"): address.password}
        return {}

    def _new_token(self) -> str:
        """A token for the client of the connection. Raises SourceUnavailable, ConnectionUnusable."""
        url = self.address.extras.get("token_url")
        if not url:
            raise self._unusable("the address that gives tokens in the extra «token_url»", "none")
        form = {"grant_type": "client_credentials"}
        if scope := self.options.get("scope"):
            form["scope"] = str(scope)
        trouble = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = self.client.post(url, data=form, auth=(self.address.user, self.address.password))
            except httpx.HTTPError as error:
                trouble = self._broken(error)
            else:
                if answer.status_code in (400, 401, 403):
                    raise self._unusable(
                        "client credentials that are taken", f"status {answer.status_code} for a token"
                    )
                try:
                    if answer.status_code == 200:
                        return str(answer.json()["access_token"])
                    trouble = f"status {answer.status_code}"
                except (ValueError, KeyError, TypeError):
                    trouble = "an answer without access_token"
            if attempt + 1 < ATTEMPTS:
                time.sleep(wait_s(attempt))
        raise SourceUnavailable(f"{self.contract.registry}: no token in {ATTEMPTS} attempts, last: {trouble}")

    def _unusable(self, expected: str, found: str) -> ConnectionUnusable:
        return ConnectionUnusable(self.contract.registry, self.contract.connection, expected, found)


def _known(watermark: str | None, key: str) -> dict[int, Page]:
    """The pages of the last delivery by number, when it asked the same interface in the same way."""
    try:
        found = json.loads(watermark or "{}")
        return {page["number"]: Page(**page) for page in found["pages"]} if found.get("rest") == key else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
