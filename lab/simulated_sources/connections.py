"""Which simulated source each registry needs: the servers to start and the Airflow connections to them.

The contract says how a registry is delivered: a folder, SFTP, REST, the government gateway or a database. Each server
is a separate process on 127.0.0.1. Ports and secrets are generated once and stored below AUYL_HOME.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from auyl import contracts
from auyl.contracts import Contract
from auyl.settings import Settings
from auyl.store.processes import remembered_port
from lab.stack.airflow import secret

LOGIN = "auyl"


@dataclass(frozen=True)
class Server:
    """A server to start: name (of its log too), command, and the port on 127.0.0.1 that it will listen on."""

    name: str
    command: list[str]
    port: int


class SimulatedSources:
    """Servers and connections for the extracts below `extracts`; `dispatch` is the DSN of the dispatch database."""

    def __init__(self, settings: Settings, registries: tuple[str, ...], extracts: Path, dispatch: str) -> None:
        self._secrets = settings.home / "secrets"
        self._extracts, self._dispatch = extracts, dispatch
        self._contracts = [contracts.load(registry, settings.include) for registry in registries]
        used = {contract.way for contract in self._contracts}
        self._ports: dict[str, int] = {
            way: remembered_port(settings.home / "simulated_sources" / f"{way}.port")
            for way in ("rest", "sftp", "soap")
            if way in used
        }
        self._password = {way: secret(self._secrets / f"{way}.password", token_urlsafe(32)) for way in self._ports}
        self._generate_keys()

    def _generate_keys(self) -> None:
        """A connection contains the server's public key, so the keys must exist before the servers start."""
        if "sftp" in self._ports:
            from lab.simulated_sources.sftp import make_host_key

            self._host_key = make_host_key(self._secrets / "sftp-host.key")
        if "soap" in self._ports:
            from lab.simulated_sources.gateway import make_certificate

            make_certificate(self._secrets / "gateway.key", self._secrets / "gateway.pem")

    def servers(self) -> Iterator[Server]:
        """The servers to start."""
        extracts, secrets = str(self._extracts), self._secrets
        options = {
            "rest": ["--extracts", extracts, "--faults", "some", "--token-file", str(secrets / "rest.password")],
            "sftp": [
                "--folder", extracts, "--login", LOGIN, "--password-file", str(secrets / "sftp.password"),
                "--host-key", str(secrets / "sftp-host.key"),
            ],
            "soap": [
                "--extracts", extracts, "--sender", LOGIN, "--password-file", str(secrets / "soap.password"),
                "--key", str(secrets / "gateway.key"), "--certificate", str(secrets / "gateway.pem"),
            ],
        }  # fmt: skip
        module = {"rest": "rest", "sftp": "sftp", "soap": "gateway"}
        for way, port in self._ports.items():
            command = [sys.executable, "-m", f"lab.simulated_sources.{module[way]}", "--port", str(port), *options[way]]
            yield Server(f"source-{way}", command, port)

    def connections(self) -> dict[str, dict[str, Any]]:
        """Airflow connections by the name that the contracts use."""
        return {contract.connection: self._connection(contract) for contract in self._contracts}

    def _connection(self, contract: Contract) -> dict[str, Any]:
        if contract.way == "file":
            return {"conn_type": "fs", "extra": {"path": f"{self._extracts}/{{period}}/{contract.registry}"}}
        if contract.way == "sql":
            from sqlalchemy.engine import make_url

            url = make_url(self._dispatch)
            return {
                "conn_type": "postgres", "host": url.host, "port": url.port, "schema": url.database,
                "login": url.username, "password": url.password,
            }  # fmt: skip
        here = {"host": "127.0.0.1", "port": self._ports[contract.way], "password": self._password[contract.way]}
        if contract.way == "rest":
            return {"conn_type": "http", **here}
        if contract.way == "sftp":
            extra = {"path": f"/{{period}}/{contract.registry}", "host_key": self._host_key}
            return {"conn_type": "sftp", "login": LOGIN, "extra": extra, **here}
        extra = {"certificate_file": str(self._secrets / "gateway.pem")}
        return {"conn_type": "http", "login": LOGIN, "extra": extra, **here}
