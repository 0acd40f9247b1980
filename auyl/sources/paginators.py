"""How one page of a REST interface leads to the next, one class for each value of the contract's option `paging`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.errors import SourceUnavailable, shape
from auyl.sources.backoff import AttemptFailed

Query = dict[str, str | int]
PORTS = {"http": 80, "https": 443}
# A link and its parameters, whose quoted values may hold any sign (RFC 8288, 3).
LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)""")
RELATION = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))""", re.IGNORECASE)


@dataclass
class Page:
    """What is known of a page: its file, its ETag, its number of items, and `after`, which leads to the next one.

    `pages` and `total` are how many pages and items there are in all, where the source says it.
    """

    name: str
    etag: str | None
    items: int
    number: int
    pages: int | None
    total: int | None
    after: str | None
    sha256: str


class SinglePage:
    """There is one page; the others derive from it."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.options = contract.options(RestOptions)

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        """Address and query of page `number`; `after` is what the page before it gave. Raises SourceUnavailable."""
        return url, query

    def check(self, body: dict[str, Any], number: int) -> None:
        """Raises AttemptFailed when the body is not that of page `number`."""

    def after(self, body: dict[str, Any], answer: httpx.Response) -> str | None:
        """What leads to the next page; None on the last one."""
        return None

    def has_next(self, page: Page) -> bool:
        """Does another page follow?"""
        return page.after is not None

    def is_conditional(self, known: Page) -> bool:
        """May a page be asked for by its ETag? The first says how many there are, so it is always asked for whole."""
        return known.number > 1

    def not_modified(self, known: Page, answer: httpx.Response) -> Page:
        """The known page after the answer that it has not changed."""
        return known


class PageNumber(SinglePage):
    """Pages are numbered, and each says its number and how many there are."""

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        return url, {"page": number, **query}

    def check(self, body: dict[str, Any], number: int) -> None:
        keys = (self.options.page, self.options.pages, self.options.total)
        stated, pages, total = (count(body, key) for key in keys)
        if stated is None or pages is None or total is None:
            raise AttemptFailed("a page that does not say its number and how many there are")
        if stated != number:
            raise AttemptFailed(f"page {stated} when page {number} was asked for")

    def has_next(self, page: Page) -> bool:
        return page.number < (page.pages or 0)


class Cursor(SinglePage):
    """Each page has a token that asks for the next one."""

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        return url, query if after is None else {self.options.cursor_parameter: after, **query}

    def after(self, body: dict[str, Any], answer: httpx.Response) -> str | None:
        return _token(body.get(self.options.cursor))


class NextLink(SinglePage):
    """Each page has the address of the next one, under a key of its body or in the Link header (RFC 8288)."""

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        if after is None:
            return url, query
        try:
            here, target = httpx.URL(url), httpx.URL(urljoin(url, after))
        except (ValueError, httpx.InvalidURL):
            raise self._unavailable("an address", "text that is none") from None
        # Another server would be given the token.
        if _origin(here) != _origin(target):
            raise self._unavailable(f"one on {here.netloc.decode()}", f"{target.netloc.decode()}, which is not asked")
        asked, stated = (part.get(self.options.period_parameter or "") for part in (query, target.params))
        if asked is not None and stated is not None and stated != str(asked):
            raise self._unavailable(f"one of {asked}", f"one of another period, {shape(stated)}")
        return str(here.copy_with(raw_path=target.raw_path)), None

    def _unavailable(self, expected: str, found: str) -> SourceUnavailable:
        return self.contract.unavailable(expected, found, place="the next page")

    def after(self, body: dict[str, Any], answer: httpx.Response) -> str | None:
        return _token(body.get(self.options.next)) if self.options.next else _linked(answer)

    def is_conditional(self, known: Page) -> bool:
        # A server that leaves the header out of a 304 would hide the page after the last.
        return super().is_conditional(known) and (bool(self.options.next) or known.after is not None)

    def not_modified(self, known: Page, answer: httpx.Response) -> Page:
        if self.options.next or "Link" not in answer.headers:
            return known
        return replace(known, after=_linked(answer))


def count(body: dict[str, Any], key: str | None) -> int | None:
    """The whole number under a key, which may be written as text; None where there is none. Raises AttemptFailed."""
    value = body.get(key) if key else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise AttemptFailed("a page that does not say in numbers which it is or how many there are")
    return value


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme.lower(), url.raw_host.lower().rstrip(b"."), url.port or PORTS.get(url.scheme.lower())


def _linked(answer: httpx.Response) -> str | None:
    """The address of the next page in the Link header. Raises AttemptFailed."""
    header = answer.headers.get("Link", "")
    targets = []
    for url, parameters in LINK.findall(header):
        relation = RELATION.search(parameters)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            targets.append(str(url).strip())
    # A link that cannot be read would end the list before its end.
    if "next" in LINK.sub("", header).lower() or len(set(targets)) > 1:
        raise AttemptFailed("a Link header that does not say in one link which page is next")
    return (targets[0] or None) if targets else None


def _token(value: Any) -> str | None:
    """What leads to the next page; null, false, 0, and anything empty end the list. Raises AttemptFailed."""
    if not value:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise AttemptFailed("a token of the next page that is neither text nor a number")
    return str(value).strip() or None


PAGINATORS: dict[str, type[SinglePage]] = {
    "none": SinglePage, "number": PageNumber, "cursor": Cursor, "next": NextLink,
}  # fmt: skip
