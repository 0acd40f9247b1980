"""The application: which address is which page, and what is answered when a page cannot be."""

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from urllib.parse import urlencode

import psycopg2
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from auyl import access
from auyl.portal import asked, security
from auyl.portal.connections import RequestsByAddress
from auyl.portal.pages import Busy, Pages
from auyl.portal.signing import Signing
from auyl.portal.visit import NotSignedIn, PasswordOwed, PeriodUnknown, Refused
from auyl.subjects import Subject

log = logging.getLogger("auyl.portal")
OF_BROWSERS = re.compile(r"/(?:favicon|apple-touch-icon|robots\.txt|\.well-known/)")


def create_app(
    dsn: str,
    subjects: Iterable[Subject],
    *,
    is_behind_tls: bool = False,
    requests_by_address: int = 16,
    lifetime: timedelta = access.sessions.LIFETIME,
    idle: timedelta = access.sessions.IDLE,
) -> ASGIApp:
    """The portal on the database of `dsn`, whose login must be auyl_portal, with the pages of these subjects.

    `is_behind_tls`: a proxy in front speaks HTTPS, so cookies are Secure. `requests_by_address`: at the same time.
    A session ends after `lifetime`, or `idle` after its last page.
    """
    pages = Pages(dsn, is_behind_tls, subjects)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        pages.database.close()

    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # it redirects to the Host that the client claims
        dependencies=[Depends(asked.check)],
    )
    app.add_middleware(GZipMiddleware, minimum_size=256, compresslevel=9)
    _add_forms(app, Signing(pages, lifetime, idle))
    _add_pages(app, pages)
    _add_error_pages(app, pages)
    return security.Headers(RequestsByAddress(app, requests_by_address), pages.style, is_behind_tls)


def _add_forms(app: FastAPI, signing: Signing) -> None:
    @app.post("/")
    async def sign_in(request: Request) -> Response:
        return await signing.sign_in(request, await security.form_of(request))

    @app.get("/sign-out")
    def ask_sign_out(request: Request) -> Response:
        return signing.ask_sign_out(request)

    @app.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        return await run_in_threadpool(signing.sign_out, request, await security.form_of(request))

    @app.get("/password")
    def ask_password(request: Request) -> Response:
        return signing.ask_password(request)

    @app.post("/password")
    async def change_password(request: Request) -> Response:
        return await signing.change_password(request, await security.form_of(request))


def _add_pages(app: FastAPI, pages: Pages) -> None:
    @app.get("/")
    def start(request: Request) -> Response:
        return pages.start(request)

    @app.get("/okrugs")
    def okrugs(request: Request) -> Response:
        return pages.okrugs(request)

    @app.get("/okrug/{kato}")
    def okrug(request: Request, kato: str) -> Response:
        if not re.fullmatch(r"[0-9]{9}", kato):
            raise HTTPException(404)
        return pages.okrug(request, kato)

    @app.get("/healthz")
    def healthz() -> Response:
        try:
            with pages.database.connection() as conn, conn.cursor() as cur:
                cur.execute("select 1")
        except (psycopg2.Error, SQLAlchemyError):
            return PlainTextResponse("no database\n", 503)
        return PlainTextResponse("ok\n")

    for subject_id in pages.subjects:

        @app.get(f"/{subject_id}", name=subject_id)
        def coordinator(request: Request, subject_id: str = subject_id) -> Response:
            return pages.coordinator(request, subject_id)


def _add_error_pages(app: FastAPI, pages: Pages) -> None:
    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _error: Exception) -> Response:
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/?" + urlencode({"next": address}) if pages.is_return_address(address) else "/", 303)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return pages.message(request, "refused", 403, error.visit)

    @app.exception_handler(PasswordOwed)
    def password_owed(request: Request, _error: Exception) -> Response:
        page = pages.asked_page(request)
        try:
            if page:
                pages.write_refusal(request, f"{request.method} {page}: a password for one use", of_known_only=True)
        except (psycopg2.OperationalError, SQLAlchemyError) as error:
            return busy(request, error)
        return RedirectResponse("/password", 303)

    @app.exception_handler(security.FormRefused)
    @app.exception_handler(asked.RequestInvalid)
    def refused_unread(request: Request, error: Exception) -> Response:
        try:
            return pages.refuse(request, f"{request.method}: {error}")
        except (psycopg2.OperationalError, SQLAlchemyError):
            return busy(request, error)

    @app.exception_handler(PeriodUnknown)
    @app.exception_handler(HTTPException)
    def not_found(request: Request, error: Exception) -> Response:
        try:
            asked.refuse_nonsense(request)  # an address that no route knows has not been looked at yet
        except asked.RequestInvalid as invalid:
            return refused_unread(request, invalid)
        status = getattr(error, "status_code", 404)
        page = pages.asked_page(request)
        what = f"{request.method} {page or 'another address'}: {status}"
        try:
            # Browsers ask for some files by themselves; of strangers, only what asks for a page is worth a row.
            if page or not OF_BROWSERS.match(request.url.path):
                pages.write_refusal(request, what, of_known_only=page is None)
        except (psycopg2.OperationalError, SQLAlchemyError):
            return busy(request, error)
        return pages.message(request, "not_found", status)

    @app.exception_handler(Busy)
    @app.exception_handler(psycopg2.OperationalError)
    @app.exception_handler(SQLAlchemyError)
    def busy(request: Request, error: Exception) -> Response:
        log.warning("busy: %s", type(error).__name__)
        response = pages.message(request, "busy", 503)
        response.headers["Retry-After"] = "60"
        return response

    @app.exception_handler(Exception)
    def failed(request: Request, _error: Exception) -> Response:
        return pages.message(request, "busy", 500)
