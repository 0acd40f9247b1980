"""A paged REST interface behind a token."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from auyl.contracts import Contract
from auyl.errors import SourceUnavailable
from auyl.sources import Pulled

ATTEMPTS = 6
LONGEST_WAIT_S = 30.0
TIMEOUT_S = 30.0
MAX_PAGE_BYTES = 64 << 20


def pull(contract: Contract, period: str, address: str, work: Path, watermark: str | None) -> Pulled:
    """All pages of `period`, each kept as it came. The address carries the token: `https://:token@host/`.

    A page that did not come whole is asked for again, politely: what the server says in Retry-After, else longer
    each time. Raises SourceUnavailable after `ATTEMPTS`, or when the pages do not add up to what the server says.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    netloc = f"{host}:{parts.port}" if parts.port else host
    base = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
    token = unquote(parts.password or parts.username or "")
    options = contract.options
    files: list[Path] = []
    items = 0
    number, pages, total = 1, 1, None
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S) as client:
        while number <= pages:
            query: dict[str, str | int] = {"period": period, "page": number, "size": int(options["pageSize"])}
            content, page = _page(client, contract, base + str(options["resource"]), query)
            pages, total = int(page[options["pages"]]), int(page[options["total"]])
            items += len(page[options["items"]])
            target = work / f"page-{number:05d}.json"
            target.write_bytes(content)
            files.append(target)
            number += 1
    if items != total:
        raise SourceUnavailable(
            f"{contract.registry}: the source says {total} items and gave {items} on {len(files)} pages; "
            f"they changed while they were read, or it lost some; nothing was landed"
        )
    return Pulled(files, f"REST {options['resource']}", datetime.now(tz=UTC))


def _page(
    client: httpx.Client, contract: Contract, url: str, query: dict[str, str | int]
) -> tuple[bytes, dict[str, Any]]:
    trouble = "no answer"
    for attempt in range(ATTEMPTS):
        wait = min(LONGEST_WAIT_S, 0.2 * 2**attempt)
        try:
            answer = client.get(url, params=query)
        except httpx.HTTPError as error:
            trouble = f"the line broke ({type(error).__name__})"
        else:
            if answer.status_code in (401, 403):
                raise SourceUnavailable(
                    f"{contract.registry}: the source refused the token with {answer.status_code}: renew the "
                    f"connection «{contract.connection}»"
                )
            if answer.status_code == 200:
                page = _whole(contract, answer.content, query)
                if isinstance(page, dict):
                    return answer.content, page
                trouble = page
            else:
                trouble = f"status {answer.status_code}"
                wait = _retry_after(answer, wait)
        if attempt + 1 < ATTEMPTS:
            time.sleep(wait)
    raise SourceUnavailable(
        f"{contract.registry}: page {query['page']} did not come in {ATTEMPTS} attempts, last: {trouble}; "
        f"nothing was landed"
    )


def _whole(contract: Contract, content: bytes, query: dict[str, str | int]) -> dict[str, Any] | str:
    """The page, or in words what is wrong with it. Some interfaces answer 200 with nothing, half, or another page."""
    options = contract.options
    if not content.strip():
        return "status 200 with an empty body"
    if len(content) > MAX_PAGE_BYTES:
        return f"a page of {len(content):,} bytes"
    try:
        page = json.loads(content)
    except ValueError as error:
        return f"a body that is not whole JSON ({error})"
    if not isinstance(page, dict) or not isinstance(page.get(options["items"]), list):
        return f"no list «{options['items']}» in the body"
    if any(page.get(options[name]) is None for name in ("page", "pages", "total")):
        return "a page that does not say its number and how many there are"
    if page[options["page"]] != query["page"]:
        return f"page {page[options['page']]} when page {query['page']} was asked for"
    return page


def _retry_after(answer: httpx.Response, otherwise: float) -> float:
    stated = answer.headers.get("Retry-After", "")
    if stated.isascii() and stated.isdigit():
        return min(LONGEST_WAIT_S, float(stated))
    try:
        return min(LONGEST_WAIT_S, max(0.0, (parsedate_to_datetime(stated) - datetime.now(tz=UTC)).total_seconds()))
    except (TypeError, ValueError):
        return otherwise
