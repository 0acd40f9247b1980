"""The pages: what each address answers, as HTML in the reader's language."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from auyl import access
from auyl.languages import LANGUAGES
from auyl.periods import LOCAL
from auyl.portal import okrug as okrug_lines
from auyl.portal import security
from auyl.portal.database import Database, rows
from auyl.portal.language import Language, language, preferred
from auyl.portal.subject import subject_rows
from auyl.portal.visit import NotSignedIn, Visit, client_address, open_visit, period_of
from auyl.subjects import Subject

TEMPLATES = Path(__file__).with_name("templates")


class Busy(Exception):
    """Too many sign-ins at once."""


class Pages:
    """State of the process and the pages made from it."""

    def __init__(self, dsn: str, is_behind_tls: bool, subjects: Iterable[Subject]) -> None:
        self.database = Database(dsn)
        self.subjects = {subject.id: subject for subject in subjects}
        self.is_behind_tls = is_behind_tls
        prefix = "__Host-" if is_behind_tls else ""
        self.session_cookie, self.form_cookie = f"{prefix}auyl", f"{prefix}auyl-form"
        self.device_cookie = f"{prefix}auyl-device"
        self.style = re.sub(r"\s*\n\s*", "", (TEMPLATES / "style.css").read_text(encoding="utf-8"))
        addresses = "|".join(["okrug/[0-9]{9}", "okrugs", *self.subjects])
        self._return_to = re.compile(rf"/(?:{addresses})(?:\?[a-z0-9=&-]{{0,80}})?")
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    # -- answers -----------------------------------------------------------------------------------------------

    def language(self, request: Request, session: access.Session | None = None) -> Language:
        """The one in the address, else in the cookie, else the account's, else the browser's, else Kazakh."""
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

    def delete_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.is_behind_tls, httponly=True, samesite="lax")

    def is_return_address(self, address: str) -> bool:
        """Whether sign-in may continue at this address: one of our pages, nothing else."""
        return bool(self._return_to.fullmatch(address))

    def page(
        self, request: Request, template: str, visit: Visit | None = None, status: int = 200, **parts: object
    ) -> HTMLResponse:
        """The template as an answer, in the reader's language."""
        lang = self.language(request, visit.session if visit else None)
        query = {k: v for k, v in request.query_params.items() if k in ("period", "district", "full", "next")}
        parts = {
            "t": lang,
            "style": self.style,
            "languages": [
                (code, language(code)["language"], "?" + urlencode({**query, "lang": code})) for code in LANGUAGES
            ],
            "session": visit.session if visit else None,
            "places": self._places(visit, lang) if visit else [],
            "form_token": security.session_form_token(visit.token) if visit else "",
            "here": request.url.path,
            **parts,
        }
        response = HTMLResponse(self._templates.get_template(f"{template}.html").render(parts), status)
        response.headers["Content-Language"] = lang.code
        if request.query_params.get("lang") in LANGUAGES:
            self.set_cookie(response, "lang", lang.code, max_age=365 * 24 * 3600)
        return response

    def _places(self, visit: Visit, lang: Language) -> list[tuple[str, str]]:
        """(address, name) of the pages that the person has."""
        okrugs = [*sorted(visit.rights["snapshot"]), *(one.kato for one in visit.former)]
        places = [("/okrugs", lang["my_okrugs"])] if okrugs else []
        if len(okrugs) == 1:
            places = [(f"/okrug/{okrugs[0]}", lang["my_okrug"])]
        return places + [(f"/{s.id}", s.names[lang.code]) for s in self.subjects.values() if visit.rights[s.id]]

    def message(self, request: Request, key: str, status: int, visit: Visit | None = None) -> HTMLResponse:
        """A page that says in plain words what happened."""
        lang = self.language(request, visit.session if visit else None)
        parts = {"title": lang[f"{key}_title"], "text": lang[key], "help": lang.words.get(f"{key}_help", "")}
        return self.page(request, "message", visit, status, link=status != 200, **parts)

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
            next=wanted if self.is_return_address(wanted) else "",
        )
        self.set_cookie(response, self.form_cookie, token, max_age=12 * 3600)
        return response

    def write_refusal(self, request: Request, what: str, *, of_known_only: bool = False) -> None:
        """Write down a request that was refused before a page could say what is read.

        With `of_known_only` only one of somebody who is signed in.
        """
        with self.database.connection() as conn:
            token = request.cookies.get(self.session_cookie)
            session = access.enter(conn, token) if token else None
            if session is not None or not of_known_only:
                access.refuse_request(conn, what, client_address=client_address(request))
            conn.commit()

    def asked_page(self, request: Request) -> str | None:
        """The page that an address asks for, by its name and an okrug's code; None where it is none of ours."""
        name, _, code = request.url.path.lstrip("/").partition("/")
        if name not in ("okrug", "okrugs", *self.subjects):
            return None
        return f"{name} {code}" if re.fullmatch("[0-9]{9}", code) else name

    def refuse(self, request: Request, what: str) -> HTMLResponse:
        """Write down a request that cannot be meant, and say so."""
        self.write_refusal(request, what)
        return self.message(request, "bad_form" if request.method == "POST" else "bad_address", 400)

    # -- pages -------------------------------------------------------------------------------------------------

    def visit(self, request: Request, *, may_owe_password: bool = False) -> contextlib.AbstractContextManager[Visit]:
        """The transaction of one page. Raises NotSignedIn, PasswordOwed."""
        token = request.cookies.get(self.session_cookie)
        return open_visit(request, self.database, token, list(self.subjects), may_owe_password=may_owe_password)

    def start(self, request: Request) -> Response:
        """Sign-in, or the first page that the person has."""
        try:
            with self.visit(request) as visit:
                places = self._places(visit, self.language(request))
                return RedirectResponse(places[0][0] if places else "/okrugs", 303)
        except NotSignedIn:
            return self.sign_in_page(request)

    def okrugs(self, request: Request) -> Response:
        """The okrugs of the person."""
        with self.visit(request) as visit:
            codes = sorted(visit.rights["snapshot"])
            if not codes and not visit.former:
                return self.message(request, "no_grants", 200, visit)
            visit.read("okrugs", "snapshot")
            okrugs = rows(visit.conn, "okrugs", katos=codes, edition=None)
            # towns have a code of the same level, and no snapshot
            okrugs = [o for o in okrugs if o.is_rural_akimat] or okrugs
            former = [
                (place, one.period)
                for one in visit.former
                if one.kato not in codes
                for place in rows(visit.conn, "okrugs", katos=[one.kato], edition=one.edition)
                if place.is_rural_akimat
            ]
            return self.page(request, "okrugs", visit, okrugs=okrugs, former=former)

    def okrug(self, request: Request, kato: str) -> Response:
        """The indicators of one okrug in a month."""
        with self.visit(request) as visit:
            former = None
            if kato not in visit.rights["snapshot"]:
                former = next((one for one in visit.former if one.kato == kato), None)
                if former is None:
                    visit.read("okrug", "snapshot", kato)
            month = period_of(visit, request.query_params.get("period"), former)
            if month is None:
                return self.message(request, "nothing_published", 200, visit)
            visit.read("okrug", "snapshot", kato, month.period)
            (place,) = rows(visit.conn, "okrugs", katos=[kato], edition=former.edition if former else None)
            months = {"period": month.period, "period_before": month.earlier or ""}
            values = rows(visit.conn, "indicators", kato=kato, edition=place.edition, **months)
            received = {
                row.registry: row.extracted_at.astimezone(LOCAL)
                for row in rows(visit.conn, "sources", period=month.period, revision=month.revision)
            }
            lang = self.language(request, visit.session)
            themes = okrug_lines.themes(values, received, dt.datetime.now(LOCAL).date(), lang)
            expected = {registry for row in values for registry in row.registries}
            missing = rows(visit.conn, "missing", period=month.period, revision=month.revision)
            return self.page(
                request,
                "okrug",
                visit,
                place=place,
                month=month,
                themes=themes,
                absent=okrug_lines.absent(expected - received.keys(), missing, lang),
                without_value=sum(line.value is None for theme in themes for line in theme.lines),
                is_full=request.query_params.get("full") == "1",
                is_former=former is not None,
            )

    def coordinator(self, request: Request, subject_id: str) -> Response:
        """A subject's table: the districts of the person's territory first, then the settlements of one."""
        with self.visit(request) as visit:
            subject = self.subjects.get(subject_id)
            if subject is None:
                raise HTTPException(404)
            if not visit.rights[subject.id]:
                visit.read(subject.id, subject.id)
            okrugs = rows(visit.conn, "okrugs", katos=sorted(visit.rights[subject.id]), edition=None)
            districts = {row.district_kato: row for row in okrugs}
            district = request.query_params.get("district")
            if district is not None and district not in districts:
                visit.read(subject.id, subject.id, district[:9])
            if district is None and len(districts) == 1:
                district = next(iter(districts))
            month = period_of(visit, request.query_params.get("period"))
            if month is None:
                return self.message(request, "nothing_published", 200, visit)
            visit.read(subject.id, subject.id, district, month.period)
            lang = self.language(request, visit.session)
            return self.page(
                request,
                "subject",
                visit,
                subject=subject,
                month=month,
                rows=subject_rows(visit.conn, subject, lang, month.period, district),
                place=districts[district] if district else None,
                has_districts=len(districts) > 1,
            )
