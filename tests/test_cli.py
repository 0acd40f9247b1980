"""The command line says what happened, and its exit code can be trusted."""

import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg2
import pytest
from typer.testing import CliRunner

from auyl import contracts
from auyl.settings import REPOSITORY, Settings, from_environment
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import SCHEMAS, migrate
from lab.synthetic import REGISTRIES
from tests.conftest import fresh_database, fresh_installation
from tests.extracts import iin, social_csv, social_row

PERIOD = "2026-10"
ROWS = [social_row(n) for n in range(1, 41)]


class Auyl:
    """Runs `auyl`, or `python -m lab`, in one installation: in this process, or in one of its own where `is_alone`."""

    def __init__(self, environment: dict[str, str], module: str = "auyl.cli", *, is_alone: bool = False) -> None:
        self.environment, self.module, self.is_alone = environment, module, is_alone

    @classmethod
    def of(cls, settings: Settings, **options: Any) -> "Auyl":
        """For the installation of these settings."""
        own = {
            "AUYL_DSN": settings.dsn,
            "AUYL_LAKE": settings.lake,
            "AUYL_HOME": str(settings.home),
            "AUYL_HASH_KEY_FILE": str(settings.hash_key_file),
        }
        return cls(own, **options)

    def __call__(self, *arguments: object, code: int = 0, stdin: str = "") -> str:
        words = [str(argument) for argument in arguments]
        found, output = self._alone(words, stdin) if self.is_alone else self._here(words, stdin)
        assert found == code, output
        assert "Traceback" not in output
        return output

    def _alone(self, words: list[str], stdin: str) -> tuple[int, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUYL_")}
        run = subprocess.run(
            [sys.executable, "-m", self.module, *words],
            cwd=REPOSITORY, env=inherited | self.environment, capture_output=True, text=True, input=stdin, timeout=300,
        )  # fmt: skip
        return run.returncode, run.stdout + run.stderr

    def _here(self, words: list[str], stdin: str) -> tuple[int, str]:
        """Without the seconds that the start of a process takes."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AUYL_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            mask = os.umask(0o077)  # a command closes its files for the rest of its process
            result = CliRunner().invoke(import_module(self.module).app, words, input=stdin)
            os.umask(mask)
        assert isinstance(result.exception, (SystemExit, type(None))), result.exc_info
        return result.exit_code, result.stdout + result.stderr


@pytest.fixture(scope="module")
def auyl(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Auyl:
    return Auyl.of(fresh_installation(dsn, tmp_path_factory.mktemp("installation")))


@pytest.fixture(scope="module")
def lab(auyl: Auyl) -> Auyl:
    return Auyl(auyl.environment, "lab.cli")


def test_from_synth_to_lineage(auyl: Auyl, lab: Auyl, tmp_path: Path) -> None:
    assert "rows" in lab("synth", tmp_path, "--people", 12000, "--period", PERIOD)
    reference = tmp_path / "reference"
    auyl(
        "territory", "load", reference / "kato.csv", "--crosswalk", reference / "crosswalk.csv",
        "--addresses", reference / "address.csv",
    )  # fmt: skip
    assert "published, revision 1" in auyl("build", tmp_path, "--period", PERIOD)
    # without --period: the newest one of the folder, then of the ledger
    assert "unchanged, revision 1" in auyl("build", tmp_path)
    assert "unchanged, revision 1" in auyl("build")
    listed = auyl("extracts")
    assert listed.count("current") == len(REGISTRIES)
    kato = next(
        line.split(",")[0]
        for line in (reference / "kato.csv").read_text("utf-8-sig").splitlines()
        if ",sub_district," in line and "с.о." in line
    )
    shown = json.loads(auyl("snapshot", "show", "--okrug", kato, "--format", "json", "--language", "kk"))
    assert len(shown["indicators"]) >= 25 and shown["period"] == PERIOD
    table = auyl("snapshot", "show", "--okrug", kato)
    assert "Зарегистрированное население" in table and kato in table
    behind = auyl("lineage", "--okrug", kato, "--indicator", "population.children_share")
    assert "population.children_0_15 = count(*) where is_alive and age_years <= 15" in behind
    assert "None" not in behind and not re.search(r"\.\d*0\b", behind.split("\n")[1]), behind
    one = auyl("lineage", "--okrug", kato, "--indicator", "population.residents")
    assert re.search(r"^value \d+ \(ok\) = population\.residents: \d+$", one, re.MULTILINE), one
    assert "sha256" in behind and "line " in behind
    assert "expected one of population.residents" in auyl(
        "lineage", "--okrug", kato, "--indicator", "population.happiness", code=1
    )
    assert "nothing is published" in auyl("snapshot", "show", "--okrug", "999999999", code=1)
    export = tmp_path / "rejected.xlsx"
    assert str(export) in auyl("quarantine", "livestock", "--export", export)
    assert export.stat().st_mode & 0o077 == 0
    pdf = tmp_path / "rejected.pdf"
    assert "ends in .xlsx or .csv" in auyl("quarantine", "livestock", "--export", pdf, code=1) and not pdf.exists()
    assert "reasons_ru" in auyl("quarantine", "population", "--limit", 3)
    assert "not within the limits" not in lab("evaluate", "intake", tmp_path, "--period", PERIOD, "--kinds")
    measured = json.loads(lab("evaluate", "intake", tmp_path, "--period", PERIOD, "--format", "json"))
    assert [row["registry"] for row in measured][-1] == "total" and measured[-1]["recall_pct"] >= 99.5
    by_registry = {row["registry"]: row for row in measured}
    assert {kind["kind"] for kind in by_registry["population"]["kinds"]} >= {"homoglyph", "trailing_spaces"}
    assert "no ground truth of 2020-01" in lab("evaluate", "intake", tmp_path, "--period", "2020-01", code=1)
    asked = json.loads(auyl("overdue", "--on", "2026-11-20", "--format", "json", code=1))
    states = {row["registry"]: row["state"] for row in asked}
    # when the files were made is the day of the test, which only a registry of changes is asked
    assert states.pop("budget_oblast") == "overdue" and states.pop("ambulance")
    monthly = {c.registry for c in contracts.load_all(from_environment().include) if c.frequency_months == 1}
    assert set(states) == monthly - {"budget_oblast", "ambulance"} and set(states.values()) == {"current"}
    assert "nothing ever came" in auyl("overdue", "--on", "2026-11-20", code=1)
    assert auyl("access", "give", "akim", "akim", kato, "--reason", "order 1").startswith("grant ")
    assert "akim" in auyl("access", "who", kato)
    assert "1 grants ended" in auyl("access", "take", "akim", "--reason", "left")
    assert auyl("access", "who", kato).strip() == "nobody"


def test_intake_exits_0_only_for_an_accepted_batch_that_balances(auyl: Auyl, tmp_path: Path) -> None:
    good, bad = tmp_path / "s_2020-01.csv", tmp_path / "b_2020-01.csv"
    rows = [social_row(n, ПЕРИОД="01.2020") for n in range(1, 41)]
    good.write_bytes(social_csv([*rows, rows[0], social_row(50, ИИН="123456789012", ПЕРИОД="01.2020")]))
    output = auyl("intake", "social_assistance", good)
    assert "rows_in 42 staged 40 linkable 1 quarantined 0 duplicates 1" in output and "iin_checksum 1" in output
    bad.write_bytes(social_csv([social_row(n, ИИН="123456789012", ПЕРИОД="01.2020") for n in range(1, 41)]))
    output = auyl("intake", "social_assistance", bad, code=1)
    assert "refused" in output and "iin_checksum 40" in output and "Fix" in output
    assert "no contract for registry «nosuch»" in auyl("intake", "nosuch", good, code=1)
    assert "YYYY-MM" in auyl("intake", "social_assistance", good, "--period", "2026-13", code=2)


def test_a_batch_is_withdrawn_and_restored_by_command(auyl: Auyl, tmp_path: Path) -> None:
    rows = [social_row(n, ПЕРИОД="05.2019") for n in range(1, 41)]
    for number, content in ((1, rows), (2, rows[:-1])):
        file = tmp_path / f"s{number}_2019-05.csv"
        file.write_bytes(social_csv(content))
        auyl("intake", "social_assistance", file)

    def listed() -> dict[str, tuple[str, str]]:
        """State of each batch of the month and its delivery."""
        lines = [line.split() for line in auyl("extracts", "social_assistance").splitlines() if " 2019-05 " in line]
        return {line[1]: (line[4], line[0]) for line in lines}

    (second, _), (first, (_, former)) = listed().items()
    assert [state for state, _ in listed().values()] == ["current", "superseded"]
    assert "superseded by delivery" in auyl("extracts", "social_assistance")
    output = auyl("extracts", "withdraw", second, "--reason", "wrong month")
    assert f"batch {second} withdrawn; current: batch {first} of delivery {former}" in output
    assert "was withdrawn before" in auyl("extracts", "withdraw", second, "--reason", "wrong month")
    assert [state for state, _ in listed().values()] == ["withdrawn", "current"]
    again = auyl("intake", "social_assistance", tmp_path / "s2_2019-05.csv", code=1)
    assert "was withdrawn by" in again and "wrong month" in again
    assert f"batch {second} restored" in auyl("extracts", "restore", second, "--reason", "it was right")
    assert [state for state, _ in listed().values()] == ["current", "superseded"]
    assert "expected a batch of the ledger" in auyl("extracts", "withdraw", "999999", "--reason", "x", code=1)


def test_without_a_setting_a_command_works_on_the_embedded_server_of_the_home(tmp_path: Path) -> None:
    # as root the server's account must reach its folder, which pytest closes
    with tempfile.TemporaryDirectory(prefix="auyl-home-") as folder:
        home = Auyl({"AUYL_HOME": folder}, is_alone=True)
        try:
            assert "Run `auyl migrate`" in home("extracts", code=1)
            assert "version" in home("migrate")
            assert "delivery_id" in home("extracts")
            with EmbeddedPostgres(Path(folder)):  # joined where it runs already
                assert "already" in home("migrate")
            assert "expected a period" in home("quality", code=1)
        finally:
            EmbeddedPostgres(Path(folder)).destroy()


# Tables and views of ours, then functions: number, transaction that wrote it last, rights; then the files migrated to.
SCHEMA_STATE = """
with ours as (select oid from pg_namespace where nspname = any(%s))
select
    (select md5(string_agg(concat(oid, xmin, relacl), ',' order by oid)) from pg_class
     where relnamespace in (table ours)),
    (select md5(string_agg(concat(oid, xmin, proacl), ',' order by oid)) from pg_proc
     where pronamespace in (table ours)),
    (select sha256 from migration.repeatable)
"""


def schema_state(dsn: str) -> tuple[str, ...]:
    with closing(psycopg2.connect(dsn)) as con, con.cursor() as cursor:
        cursor.execute(SCHEMA_STATE, [list(SCHEMAS)])
        return tuple(cursor.fetchone() or ())


def test_a_migration_is_refused_with_the_faults_that_check_finds_and_changes_nothing(
    auyl: Auyl, postgres_server: str, migrated_database: str, tmp_path: Path
) -> None:
    include, rules = (copytree(REPOSITORY / name, tmp_path / name) for name in ("include", "expectations"))
    newest = max((include / "sql" / "serving").glob("*.sql"))
    newest.write_text(newest.read_text("utf-8") + "-- of the next version\n", "utf-8")
    suite = rules / "social_assistance.json"
    right = suite.read_text("utf-8")
    suite.write_text(right.replace('"column": "amount_kzt"', '"column": "amount_ktz"', 1), "utf-8")
    line = right[: right.index('"rule": "amount_kzt_present"')].count("\n") + 1
    with fresh_database(postgres_server, migrated_database) as dsn:
        places = {"AUYL_DSN": dsn, "AUYL_INCLUDE": str(include), "AUYL_EXPECTATIONS": str(rules)}
        of_next = Auyl(auyl.environment | places)
        before = schema_state(dsn)
        (fault,) = of_next("migrate", code=1).splitlines()
        assert fault.startswith(f"social_assistance.json, line {line}: rule amount_kzt_present: ")
        assert "amount_ktz" in fault
        assert schema_state(dsn) == before
        # without the check it would have changed all of it
        migrate(replace(from_environment(), dsn_or_none=dsn, include=include))
        assert all(now != then for now, then in zip(schema_state(dsn), before, strict=True))


def test_a_database_that_is_not_ready_is_reported_in_words(auyl: Auyl, dsn: str) -> None:
    without = Auyl(auyl.environment | {"AUYL_DSN": dsn.rpartition("/")[0] + "/postgres"}, is_alone=True)
    assert "Run `auyl migrate`" in without("extracts", code=1)
    without.environment = auyl.environment | {"AUYL_DSN": "postgresql://auyl:word-of-passage@127.0.0.1:1/auyl"}
    output = without("extracts", code=1)
    assert "expected it to answer" in output and "word-of-passage" not in output


STARTED = """
import json, sys
from auyl.cli import app
app(["list", "registries"], standalone_mode=False)
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules})))
"""
HEAVY = {"duckdb", "pandas", "pyarrow", "great_expectations", "psycopg2", "sqlalchemy", "httpx", "lxml", "jsonschema"}


def test_a_command_loads_only_what_it_needs() -> None:
    run = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    *listed, modules = run.stdout.splitlines()
    assert any("social_assistance" in line for line in listed)
    assert HEAVY & set(json.loads(modules)) == set()


@pytest.mark.parametrize("command", ["demo", "up"])
def test_the_demo_refuses_at_once_what_it_cannot_do(lab: Auyl, command: str) -> None:
    assert "--scale" in lab(command, "--scale", 0, code=2)
    assert "--kato" in lab(command, "--kato", "/nowhere/kato.csv", code=2)
    assert "YYYY-MM" in lab(command, "--period", "2026-13", code=2)


def test_what_is_shown_of_a_quarantine_names_nobody(auyl: Auyl, tmp_path: Path) -> None:
    file = tmp_path / "s_2019-01.csv"
    rows = [social_row(n, ПЕРИОД="01.2019") for n in range(1, 41)]
    file.write_bytes(
        social_csv([*rows, social_row(51, ФАМИЛИЯ="СЕКРЕТОВ", ПЕРИОД="01.2019", **{"ВИД ПОМОЩИ": "ПЕНСИЯ"})])
    )
    auyl("intake", "social_assistance", file)
    shown = auyl("quarantine", "social_assistance", "--period", "2019-01")
    assert "kind_known" in shown and "СЕКРЕТОВ" not in shown and iin(51) not in shown
