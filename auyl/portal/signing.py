"""Signing in and out, the person's own password and the places where they are signed in."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from auyl import access
from auyl.periods import LOCAL
from auyl.portal import security
from auyl.portal.pages import Busy, Pages
from auyl.portal.visit import Visit, client_address

CONCURRENT_HASHES = 2  # each takes 64 MiB and a core
WAITING_HASHES = 30
WAITING_HERE, WAITING = 4, 100  # sign-ins that are slowed at the same time: of one address, and in all
DEVICE_DAYS = 400  # browsers keep no cookie longer
Result = TypeVar("Result")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
# In this order: most browsers also name those that stand further down.
BROWSERS = {
    "YaBrowser": "Yandex", "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung", "Firefox": "Firefox",
    "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip


def device_words(user_agent: str) -> str:
    """«Android, Chrome»: by which words a person knows their phone again."""
    system = next((name for name in SYSTEMS if name in user_agent), "")
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    return ", ".join(filter(None, (system.replace("Macintosh", "Mac"), browser)))


class Signing:
    """Forms about a person's own account."""

    def __init__(self, pages: Pages, lifetime: timedelta, idle: timedelta) -> None:
        self._pages, self._lifetime, self._idle = pages, lifetime, idle
        self._hashing = CapacityLimiter(CONCURRENT_HASHES)
        self._waiting: Counter[str | None] = Counter()

    # -- in ----------------------------------------------------------------------------------------------------

    async def sign_in(self, request: Request, form: dict[str, str]) -> Response:
        """Announce the attempt, wait as long as it has to, look at the password."""
        pages = self._pages
        if not security.same(form.get("token"), request.cookies.get(pages.form_cookie)):
            raise security.FormRefused("token")
        try:
            attempt = await self._announced(request, form.get("principal", ""))
            signed_in = await self._hash(self._finish, request, attempt, form.get("password", ""))
        except access.SignInSlowed as error:
            return self._slowed(request, form, error.seconds)
        except access.SignInRefused:
            lang = pages.language(request)
            return await run_in_threadpool(pages.sign_in_page, request, 401, lang["sign_in_failed"], form)
        wanted = form.get("next", "")
        response = RedirectResponse(wanted if pages.is_return_address(wanted) else "/", 303)
        pages.set_cookie(response, pages.session_cookie, signed_in.token, int(self._lifetime.total_seconds()))
        pages.set_cookie(response, pages.device_cookie, signed_in.device, DEVICE_DAYS * 24 * 3600)
        # A form of before the sign-in is of no use afterwards.
        pages.delete_cookie(response, pages.form_cookie)
        return response

    async def _announced(self, request: Request, principal: str) -> access.Attempt:
        """The attempt, whose time has come. Raises SignInSlowed."""
        address = client_address(request)
        device = request.cookies.get(self._pages.device_cookie)

        def begin() -> access.Attempt:
            with self._pages.database.connection() as conn:
                return access.begin_sign_in(conn, principal, device=device, client_address=address)

        attempt = await run_in_threadpool(begin)
        if attempt.wait_s > 0:
            if self._waiting[address] >= WAITING_HERE or self._waiting.total() >= WAITING:
                raise access.SignInSlowed(attempt.wait_s)
            self._waiting[address] += 1
            try:
                await asyncio.sleep(attempt.wait_s)
            finally:
                self._waiting[address] -= 1
                self._waiting += Counter()  # forget addresses at zero
        return attempt

    async def _hash(self, function: Callable[..., Result], *values: object) -> Result:
        """Run what computes a slow hash, in a thread of few: those that answer pages never wait for it. Raises Busy."""
        if self._hashing.statistics().tasks_waiting >= WAITING_HASHES:
            raise Busy
        return await to_thread.run_sync(partial(function, *values), limiter=self._hashing)

    def _finish(self, request: Request, attempt: access.Attempt, password: str) -> access.SignedIn:
        with self._pages.database.connection() as conn:
            return access.finish_sign_in(
                conn,
                attempt,
                password,
                device=request.cookies.get(self._pages.device_cookie),
                device_words=device_words(request.headers.get("user-agent", "")),
                lifetime=self._lifetime,
                idle=self._idle,
            )

    def _slowed(self, request: Request, form: dict[str, str], seconds: float) -> Response:
        lang = self._pages.language(request)
        text = lang.say("sign_in_slowed", seconds=lang.number(math.ceil(seconds)))
        response = self._pages.sign_in_page(request, 429, text, form)
        response.headers["Retry-After"] = str(math.ceil(seconds))
        return response

    # -- out ---------------------------------------------------------------------------------------------------

    def ask_sign_out(self, request: Request) -> HTMLResponse:
        """Where the person is signed in, and the buttons to end that."""
        with self._pages.visit(request, may_owe_password=True) as visit:
            lang = self._pages.language(request, visit.session)
            places = [
                (
                    s.device or lang["device_unknown"],
                    lang.say("used_at", when=f"{lang.date(at.date())}, {at:%H:%M}"),
                    s.is_this,
                )
                for s in access.own_sessions(visit.conn)
                for at in (s.last_seen_at.astimezone(LOCAL),)
            ]
            return self._pages.page(request, "sign_out", visit, sessions=places)

    def sign_out(self, request: Request, form: dict[str, str]) -> Response:
        """End this session, or all of the person's with `everywhere`."""
        token = request.cookies.get(self._pages.session_cookie, "")
        if token:
            if not security.same(form.get("token"), security.session_form_token(token)):
                raise security.FormRefused("token")
            address = client_address(request)
            with self._pages.database.connection() as conn:
                if form.get("everywhere") and access.enter(conn, token):
                    access.sign_out_everywhere(conn, client_address=address)
                else:
                    access.sign_out(conn, token, client_address=address)
                conn.commit()
        response = RedirectResponse("/", 303)
        response.headers["Clear-Site-Data"] = '"cache"'
        self._pages.delete_cookie(response, self._pages.session_cookie)
        return response

    # -- the person's password ---------------------------------------------------------------------------------

    def ask_password(self, request: Request, status: int = 200, error: str = "") -> HTMLResponse:
        """The form for another password."""
        with self._pages.visit(request, may_owe_password=True) as visit:
            return self._pages.page(request, "password", visit, status, error=error)

    async def change_password(self, request: Request, form: dict[str, str]) -> Response:
        """Set another password; the sessions at other places end."""
        visited = await run_in_threadpool(self._whose, request, form)
        lang = self._pages.language(request, visited.session)
        if form.get("new", "") != form.get("again", ""):
            return await run_in_threadpool(self.ask_password, request, 400, lang["password_differs"])
        if form.get("new", "") == form.get("old", ""):
            return await run_in_threadpool(self.ask_password, request, 400, lang["password_same"])
        try:
            access.passwords.check(form.get("new", ""), visited.session.principal, visited.session.display_name)
            attempt = await self._announced(request, visited.session.principal)
            await self._hash(self._change, visited, attempt, form)
        except access.SignInSlowed as error:
            text = lang.say("sign_in_slowed", seconds=lang.number(math.ceil(error.seconds)))
            return await run_in_threadpool(self.ask_password, request, 429, text)
        except access.SignInRefused:
            return await run_in_threadpool(self.ask_password, request, 401, lang["password_old_wrong"])
        except access.PasswordTooWeak as error:
            return await run_in_threadpool(self.ask_password, request, 400, lang["password_rules"][error.rule])
        return RedirectResponse("/", 303)

    def _whose(self, request: Request, form: dict[str, str]) -> Visit:
        with self._pages.visit(request, may_owe_password=True) as visit:
            if not security.same(form.get("token"), security.session_form_token(visit.token)):
                raise security.FormRefused("token")
            return visit

    def _change(self, visited: Visit, attempt: access.Attempt, form: dict[str, str]) -> None:
        with self._pages.database.connection() as conn:
            if access.enter(conn, visited.token) is None:
                raise access.SignInRefused
            try:
                access.change_password(
                    conn,
                    attempt,
                    form.get("old", ""),
                    form.get("new", ""),
                    display_name=visited.session.display_name,
                )
            finally:
                conn.commit()  # the refusal is in the audit too
