"""Credentials of a REST interface, one class for each value of the contract's option `auth`."""

from __future__ import annotations

from base64 import b64encode

import httpx

from auyl.contracts import Contract
from auyl.contracts.options import RestOptions
from auyl.sources import http
from auyl.sources.address import Address
from auyl.sources.backoff import AttemptFailed, retry, status_failed


class NoAuth:
    """No credentials; the others derive from it."""

    def __init__(self, contract: Contract, address: Address, client: httpx.Client) -> None:
        self.contract = contract
        self.options = contract.options(RestOptions)
        self.address = address
        self.client = client

    def headers(self) -> dict[str, str]:
        """Headers of the next request. Raises SourceUnavailable, ConnectionUnusable."""
        return {}

    def renew(self) -> bool:
        """After status 401: may a request with new credentials succeed?"""
        return False


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
    _is_new = False

    def headers(self) -> dict[str, str]:
        self._is_new = self._token is None
        if self._token is None:
            self._token = retry(f"{self.contract.registry}: no token", self._request_token)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """A token that was used before may have expired; a refused new one is final."""
        if not self._is_new:
            self._token = None
        return self._token is None

    def _request_token(self) -> str:
        url = self.address.extras.get("token_url")
        if not url:
            raise self.contract.connection_unusable("the address that gives tokens in the extra «token_url»", "none")
        form = {"grant_type": "client_credentials"}
        if self.options.scope:
            form["scope"] = self.options.scope
        try:
            answer = self.client.post(url, data=form, auth=(self.address.user, self.address.password))
        except httpx.HTTPError as error:
            raise http.broken(self.contract, error) from None
        if answer.status_code in (400, 401, 403):
            found = f"status {answer.status_code} for a token"
            raise self.contract.connection_unusable("client credentials that the source accepts", found)
        if answer.status_code != 200:
            source = f"{self.contract.registry}: the server that gives tokens"
            raise status_failed(source, answer.status_code, answer.headers.get("Retry-After", ""))
        try:
            return str(answer.json()["access_token"])
        except (ValueError, KeyError, TypeError):
            raise AttemptFailed("an answer without access_token") from None


AUTH: dict[str, type[NoAuth]] = {
    "none": NoAuth, "bearer": Bearer, "basic": Basic, "header": Header, "oauth2": OAuth2,
}  # fmt: skip
