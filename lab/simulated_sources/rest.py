"""The REST server of the invented oblast's offices, a process of its own.

    python -m lab.simulated_sources.rest --extracts DIR --port N --token-file FILE [--faults none|some]

`GET /api/v1/<resource>?period=YYYY-MM&page=N&size=M` answers the saved pages to the bearer of the token. With faults
on, the first answers for some pages fail in the ways that real services fail; the same sequence of requests always
fails in the same way, and at the third attempt at the latest a page comes whole.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from auyl.periods import PERIOD
from lab.synthetic import address_register, employment, subsidies
from lab.synthetic.pages import file_name

# Resource: registry and size of its pages.
RESOURCES = {
    "jobseekers": ("employment", employment.PAGE_SIZE),
    "subsidies": ("subsidies", subsidies.PAGE_SIZE),
    "addresses": ("address_register", address_register.PAGE_SIZE),
}

# Faults of the first and second attempt for a page, by page number modulo 8; page 1 of a pull is refused once.
FAULTS: dict[int, tuple[str, ...]] = {
    1: ("unavailable",),
    2: ("truncated",),
    3: ("empty", "throttled"),
    4: (),
    5: ("cut",),
    6: ("throttled",),
    7: ("repeated",),
    0: (),
}
RETRY_AFTER_S = 1


class TruncatedResponse(Response):
    """Promises the whole length, sends half and drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the answer unfinished; the server closes the connection then."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def application(extracts: Path, token: str, faults: bool = False) -> FastAPI:
    """The API over the extracts below `extracts`. `faults` turns on the failures of FAULTS."""
    app = FastAPI(title="Реестры области", docs_url=None, redoc_url=None, openapi_url=None)
    attempts: dict[tuple[str, str, int], int] = {}

    @app.get("/api/v1/{resource}")
    def page_of(
        resource: str,
        period: Annotated[str, Query(pattern=f"^{PERIOD.pattern}$")],
        page: Annotated[int, Query(ge=1)] = 1,
        size: Annotated[int | None, Query(ge=1)] = None,
        authorization: Annotated[str, Header()] = "",
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        """One page of a registry and period."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return _problem(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})
        if resource not in RESOURCES:
            return _problem(404, f"no resource {resource}")
        registry, page_size = RESOURCES[resource]
        if size not in (None, page_size):
            return _problem(422, f"size is {size}; this server gives pages of {page_size}")
        folder = extracts / period / registry
        body = _page(folder, page)
        if body is None:
            return _problem(404, f"no page {page} of {period}")
        if faults:
            attempt = attempts.get((registry, period, page), 0)
            plan = FAULTS[page % 8]
            if attempt < len(plan):
                attempts[registry, period, page] = attempt + 1
                before = _page(folder, page - 1) if page > 1 else None
                return _ANSWERS[plan[attempt]](body, before or body)
            attempts.pop((registry, period, page), None)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if tag in re.split(r"\s*,\s*", if_none_match):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, media_type="application/json", headers={"ETag": tag})

    return app


def _page(folder: Path, page: int) -> bytes | None:
    try:
        return (folder / file_name(page)).read_bytes()
    except FileNotFoundError:
        return None


def _problem(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status, headers)


_ANSWERS: dict[str, Callable[[bytes, bytes], Response]] = {
    "unavailable": lambda body, before: _problem(503, "maintenance", {"Retry-After": str(RETRY_AFTER_S)}),
    "throttled": lambda body, before: _problem(429, "too many requests", {"Retry-After": str(RETRY_AFTER_S)}),
    "empty": lambda body, before: Response(b"", media_type="application/json"),
    "truncated": lambda body, before: TruncatedResponse(body, media_type="application/json"),
    "cut": lambda body, before: Response(body[: len(body) * 2 // 3], media_type="application/json"),
    "repeated": lambda body, before: Response(before, media_type="application/json"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve on 127.0.0.1 until a signal comes; the address is printed first, so `--port 0` takes any free port."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.simulated_sources.rest", description="REST server of the invented oblast."
    )
    parser.add_argument("--extracts", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--token-file", type=Path, required=True, help="file whose text is the bearer token")
    parser.add_argument("--faults", choices=("none", "some"), default="none")
    given = parser.parse_args(arguments)
    token = given.token_file.read_text(encoding="utf-8").strip()
    if not token:
        parser.exit(2, f"{given.token_file} is empty: it must hold the bearer token\n")
    listener = socket.create_server(("127.0.0.1", given.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        application(given.extracts, token, given.faults == "some"), log_level="warning", access_log=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
