"""The production shape: valid, without secrets, and with settings that this Airflow knows."""

import contextlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg2
import pytest
import yaml
from airflow.secrets.local_filesystem import load_connections_dict
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from auyl import contracts
from auyl.errors import SettingMissing
from auyl.settings import REPOSITORY, from_environment, write_of_home
from auyl.store.processes import free_port
from lab.stack.airflow import AirflowStack
from lab.stack.supervisor import Supervisor

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8"))
PRODUCTION = REPOSITORY / "docs" / "production"
OWN_IMAGE = "${AUYL_IMAGE:-auyl:latest}"


def environments() -> dict[str, dict[str, str]]:
    return {name: service.get("environment") or {} for name, service in COMPOSE["services"].items()}


def known_settings() -> set[str]:
    folder = Path(find_spec("airflow").origin).parent
    config = yaml.safe_load((folder / "config_templates" / "config.yml").read_text(encoding="utf-8"))
    return {f"AIRFLOW__{section}__{name}".upper() for section in config for name in config[section]["options"]}


def schema_errors(file: Path) -> list[dict[str, str]]:
    """What is wrong with a compose file by the schema of the Compose project."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "--output-format", "json"]
    done = subprocess.run([sys.executable, *command, str(file)], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout).get("errors", [])


def test_compose_file_is_valid() -> None:
    assert schema_errors(REPOSITORY / "docker-compose.yaml") == []


def test_a_mistake_in_a_compose_file_is_caught(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yaml"
    broken.write_text(yaml.safe_dump({**COMPOSE, "services": {"a": {"image": "x", "comand": ["y"]}}}))
    (error,) = schema_errors(broken)
    assert "comand" in error["message"]


# Which service may read which secret, and no other.
AIRFLOWS = {"airflow_dsn", "fernet_key", "ca"}
BROKERS = {"broker_url", "results_dsn", "session_key"}
SECRETS_OF = {
    "postgres": {"postgres_password", "postgres_certificate", "postgres_key"},
    "redis": {"redis_conf", "redis_certificate", "redis_key", "ca"},
    "bootstrap": {
        *AIRFLOWS, "admin_dsn", "owner_dsn", "pipeline_dsn", "engineer_dsn", "portal_dsn", "results_dsn",
        "airflow_password",
    },
    "api-server": {*AIRFLOWS, "engineer_dsn", "session_key", "jwt_secret"},
    "scheduler": {*AIRFLOWS, *BROKERS, "jwt_secret"},
    "dag-processor": AIRFLOWS,
    "worker": {*BROKERS, "ca", "fernet_key", "pipeline_dsn", "hash_key", "connections.yaml"},
    "portal": {"portal_dsn", "ca"},
    "commands": {"owner_dsn", "hash_key", "ca"},
    "backup": {"admin_dsn", "ca"},
    "tls": set(),
}  # fmt: skip


def test_each_service_has_the_secrets_that_it_needs_and_no_other() -> None:
    assert {name: set(s.get("secrets", [])) for name, s in COMPOSE["services"].items()} == SECRETS_OF


def test_no_environment_holds_a_secret() -> None:
    for service, environment in environments().items():
        for name in environment:
            if re.search(r"PASSWORD|SECRET|_KEY|FERNET|DSN|BROKER_URL|RESULT_BACKEND|CONN", name):
                assert name.endswith(("_FILE", "_CMD", "_BACKEND", "_BACKEND_KWARGS", "TEST_CONNECTION")), (
                    service,
                    name,
                )
        named = {Path(file).name for file in re.findall(r"/run/secrets/[\w.]+", str(environment))}
        missing = named - SECRETS_OF[service]
        assert missing <= {"broker_url", "results_dsn", "session_key", "jwt_secret"}, (service, missing)
    assert not any("env_file" in service for service in COMPOSE["services"].values())


def test_images_of_others_are_named_by_digest() -> None:
    images = {s["image"] for s in COMPOSE["services"].values()} - {OWN_IMAGE}
    assert len(images) == 3
    assert all(re.fullmatch(r"\$\{\w+_IMAGE:\?\w+@sha256:… of version \d+\}", image) for image in images)
    below = COMPOSE["services"]["bootstrap"]["build"]["args"]["PYTHON_IMAGE"]
    assert re.fullmatch(r"\$\{PYTHON_IMAGE:\?python@sha256:… of version [\w.-]+\}", below)
    assert "FROM ${PYTHON_IMAGE}" in (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    example = (PRODUCTION / "env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(\w+_IMAGE)=\w+@sha256:", example, re.MULTILINE)) == {
        re.findall(r"\w+_IMAGE", image)[0] for image in (*images, below)
    }


def test_every_service_has_a_limit_of_memory_and_ours_have_no_privileges() -> None:
    for name, service in COMPOSE["services"].items():
        assert "mem_limit" in service, name
        if service["image"] == OWN_IMAGE:
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name


def test_all_of_ours_run_the_same_image() -> None:
    others = ("postgres", "redis", "tls", "backup")
    ours = {name: s["image"] for name, s in COMPOSE["services"].items() if name not in others}
    assert set(ours.values()) == {OWN_IMAGE}
    assert {"api-server", "scheduler", "dag-processor", "worker", "portal"} <= set(ours)


def test_only_the_proxy_is_open_to_the_network() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert name == "tls" or port.startswith("127.0.0.1:"), (name, port)


def test_every_setting_is_one_that_airflow_knows() -> None:
    known = known_settings()
    for service, environment in environments().items():
        names = {n.removesuffix("_CMD") for n in environment if n.startswith("AIRFLOW__")}
        assert {name for name in names if not name.startswith("AIRFLOW__CELERY__")} <= known, service


def test_every_embedded_setting_is_one_that_airflow_knows(tmp_path: Path) -> None:
    stack = AirflowStack(tmp_path, "postgresql://u:p@127.0.0.1:1/airflow", Supervisor(tmp_path))
    names = {name for name in stack.environment() if name.startswith("AIRFLOW__")}
    assert len(names) > 30
    assert names <= known_settings()


PIN = r"[a-z0-9.-]+(\[[a-z,]+\])?==[^ ]+( ;.*)?"


def test_locks_pin_everything_and_name_no_host() -> None:
    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(PIN, line) for line in lines if line and not line.startswith("#"))
    production = (REPOSITORY / "requirements-production.txt").read_text(encoding="utf-8")
    packages = re.sub(r"^#.*\n", "", production, flags=re.MULTILINE).replace(" \\\n", "").splitlines()
    assert len(packages) > 100
    assert all(re.fullmatch(PIN + r"(    --hash=sha256:[0-9a-f]{64})+", package) for package in packages)
    assert "://" not in "".join(lines) + production
    assert "--require-hashes" in (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")


# -- secrets, units, connections -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What make-secrets.sh makes for servers on this machine."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run([PRODUCTION / "make-secrets.sh", folder, "127.0.0.1", "127.0.0.1"], check=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_secrets_are_made_once_and_closed(secrets: Path) -> None:
    before = contents(secrets)
    subprocess.run([PRODUCTION / "make-secrets.sh", secrets, "127.0.0.1", "127.0.0.1"], check=True)
    assert contents(secrets) == before
    open_files = {file.name for file in secrets.iterdir() if file.stat().st_mode & 0o037}
    assert open_files == {"ca.crt"}
    needed = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert needed - {"connections.yaml"} <= set(before)
    assert len(set(before.values())) == len(before)
    assert len(bytes.fromhex(before["hash_key"].decode())) == 32
    assert len(before["jwt_secret"]) >= 64
    Fernet(before["fernet_key"])


def test_a_new_certificate_needs_the_key_of_the_authority_and_loses_nothing_without_it(
    secrets: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(secrets, tmp_path / "secrets"))
    (folder / "ca.key").unlink()
    (folder / "postgres.crt").unlink()
    before = contents(folder)
    done = subprocess.run([PRODUCTION / "make-secrets.sh", folder, "127.0.0.1"], capture_output=True, text=True)
    assert done.returncode == 1 and "put ca.key of this installation there first" in done.stderr
    assert contents(folder) == before


def test_a_host_may_be_an_address_of_ipv6_and_what_is_none_is_refused_in_words(tmp_path: Path) -> None:
    def made_for(folder: str, host: str) -> subprocess.CompletedProcess[str]:
        command = [PRODUCTION / "make-secrets.sh", tmp_path / folder, host]
        return subprocess.run(command, capture_output=True, text=True)

    assert made_for("ipv6", "2001:db8::7").returncode == 0
    assert "@[2001:db8::7]:5432/auyl" in (tmp_path / "ipv6" / "owner_dsn").read_text()
    known = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "ipv6" / "postgres.crt", "-noout", "-ext", "subjectAltName"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "IP Address:2001:DB8:" in known.stdout
    wrong = made_for("wrong", "10.0.0.300")
    assert wrong.returncode == 1 and "expected a name or an IP address, found 10.0.0.300" in wrong.stderr
    assert made_for("wrong", "10.0.0.30").returncode == 0


def test_no_command_of_a_service_or_unit_has_a_secret_as_an_argument() -> None:
    commands = {name: str(s.get("command", "")) for name, s in COMPOSE["services"].items()}
    commands |= {unit.name: unit.read_text(encoding="utf-8") for unit in PRODUCTION.glob("*.service")}
    for name, command in commands.items():
        assert not re.search(r"--\S*(password|secret|key|token)\b", command), name
        assert not re.search(r"\$\(\s*cat [^)]*(/run/secrets|%d)/", command), name
    assert "airflow_password" in commands["bootstrap"] and "airflow_password" in commands["auyl-bootstrap.service"]


def test_a_secret_is_read_from_its_file_and_an_unreadable_one_is_said(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUYL_DSN", raising=False)
    monkeypatch.setenv("AUYL_DSN_FILE", str(secrets / "pipeline_dsn"))
    assert from_environment().dsn == (secrets / "pipeline_dsn").read_text()
    monkeypatch.setenv("AUYL_DSN_FILE", str(secrets / "absent"))
    with pytest.raises(SettingMissing, match="AUYL_DSN_FILE: expected a readable file with an address"):
        from_environment()


def test_bootstrap_sets_a_server_up_and_gives_each_login_its_password(
    secrets: Path, postgres_server: str, tmp_path: Path
) -> None:
    server, database = make_url(postgres_server), f"boot_{token_hex(4)}"
    made = {}
    for name in ("owner", "pipeline", "engineer", "portal", "airflow", "results"):
        url = make_url((secrets / f"{name}_dsn").read_text().removeprefix("db+"))
        target = database if url.database == "auyl" else f"{database}_{name}"
        url = url.set(drivername="postgresql", host=server.host, port=server.port, database=target)
        made[name] = url.render_as_string(hide_password=False)
        (tmp_path / name).write_text(made[name])
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AUYL_", "PG"))} | {
        "AUYL_HOME": str(tmp_path / "home"), "AUYL_ADMIN_DSN": postgres_server,
        "AUYL_DSN_FILE": str(tmp_path / "owner"),
        **{f"AUYL_{name.upper()}_DSN_FILE": str(tmp_path / name) for name in made if name != "owner"},
    }  # fmt: skip
    for _ in range(2):
        done = subprocess.run([sys.executable, "-m", "auyl.cli", "bootstrap"], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not any(make_url(dsn).password in done.stdout + done.stderr for dsn in made.values())
    may = "select r.rolsuper, current_database(), has_schema_privilege('public', 'create') from pg_roles r "
    for name, dsn in made.items():
        with contextlib.closing(psycopg2.connect(dsn)) as con, con.cursor() as cursor:
            cursor.execute(may + "where r.rolname = current_user")
            is_superuser, where, _ = cursor.fetchone() or (None, None, None)
            assert (is_superuser, where) == (False, make_url(dsn).database), name
            if name == "pipeline":
                cursor.execute("select count(*) from ledger.delivery")
            elif name not in ("owner", "airflow", "results"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute("select * from vault.person")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(make_url(made["airflow"]).set(database=database).render_as_string(hide_password=False))


def test_the_address_in_the_settings_of_a_home_counts_unless_the_environment_names_another(
    secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUYL_DSN", raising=False)
    monkeypatch.setenv("AUYL_HOME", str(tmp_path))
    write_of_home(tmp_path, {"AUYL_DSN": "postgresql://of_the_home@h/d"})
    assert from_environment().dsn == "postgresql://of_the_home@h/d"
    monkeypatch.setenv("AUYL_DSN_FILE", str(secrets / "pipeline_dsn"))
    assert from_environment().dsn == (secrets / "pipeline_dsn").read_text()


UNITS = sorted(PRODUCTION.glob("auyl-*.service"))


def test_every_unit_has_an_account_and_the_secrets_that_it_needs(secrets: Path) -> None:
    names = {unit.stem.removeprefix("auyl-"): unit.read_text(encoding="utf-8") for unit in UNITS}
    credentials = {
        name: set(re.findall(r"^LoadCredential=([\w.]+):", text, re.MULTILINE)) for name, text in names.items()
    }
    assert credentials == {
        "bootstrap": {
            "owner_dsn", "pipeline_dsn", "engineer_dsn", "portal_dsn", "airflow_dsn", "fernet_key", "airflow_password"
        },
        "scheduler": {
            "pipeline_dsn", "hash_key", "connections.yaml", "airflow_dsn", "fernet_key", "session_key", "jwt_secret"
        },
        "dag-processor": {"airflow_dsn", "fernet_key"},
        "api-server": {"engineer_dsn", "airflow_dsn", "fernet_key", "session_key", "jwt_secret"},
        "portal": {"portal_dsn"},
    }  # fmt: skip
    assert set().union(*credentials.values()) - {"connections.yaml"} <= set(contents(secrets))
    users = {name: re.findall(r"^User=(\S+)$", text, re.MULTILINE) for name, text in names.items()}
    assert users == {
        "bootstrap": ["auyl-owner"],
        "scheduler": ["auyl"],
        "dag-processor": ["auyl-airflow"],
        "api-server": ["auyl-airflow"],
        "portal": ["auyl-portal"],
    }
    shared = dict(
        line.split("=", 1) for line in (PRODUCTION / "auyl.env").read_text("utf-8").splitlines() if line[:1] not in "#"
    )
    assert {n.removesuffix("_CMD") for n in shared if n.startswith("AIRFLOW__")} <= known_settings()


ASKING = """#!{python}
import getpass, json, sys
asked = [getpass.getpass("Password: "), getpass.getpass("Repeat: ")] if "create" in sys.argv else []
lines = [open(f"/proc/{{name}}/cmdline").read() for name in ("self", {parent})]
open({log!r}, "a").write(json.dumps([sys.argv[1:], asked, lines]) + "\\n")
"""


@pytest.mark.parametrize("shape", ["containers", "systemd"])
def test_no_secret_stands_in_the_list_of_processes_while_the_first_administrator_is_made(
    tmp_path: Path, shape: str
) -> None:
    """Both shapes give `airflow users create` the password where it asks for it, on the standard input."""
    log, secret = tmp_path / "log", "s3cret of the administrator"
    (tmp_path / "airflow_password").write_text(secret)
    program = ASKING.format(python=sys.executable, log=str(log), parent="__import__('os').getppid()")
    for name in ("auyl", "airflow"):
        (tmp_path / name).write_text(program)
        (tmp_path / name).chmod(0o700)
    if shape == "containers":
        command = COMPOSE["services"]["bootstrap"]["command"][2].replace("$$", "$")
    else:
        unit = (PRODUCTION / "auyl-bootstrap.service").read_text("utf-8")
        (command,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
    command = command.replace("/run/secrets", str(tmp_path)).replace("%d", str(tmp_path))
    command = command.replace("/opt/auyl/.venv/bin/", f"{tmp_path}/")
    subprocess.run(
        ["sh", "-c", command], check=True, capture_output=True, start_new_session=True, timeout=60,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    (created,) = [call for call in calls if "create" in call[0]]
    assert created[1] == [secret, secret]
    assert all(secret not in line for call in calls for line in [*call[0], *call[2]])
    commands = [str(service.get("command")) for service in COMPOSE["services"].values()]
    assert not [command for command in commands if "--password" in command or "$$(cat" in command]


def test_a_unit_can_open_its_home_and_airflow_finds_its_tasks() -> None:
    common = (PRODUCTION / "auyl-.service.d" / "common.conf").read_text(encoding="utf-8")
    assert "StateDirectoryMode=0700\n" in common  # a home that others may open is refused
    # A task is not dumpable, so that `invisible` hides it from the scheduler that supervises it.
    hidden = {unit.stem for unit in UNITS if "ProtectProc=invisible\n" in unit.read_text(encoding="utf-8")}
    assert hidden == {unit.stem for unit in UNITS} - {"auyl-scheduler"}
    assert "ProtectProc" not in common


def test_commands_run_as_the_account_of_the_pipeline_with_secrets_that_are_made(secrets: Path) -> None:
    script = PRODUCTION / "auyl.sh"
    text = script.read_text(encoding="utf-8")
    assert subprocess.run(["sh", "-n", script]).returncode == 0
    assert re.findall(r"--uid=(\S+)", text) == ["auyl"]
    credentials = set(re.findall(r"LoadCredential=(\w+):/etc/auyl/secrets/\1\b", text))
    assert credentials == {"owner_dsn", "hash_key"} <= set(contents(secrets))
    scheduler = (PRODUCTION / "auyl-scheduler.service").read_text(encoding="utf-8")
    assert re.findall(r"AUYL_LAKE=(\S+)", text) == re.findall(r"AUYL_LAKE=(\S+)", scheduler)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_units_are_valid_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(PRODUCTION, folder)
    for unit in UNITS:
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        # The program is in /opt/auyl of the machine that it is installed on.
        words = [line for line in done.stderr.splitlines() if "is not executable: No such file" not in line]
        assert [line for line in words if "auyl" in line] == [], unit.name
        command = ["systemd-analyze", "security", "--offline=true", f"--root={tmp_path}", "--threshold=20", unit.name]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-200:]  # at most 2.0 of 10


TYPES = {"file": "fs", "sftp": "sftp", "rest": "http", "soap": "http", "sql": "postgres"}


def test_the_form_of_connections_has_every_contract_in_its_type() -> None:
    connections = load_connections_dict(str(PRODUCTION / "connections.yaml"))
    include = from_environment().include
    wanted = {c.connection: TYPES[c.way] for c in (contracts.load(name, include) for name in contracts.names(include))}
    assert {name: c.conn_type for name, c in connections.items()} == wanted | {
        "auyl_smtp": "smtp",
        "auyl_alarm_webhook": "http",
    }
    texts = {c.password or "" for c in connections.values()} | {c.login or "" for c in connections.values()}
    assert texts <= {"", "FILL-IN"}


SERVER = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)


@pytest.mark.skipif(SERVER is None, reason="Debian's PostgreSQL is not here; the embedded one speaks no TLS")
def test_postgresql_speaks_tls_alone_and_is_known_by_its_certificate(secrets: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as name:
        serve_and_connect(secrets, Path(name), tmp_path)


def serve_and_connect(secrets: Path, folder: Path, tmp_path: Path) -> None:
    data, port, password = folder / "data", free_port(), (secrets / "postgres_password").read_text()
    for name in ("postgres_password", "postgres.crt", "postgres.key"):
        shutil.copy(secrets / name, folder)
    (folder / "hba").write_text(COMPOSE["configs"]["pg_hba"]["content"])
    given = {
        "ssl_cert_file": folder / "postgres.crt",
        "ssl_key_file": folder / "postgres.key",
        "hba_file": folder / "hba",
    }
    options = [o for o in COMPOSE["services"]["postgres"]["command"][1:] if "=" in o]
    options = [f"{n}={given.get(n, value)}" for n, _, value in (o.partition("=") for o in options)]
    options += [f"port={port}", f"unix_socket_directories={folder}", "shared_buffers=16MB"]
    as_server = given_away(folder)
    initdb = [SERVER.with_name("initdb"), "-D", data, "-U", "postgres", "--pwfile", folder / "postgres_password"]
    subprocess.run(initdb, check=True, capture_output=True, **as_server)
    flags = [word for option in options for word in ("-c", option)]
    server = subprocess.Popen([SERVER, "-D", data, *flags], stderr=subprocess.PIPE, **as_server)
    try:
        dsn = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        known = f"{dsn}?sslmode=verify-full&sslrootcert="
        wait_for(lambda: psycopg2.connect(known + str(secrets / "ca.crt")).close())
        with pytest.raises(psycopg2.OperationalError, match="no encryption"):
            psycopg2.connect(dsn + "?sslmode=disable")
        subprocess.run([PRODUCTION / "make-secrets.sh", tmp_path / "another", "127.0.0.1"], check=True)
        with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
            psycopg2.connect(known + str(tmp_path / "another" / "ca.crt"))
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_a_postgresql_by_systemd_has_the_settings_of_the_container() -> None:
    text = (PRODUCTION / "postgresql.conf").read_text(encoding="utf-8")
    here = {n: v.strip("'") for n, v in re.findall(r"^(\w+) = (\S+)$", text, re.MULTILINE)}
    there = dict(o.split("=", 1) for o in COMPOSE["services"]["postgres"]["command"] if "=" in o)
    files = {"ssl_cert_file", "ssl_key_file", "hba_file"}
    assert {n: v for n, v in here.items() if n not in files} == {n: v for n, v in there.items() if n not in files}


def wait_for(connect: Callable[[], None]) -> None:
    for _ in range(150):
        try:
            return connect()
        except psycopg2.OperationalError:
            time.sleep(0.1)
    connect()


def given_away(folder: Path) -> dict[str, Any]:
    """Arguments for a process that must not run as root, and the folder given to its account."""
    if os.geteuid():
        return {}
    account = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": folder}


# -- the image ---------------------------------------------------------------------------------------------------

DEVELOPMENT = {"bench", "lab", "tests"}
IMPORT_ALL = """
import importlib, os, pkgutil, sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # an import of it fails, wherever it is installed
import auyl, auyl_airflow
names = [m.name for p in (auyl, auyl_airflow) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
names = [name for name in names if not name.startswith("auyl.store.migrations")]  # run by Alembic alone
files = [importlib.import_module(name).__file__ for name in names]
print(len(files), *{file for file in files if not file.startswith(os.getcwd())})
"""
LOAD_DAGS = """
from airflow.dag_processing.dagbag import DagBag
from airflow.plugins_manager import get_plugin_info
bag = DagBag("dags")
print(bag.import_errors, len(bag.dags), [plugin["name"] for plugin in get_plugin_info() if "auyl" in plugin["name"]])
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies from the repository."""
    folder = tmp_path_factory.mktemp("image")
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in map(REPOSITORY.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(source, folder / target)
    return folder


def python(folder: Path, program: str, *arguments: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AUYL_", "AIRFLOW"))} | {
        "PYTHONPATH": str(folder), "AUYL_HOME": str(folder / "state"), "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


def test_the_image_has_nothing_of_the_laboratory(image: Path) -> None:
    assert {"auyl", "auyl_airflow", "dags", "plugins", "include", "expectations"} <= {p.name for p in image.iterdir()}
    assert not DEVELOPMENT & {path.name for path in image.rglob("*")}
    assert set((REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()) >= DEVELOPMENT


def test_every_module_of_the_image_imports_without_the_laboratory(image: Path) -> None:
    count, *elsewhere = python(image, IMPORT_ALL, *sorted(DEVELOPMENT)).split()
    assert elsewhere == []
    files = [*(image / "auyl").rglob("*.py"), *(image / "auyl_airflow").rglob("*.py")]
    files = [file for file in files if "migrations" not in file.parent.parts]
    assert int(count) == len(files) - 2  # the two packages themselves


def test_the_dags_of_the_image_load_and_its_plugin_is_registered_once(image: Path) -> None:
    contracts = len(list((image / "include" / "contracts").glob("*.yaml")))
    dags = contracts + len(list((image / "dags").glob("*.py"))) - 1
    assert python(image, LOAD_DAGS) == f"{{}} {dags} ['auyl']"
