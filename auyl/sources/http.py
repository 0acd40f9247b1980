"""What the ways in over HTTP share: one connection with the TLS trust of the address, and its failures in words."""

from __future__ import annotations

import ssl

import httpx

from auyl.contracts import Contract
from auyl.errors import ConnectionUnusable
from auyl.sources.address import Address
from auyl.sources.backoff import AttemptFailed


def client(contract: Contract, address: Address, timeout_s: float) -> httpx.Client:
    """A client that keeps one connection and sends one request at a time.

    It trusts the certificates in the extra `ca` or `ca_file`, else those of the machine. Raises ConnectionUnusable.
    """
    try:
        given = address.text("ca")
        verify = ssl.create_default_context(cadata=given) if given else True
    except (OSError, ssl.SSLError) as error:
        expected = "certificates in PEM in the extra «ca» or the file of «ca_file»"
        raise contract.connection_unusable(expected, type(error).__name__) from None
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    return httpx.Client(timeout=timeout_s, verify=verify, limits=limits)


def broken(contract: Contract, error: httpx.HTTPError) -> AttemptFailed | ConnectionUnusable:
    """The error to raise for a request without an answer. A certificate that is not trusted is no passing failure."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        expected = "a server whose certificate is trusted, or its authority in the extra «ca»"
        return contract.connection_unusable(expected, "another")
    return AttemptFailed(f"the line broke ({type(error).__name__})")
