"""How one page of a REST interface leads to the next, one class for each value of the contract's option `paging`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.errors import SourceUnavailable
from auyl.sources.backoff import AttemptFailed

Query = dict[str, str | int]


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


class PageNumber(SinglePage):
    """Pages are numbered, and each says its number and how many there are."""

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        return url, {"page": number, **query}

    def check(self, body: dict[str, Any], number: int) -> None:
        stated = body.get(self.options.page or "")
        if any(body.get(key or "") is None for key in (self.options.page, self.options.pages, self.options.total)):
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
        return _text(body.get(self.options.cursor))


class NextLink(SinglePage):
    """Each page has the address of the next one, under a key of its body or in the Link header (RFC 8288)."""

    def request(self, url: str, query: Query, number: int, after: str | None) -> tuple[str, Query | None]:
        if after is None:
            return url, query
        target = urljoin(url, after)
        # Another server would be given the token.
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise SourceUnavailable(
                f"{self.contract.registry}: expected the next page on {urlsplit(url).netloc}; found one on "
                f"{urlsplit(target).netloc}, which is not asked. Fix: {self.contract.owner}"
            )
        return target, None

    def after(self, body: dict[str, Any], answer: httpx.Response) -> str | None:
        return _text(body.get(self.options.next) if self.options.next else answer.links.get("next", {}).get("url"))


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


PAGINATORS: dict[str, type[SinglePage]] = {
    "none": SinglePage, "number": PageNumber, "cursor": Cursor, "next": NextLink,
}  # fmt: skip
