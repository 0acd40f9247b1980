"""The application: routes, answers, error pages."""

import contextlib
import datetime as dt
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from threading import BoundedSemaphore
from urllib.parse import urlencode

import psycopg2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from auyl import access
from auyl.languages import LANGUAGES
from auyl.portal import okrug as lines
from auyl.portal import security
from auyl.portal.database import Database, rows
from auyl.portal.language import Language, language, preferred
from auyl.portal.visit import NotSignedIn, PeriodUnknown, Refused, Subject, Visit, client_address, period_of, visit

TEMPLATES = Path(__file__).with_name("templates")
KAZAKHSTAN = dt.timezone(dt.timedelta(hours=5))  # one zone for the whole country since 1 March 2024
RETURN_TO = re.compile(r"/(?:okrug/[0-9]{9}|okrugs|ambulance|veterinary)(?:\?[a-z0-9=&-]{0,80})?")
HASHES_AT_ONCE = 2  # each takes 64 MiB and a core
log = logging.getLogger("auyl.portal")


class Busy(Exception):
    """Too many sign-ins at once."""


class Portal:
    """State of the process and the pages made from it."""

    def __init__(self, dsn: str, is_behind_tls: bool) -> None:
        self.database = Database(dsn)
        self.is_behind_tls = is_behind_tls
        prefix = "__Host-" if is_behind_tls else ""
        self.session_cookie, self.form_cookie = f"{prefix}auyl", f"{prefix}auyl-form"
        self.style = re.sub(r"\s*\n\s*", "", (TEMPLATES / "style.css").read_text(encoding="utf-8"))
        self.throttle = security.Throttle(most=30, seconds=300)
        self._hashing = BoundedSemaphore(HASHES_AT_ONCE)
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    # -- answers -----------------------------------------------------------------------------------------------

    def language(self, request: Request, session: access.Session | None = None) -> Language:
        """Asked for in the address, else chosen before, else the account's, else the browser's, else Kazakh."""
        wanted = (
            request.query_params.get("lang"),
            request.cookies.get("lang"),
            session.language if session else None,
            preferred(request.headers.get("accept-language", "")),
        )
        return language(next((code for code in wanted if code in LANGUAGES), "kk"))

    def set_cookie(self, response: Response, name: str, value: str, max_age: int) -> None:
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=self.is_behind_tls, httponly=True, samesite="lax"
        )

    def page(
        self, request: Request, template: str, here: Visit | None = None, status: int = 200, **parts: object
    ) -> HTMLResponse:
        """The template as an answer, in the reader's language."""
        lang = self.language(request, here.session if here else None)
        query = {k: v for k, v in request.query_params.items() if k in ("period", "district", "full", "next")}
        parts = {
            "t": lang,
            "style": self.style,
            "languages": [
                (code, language(code)["language"], "?" + urlencode({**query, "lang": code})) for code in LANGUAGES
            ],
            "session": here.session if here else None,
            "places": _places(here) if here else [],
            "form_token": security.session_form_token(here.token) if here else "",
            "here": request.url.path,
            **parts,
        }
        response = HTMLResponse(self._templates.get_template(f"{template}.html").render(parts), status)
        response.headers["Content-Language"] = lang.code
        if request.query_params.get("lang") in LANGUAGES:
            self.set_cookie(response, "lang", lang.code, max_age=365 * 24 * 3600)
        return response

    def message(self, request: Request, key: str, status: int, here: Visit | None = None) -> HTMLResponse:
        """A page that says in plain words what happened."""
        lang = self.language(request, here.session if here else None)
        help_ = lang.words.get(f"{key}_help", "")
        return self.page(
            request, "message", here, status, title=lang[f"{key}_title"], text=lang[key], help=help_, link=status != 200
        )

    # -- signing in and out ------------------------------------------------------------------------------------

    def sign_in_page(
        self, request: Request, status: int = 200, error: str = "", form: dict[str, str] | None = None
    ) -> HTMLResponse:
        form = form or dict(request.query_params)
        token = request.cookies.get(self.form_cookie) or security.new_form_token()
        wanted = form.get("next", "")
        response = self.page(
            request,
            "sign_in",
            None,
            status,
            error=error,
            name=form.get("principal", "")[:63] if status != 200 else "",
            token=token,
            next=wanted if RETURN_TO.fullmatch(wanted) else "",
        )
        self.set_cookie(response, self.form_cookie, token, max_age=12 * 3600)
        return response

    def sign_in(self, request: Request, form: dict[str, str]) -> Response:
        if not security.same(form.get("token"), request.cookies.get(self.form_cookie)):
            raise security.FormRefused("token")
        lang = self.language(request)
        address = client_address(request)
        if not self.throttle.allows(address or ""):
            return self.sign_in_page(request, 429, lang["sign_in_too_many"], form)
        if not self._hashing.acquire(timeout=10):
            raise Busy
        try:
            with self.database.connection() as conn:
                signed = access.sign_in(
                    conn, form.get("principal", ""), form.get("password", ""), client_address=address
                )
        except access.SignInRefused:
            self.throttle.failed(address or "")
            return self.sign_in_page(request, 401, lang["sign_in_failed"], form)
        finally:
            self._hashing.release()
        wanted = form.get("next", "")
        response = RedirectResponse(wanted if RETURN_TO.fullmatch(wanted) else "/", 303)
        self.set_cookie(response, self.session_cookie, signed.token, int(access.sessions.LIFETIME.total_seconds()))
        return response

    def sign_out(self, request: Request, form: dict[str, str]) -> Response:
        token = request.cookies.get(self.session_cookie, "")
        if token:
            if not security.same(form.get("token"), security.session_form_token(token)):
                raise security.FormRefused("token")
            with self.database.connection() as conn:
                access.sign_out(conn, token, client_address=client_address(request))
                conn.commit()
        response = RedirectResponse("/", 303)
        response.delete_cookie(self.session_cookie, path="/", secure=self.is_behind_tls, httponly=True, samesite="lax")
        return response

    # -- pages -------------------------------------------------------------------------------------------------

    def visit(self, request: Request) -> contextlib.AbstractContextManager[Visit]:
        return visit(request, self.database, request.cookies.get(self.session_cookie))

    def start(self, request: Request) -> Response:
        """Sign-in, or the first page that the person has."""
        try:
            with self.visit(request) as here:
                if len(here.rights["snapshot"]) == 1:
                    return RedirectResponse(f"/okrug/{min(here.rights['snapshot'])}", 303)
                subject = next((s for s in ("ambulance", "veterinary") if here.rights[s]), None)
                return RedirectResponse(f"/{subject}" if subject and not here.rights["snapshot"] else "/okrugs", 303)
        except NotSignedIn:
            return self.sign_in_page(request)

    def okrugs(self, request: Request) -> Response:
        with self.visit(request) as here:
            codes = sorted(here.rights["snapshot"])
            if not codes:
                return self.message(request, "no_grants", 200, here)
            here.read("okrugs")
            found = rows(here.conn, "okrugs", katos=codes)
            # towns have a code of the same level, and no snapshot
            return self.page(request, "okrugs", here, okrugs=[o for o in found if o.is_rural_akimat] or found)

    def okrug(self, request: Request, kato: str) -> Response:
        with self.visit(request) as here:
            if kato not in here.rights["snapshot"]:
                here.refuse(f"okrug {kato}")
            month = period_of(here, request.query_params.get("period"))
            if month is None:
                return self.message(request, "nothing_published", 200, here)
            here.read(f"okrug {kato} {month.period} revision {month.revision}")
            (place,) = rows(here.conn, "okrugs", katos=[kato])
            found = rows(here.conn, "indicators", kato=kato, period=month.period, period_before=month.earlier or "")
            came = {
                row.registry: row.extracted_at.astimezone(KAZAKHSTAN)
                for row in rows(here.conn, "sources", period=month.period, revision=month.revision)
            }
            lang = self.language(request, here.session)
            themes = lines.themes(found, came, dt.datetime.now(KAZAKHSTAN).date(), lang)
            wanted = {registry for row in found for registry in row.registries}
            missing = rows(here.conn, "missing", period=month.period, revision=month.revision)
            return self.page(
                request,
                "okrug",
                here,
                place=place,
                month=month,
                themes=themes,
                absent=lines.absent(wanted - came.keys(), missing, lang),
                without_value=sum(line.value is None for theme in themes for line in theme.lines),
                is_full=request.query_params.get("full") == "1",
            )

    def coordinator(self, request: Request, subject: Subject) -> Response:
        """The coordinator's table: districts of the territory first, then the settlements of one."""
        with self.visit(request) as here:
            if not here.rights[subject]:
                here.refuse(subject)
            districts = {
                row.district_kato: row for row in rows(here.conn, "okrugs", katos=sorted(here.rights[subject]))
            }
            wanted = request.query_params.get("district")
            if wanted is not None and wanted not in districts:
                here.refuse(f"{subject} district {wanted[:9]}")
            if wanted is None and len(districts) == 1:
                wanted = next(iter(districts))
            month = period_of(here, request.query_params.get("period"))
            if month is None:
                return self.message(request, "nothing_published", 200, here)
            here.read(f"{subject} {wanted or 'districts'} {month.period} revision {month.revision}")
            if wanted is None:
                found = rows(here.conn, f"{subject}_districts", period=month.period)
            else:
                found = rows(here.conn, subject, period=month.period, district=wanted)
            return self.page(
                request,
                subject,
                here,
                month=month,
                found=found,
                place=districts[wanted] if wanted else None,
                has_districts=len(districts) > 1,
            )


def _places(here: Visit) -> list[tuple[str, str]]:
    """(address, word) of the pages that the person has."""
    okrugs = here.rights["snapshot"]
    own = [(f"/okrug/{min(okrugs)}", "my_okrug")] if len(okrugs) == 1 else [("/okrugs", "my_okrugs")] if okrugs else []
    return own + [(f"/{s}", s) for s in ("ambulance", "veterinary") if here.rights[s]]


def create_app(dsn: str, *, is_behind_tls: bool = False) -> ASGIApp:
    """The portal on the database of `dsn`, whose login must be auyl_portal.

    `is_behind_tls`: a proxy in front speaks HTTPS, so cookies are Secure.
    """
    portal = Portal(dsn, is_behind_tls)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        portal.database.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=256, compresslevel=9)

    @app.get("/")
    def start(request: Request) -> Response:
        return portal.start(request)

    @app.post("/")
    async def sign_in(request: Request) -> Response:
        form = await security.form_of(request)
        return await run_in_threadpool(portal.sign_in, request, form)

    @app.get("/sign-out")
    def ask_sign_out(request: Request) -> Response:
        with portal.visit(request) as here:
            return portal.page(request, "sign_out", here)

    @app.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        form = await security.form_of(request)
        return await run_in_threadpool(portal.sign_out, request, form)

    @app.get("/okrugs")
    def okrugs(request: Request) -> Response:
        return portal.okrugs(request)

    @app.get("/okrug/{kato}")
    def okrug(request: Request, kato: str) -> Response:
        if not re.fullmatch(r"[0-9]{9}", kato):
            raise HTTPException(404)
        return portal.okrug(request, kato)

    @app.get("/ambulance")
    def ambulance(request: Request) -> Response:
        return portal.coordinator(request, "ambulance")

    @app.get("/veterinary")
    def veterinary(request: Request) -> Response:
        return portal.coordinator(request, "veterinary")

    @app.get("/healthz")
    def healthz() -> Response:
        try:
            with portal.database.connection() as conn, conn.cursor() as cur:
                cur.execute("select 1")
        except (psycopg2.Error, SQLAlchemyError):
            return PlainTextResponse("no database\n", 503)
        return PlainTextResponse("ok\n")

    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _error: Exception) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/?" + urlencode({"next": here}) if RETURN_TO.fullmatch(here) else "/", 303)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return portal.message(request, "refused", 403, error.visit)

    @app.exception_handler(security.FormRefused)
    def bad_form(request: Request, _error: Exception) -> Response:
        return portal.message(request, "bad_form", 400)

    @app.exception_handler(PeriodUnknown)
    @app.exception_handler(HTTPException)
    def not_found(request: Request, error: Exception) -> Response:
        return portal.message(request, "not_found", getattr(error, "status_code", 404))

    @app.exception_handler(Busy)
    @app.exception_handler(psycopg2.OperationalError)
    @app.exception_handler(SQLAlchemyError)
    def busy(request: Request, error: Exception) -> Response:
        log.warning("busy: %s", type(error).__name__)
        response = portal.message(request, "busy", 503)
        response.headers["Retry-After"] = "60"
        return response

    @app.exception_handler(Exception)
    def failed(request: Request, _error: Exception) -> Response:
        return portal.message(request, "busy", 500)

    return security.Headers(app, portal.style, is_behind_tls)
