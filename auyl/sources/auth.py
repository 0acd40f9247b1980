"""Credentials of a REST interface, one class for each value of the contract's option `auth`."""

from __future__ import annotations

import json
from base64 import b64encode

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.sources import http
from auyl.sources.address import Address
from auyl.sources.backoff import AttemptFailed, retry
from auyl.sources.http import HttpSource

MAX_TOKEN_BYTES = 1 << 20


class NoAuth:
    """No credentials; the others derive from it."""

    def __init__(self, contract: Contract, address: Address, client: HttpSource) -> None:
        self.contract = contract
        self.options = contract.options(RestOptions)
        self.address = address
        self.client = client

    def headers(self) -> dict[str, str]:
        """Headers of the next request. Raises SourceUnavailable, ConnectionUnusable."""
        return {}

    def renew(self) -> bool:
        """After a refusal or an answer without data: may a request with new credentials succeed?"""
        return False

    def confirm(self) -> None:
        """The source gave data for the credentials."""


class Bearer(NoAuth):
    """The password of the connection is the token."""

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.address.password or self.address.user}"}


class Basic(NoAuth):
    """Login and password (RFC 7617)."""

    def headers(self) -> dict[str, str]:
        login = f"{self.address.user}:{self.address.password}".encode()
        return {"Authorization": f"Basic {b64encode(login).decode()}"}


class Header(NoAuth):
    """The password in the header that the option `tokenHeader` names."""

    def headers(self) -> dict[str, str]:
        return {self.options.token_header: self.address.password}


class OAuth2(NoAuth):
    """Client credentials (RFC 6749, 4.4): login and password are the client's, the extra `token_url` gives tokens."""

    _token: str | None = None
    _is_renewed = False

    def headers(self) -> dict[str, str]:
        if self._token is None:
            self._token = retry(self.contract, "no token", self._request_token)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """A token may have expired: ask for another once, and again only after the source gave data for it."""
        if self._is_renewed:
            return False
        self._token, self._is_renewed = None, True
        return True

    def confirm(self) -> None:
        self._is_renewed = False

    def _request_token(self) -> str:
        url = self.address.extras.get("token_url")
        if not url:
            raise self.contract.connection_unusable("the address that gives tokens in the extra «token_url»", "none")
        form = {"grant_type": "client_credentials"}
        if self.options.scope:
            form["scope"] = self.options.scope
        login = (self.address.user, self.address.password)
        answer, content = self.client.read("POST", url, MAX_TOKEN_BYTES, data=form, auth=login)
        if answer.status_code == 400 or http.is_refusal(answer):
            found = f"status {answer.status_code} for a token"
            raise self.contract.connection_unusable("client credentials that the source accepts", found)
        if answer.status_code != 200:
            raise http.failed(self.contract, "the server that gives tokens", answer)
        try:
            token = json.loads(content)["access_token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token:
            raise AttemptFailed("an answer without access_token")
        return token


AUTH: dict[str, type[NoAuth]] = {
    "none": NoAuth, "bearer": Bearer, "basic": Basic, "header": Header, "oauth2": OAuth2,
}  # fmt: skip
