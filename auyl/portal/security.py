"""What every answer carries and every form must pass: headers, size limits, tokens against forged forms."""

import hashlib
import hmac
import secrets
from base64 import b64encode
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_BYTES = 4096
FORM_FIELDS = 8


class FormRefused(Exception):
    """A form that is too large, malformed, or not ours."""


class Headers:
    """The outermost layer: puts the security headers on every answer, error pages included."""

    def __init__(self, app: ASGIApp, style: str, is_behind_tls: bool) -> None:
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._app = app
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",  # with no-referrer browsers send "Origin: null" from our own forms
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if is_behind_tls:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def form_of(request: Request) -> dict[str, str]:
    """Fields of a small urlencoded form. Raises FormRefused."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormRefused("from another site")
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        raise FormRefused("not urlencoded")
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_BYTES:
                raise FormRefused("too large")
    except ClientDisconnect as error:
        raise FormRefused("cut off") from error
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict")
    except ValueError as error:
        raise FormRefused("malformed") from error
    if len(dict(fields)) < len(fields) or any("\0" in f"{name}{value}" for name, value in fields):
        raise FormRefused("a field twice, or with NUL")
    return dict(fields)


def new_form_token() -> str:
    """Token of the sign-in form: cookie and form must return the same value."""
    return secrets.token_urlsafe(24)


def session_form_token(session_token: str) -> str:
    """Token of the forms of one session; it reveals nothing about the session's token."""
    return hmac.new(session_token.encode(), b"form", hashlib.sha256).hexdigest()[:32]


def same(left: str | None, right: str | None) -> bool:
    """Compare two tokens in constant time; absent ones are never the same."""
    return bool(left) and bool(right) and hmac.compare_digest(str(left).encode(), str(right).encode())
