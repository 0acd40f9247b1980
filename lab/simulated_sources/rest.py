"""A REST server that delivers the paged registries, as a separate process.

    python -m lab.simulated_sources.rest --extracts DIR --port N --token-file FILE [--faults none|some]

`GET /api/v1/<resource>?period=YYYY-MM&page=N&size=M` returns a saved page to the bearer of the token. With faults on,
the first responses for some pages fail in the ways that real services fail; the same sequence of requests always fails
in the same way, and the third attempt at the latest succeeds.
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
from lab.synthetic.registries import address_register, employment, subsidies

# Registry and its pages by resource.
RESOURCES = {
    "jobseekers": ("employment", employment.FILE),
    "subsidies": ("subsidies", subsidies.FILE),
    "addresses": ("address_register", address_register.FILE),
}

# How the first and second attempt for a page fail, by page number modulo 8.
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
    """Announces the full length, sends half and drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the response unfinished; the server closes the connection then."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def application(extracts: Path, token: str, faults: bool = False) -> FastAPI:
    """The API over the extracts below `extracts`; `faults` turns on the failures of FAULTS."""
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
        registry, pages = RESOURCES[resource]
        if size not in (None, pages.size):
            return _problem(422, f"size is {size}; this server returns pages of {pages.size}")

        def saved(page: int) -> bytes | None:
            return _content(extracts / period / registry / pages.file_name(registry, period, page))

        body = saved(page)
        if body is None:
            return _problem(404, f"no page {page} of {period}")
        if faults:
            attempt = attempts.get((registry, period, page), 0)
            failures = FAULTS[page % 8]
            if attempt < len(failures):
                attempts[registry, period, page] = attempt + 1
                previous = saved(page - 1) if page > 1 else None
                return _FAILURES[failures[attempt]](body, previous or body)
            attempts.pop((registry, period, page), None)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if tag in re.split(r"\s*,\s*", if_none_match):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, media_type="application/json", headers={"ETag": tag})

    return app


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _problem(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status, headers)


_FAILURES: dict[str, Callable[[bytes, bytes], Response]] = {
    "unavailable": lambda body, previous: _problem(503, "maintenance", {"Retry-After": str(RETRY_AFTER_S)}),
    "throttled": lambda body, previous: _problem(429, "too many requests", {"Retry-After": str(RETRY_AFTER_S)}),
    "empty": lambda body, previous: Response(b"", media_type="application/json"),
    "truncated": lambda body, previous: TruncatedResponse(body, media_type="application/json"),
    "cut": lambda body, previous: Response(body[: len(body) * 2 // 3], media_type="application/json"),
    "repeated": lambda body, previous: Response(previous, media_type="application/json"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the address, then serve on 127.0.0.1 until a signal."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.simulated_sources.rest", description="REST server of the synthetic oblast."
    )
    parser.add_argument("--extracts", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="0 for any free port")
    parser.add_argument("--token-file", type=Path, required=True, help="file with the bearer token")
    parser.add_argument("--faults", choices=("none", "some"), default="none")
    given = parser.parse_args(arguments)
    token = given.token_file.read_text(encoding="utf-8").strip()
    if not token:
        parser.exit(2, f"{given.token_file}: expected the bearer token, found an empty file\n")
    listener = socket.create_server(("127.0.0.1", given.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        application(given.extracts, token, given.faults == "some"), log_level="warning", access_log=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
