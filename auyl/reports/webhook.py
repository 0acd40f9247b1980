"""Webhook: one message as JSON to an address, such as sendMessage of Telegram."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import httpx

from auyl.errors import AuylError, SettingMissing
from auyl.reports.limit import TookTooLong, within
from auyl.reports.mail import LOOPBACK

# Telegram takes 4,096 characters: https://core.telegram.org/bots/api#sendmessage
LONGEST = 4000
TOKEN = "{token}"  # noqa: S105 - the place of the token


class WebhookNotTaken(AuylError):
    """The other side did not take the message. Trying again later may help."""


def post(address: str, text: str, timeout_s: float) -> None:
    """Post `text` as JSON; the query of `address` gives the other fields of the object.

    `address` is https://:token@host:port/path?field=value&…: `{token}` in the path is replaced by the token,
    which otherwise goes as a bearer token. The text is the field `text`, or the one that `text_field` names. Telegram:
    https://:TOKEN@api.telegram.org/bot{token}/sendMessage?chat_id=-100123. Redirects are not followed.
    Nothing takes longer than `timeout_s`, whatever drips meanwhile.
    Raises SettingMissing for an address that cannot be right, WebhookNotTaken.
    """
    parts = urlsplit(address)
    host, token, path = parts.hostname or "", unquote(parts.password or ""), unquote(parts.path)
    is_open = parts.scheme == "http" and host not in LOOPBACK
    if parts.scheme not in ("http", "https") or not host or (TOKEN in path and not token):
        raise SettingMissing(
            "auyl_alarm_webhook", f"an address https://host/path, and a token where the path has {TOKEN}"
        )
    if token and is_open:
        raise SettingMissing("auyl_alarm_webhook", "https: a token does not go over an open line")
    body = dict(parse_qsl(parts.query))
    body[body.pop("text_field", "text")] = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    headers = {"Content-Type": "application/json"}
    if token and TOKEN not in path:
        headers["Authorization"] = f"Bearer {token}"
    place = host + (f":{parts.port}" if parts.port else "")
    url = urlunsplit((parts.scheme, f"[{host}]" if ":" in host else place, path.replace(TOKEN, token), "", ""))
    content = json.dumps(body, ensure_ascii=False).encode()

    def status() -> int:
        with httpx.stream("POST", url, content=content, headers=headers, timeout=timeout_s) as answer:
            return answer.status_code  # nobody reads what else it says

    try:
        code = within(timeout_s, status)
    except (httpx.HTTPError, TookTooLong) as error:
        # The text of an error may hold the address, and that the token.
        raise WebhookNotTaken(f"webhook {place}: {type(error).__name__}") from None
    if not 200 <= code < 300:
        raise WebhookNotTaken(f"webhook {place}: status {code}")
