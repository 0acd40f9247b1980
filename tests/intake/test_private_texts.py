"""What callers said stays in landing, identity and the hand-back, whatever becomes of the row that holds it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg2
import pytest

from auyl import intake, ledger
from auyl.checks.lake import check_lake
from auyl.errors import AuylError
from auyl.intake.erase import erase
from auyl.intake.reload import reload
from auyl.intake.separate import separate
from auyl.intake.withdraw import withdraw
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.snapshot.quality import measure_quality
from auyl.snapshot.release import release
from auyl.store import paths
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.extracts import CALL_HEADING, PERIOD, ambulance_csv, call, person, population_xml
from tests.intake.kills import is_killed
from tests.intake.small import loosened
from tests.intake.written import content_of
from tests.test_cli import Auyl

REGISTRY = "ambulance"
# A street that no classifier has, in whatever row it stands; then the number of the row.
STREET = "Құпиякөше"
EARLIER = "2026-09-05 10:00:00"
CLOSED = ("landing", "handback", "identity")


def said(number: int) -> str:
    return f"Енбекшиказахский р-н, с.Шелек, ул.{STREET} {number}"


def with_extra(rows: list[list[str]], heading: str) -> bytes:
    """Calls with a column that the contract does not know, which holds addresses too."""
    text = io.StringIO()
    csv.writer(text).writerows([[*CALL_HEADING, heading], *([*row, said(700)] for row in rows)])
    return text.getvalue().encode()


@dataclass
class Planted:
    """An installation with planted addresses, the digest of its snapshot, and what its commands and logs said."""

    settings: Settings
    first: intake.BatchResult
    refused: intake.BatchResult
    sha256: str
    words: str


def take_in(settings: Settings, registry: str, name: str, content: bytes, period: str = PERIOD) -> intake.BatchResult:
    file = settings.home / "drop" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return intake.load(intake.land_files(registry, period, [file], settings), settings)


def plant(settings: Settings) -> tuple[intake.BatchResult, intake.BatchResult]:
    """Take in calls of which every kind of row holds an address; the first batch and a refused extract."""
    people = population_xml([person(n) for n in range(1, 40)])
    assert take_in(settings, "population", "p.xml", people).status == "accepted"
    good = [call(n, address=said(n), reason=f"упал, {said(n)}, тел. +7 701 555 77 11") for n in range(1, 25)]
    bad = [call(30, address=said(30), received_at=EARLIER), call(31, address=said(31), received_at="")]
    line = ",".join(call(32)).encode() + f',x,"{said(32)}"\r\n'.encode()  # more cells than the heading
    first = take_in(settings, REGISTRY, "c.csv", ambulance_csv([*good, *bad, good[0], good[1]]) + line)
    assert (first.status, first.staged, first.quarantined, first.duplicates) == ("accepted", 24, 3, 2)
    again = [call(n, address=said(100 + n), updated_at="2026-10-06 11:00:00") for n in range(1, 4)]
    assert take_in(settings, REGISTRY, "c.csv", ambulance_csv(again)).staged == 3
    assert take_in(settings, REGISTRY, "c.csv", ambulance_csv(again)).status == "unchanged"
    extra = with_extra([call(n, address=said(n)) for n in range(40, 44)], "Адрес второй")
    assert take_in(settings, REGISTRY, "e.csv", extra).notes["unknown_columns"] != []
    wrong = ambulance_csv([call(n, address=said(n), received_at=EARLIER) for n in range(50, 60)])
    refused = take_in(settings, REGISTRY, "w.csv", wrong)
    assert refused.status == "refused"
    return first, refused


def correct(settings: Settings) -> None:
    """The hand-back has the caller's own words; corrected, it is taken in."""
    files = {file.batch_id: file for file in intake.write_handback(settings, REGISTRY, PERIOD)}
    of_batch = min(number for number in files if number is not None)
    content = Lake(settings.lake).read(files[of_batch].path).decode("utf-8-sig")
    for number in (30, 31, 32):
        assert said(number) in content
    rows = [row for row in csv.reader(io.StringIO(content)) if said(32) not in ",".join(row)]
    at = rows[0].index("received_at")
    for row in rows[1:]:
        row[at] = row[at].replace(EARLIER, "2026-10-05 10:00:00")
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    back = take_in(settings, REGISTRY, "back.csv", text.getvalue().encode())
    assert (back.status, back.staged, back.quarantined) == ("accepted", 25, 2), back


@pytest.fixture(scope="module")
def planted(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    settings = loosened(fresh_installation(dsn, tmp_path_factory.mktemp("planted")))
    first, refused = plant(settings)
    correct(settings)
    result = build(PERIOD, settings, allow_missing=True)
    assert result.status == "published", result
    measure_quality(PERIOD, settings)
    auyl = Auyl.of(settings)
    words = "".join(
        auyl(*words)
        for words in (
            ("quarantine", REGISTRY), ("drift", REGISTRY), ("extracts", REGISTRY), ("quality",), ("report",),
            ("lineage", "--okrug", "194083000", "--indicator", "ambulance.calls"),
        )
    )  # fmt: skip
    export = settings.home / "export.csv"
    assert str(export) in auyl("quarantine", REGISTRY, "--export", export)
    sha256, _ = content_of(settings, PERIOD, 1)
    yield Planted(settings, first, refused, sha256, words + export.read_text("utf-8-sig"))


def holders(settings: Settings, text: str = STREET) -> set[str]:
    """Files below home and lake that hold a text in a cell, or anywhere in their bytes; without what was dropped."""
    found = set()
    lake = Path(settings.lake)
    with duckdb.connect() as con:
        for path in (path for path in settings.home.rglob("*") if path.is_file()):
            if path.is_relative_to(settings.home / "drop"):
                continue
            if path.suffix == ".parquet":
                ((count,),) = con.execute(
                    f"select count(*) from read_parquet('{path}') as t where contains(lower(t::varchar), lower(?))",
                    [text],
                ).fetchall()
            else:
                content = path.read_bytes()
                count = any(text.encode(code) in content for code in ("utf-8", "utf-16-le")) or (
                    json.dumps(text)[1:-1].encode() in content
                )
            if count:
                found.add(str(path.relative_to(lake) if path.is_relative_to(lake) else path))
    return found


def relations_that_hold(settings: Settings, text: str = STREET) -> list[str]:
    """Tables and views of the database with a row that holds a text."""
    found = []
    with closing(psycopg2.connect(settings.dsn)) as con, con.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', n.nspname, c.relname) from pg_class as c "
            "inner join pg_namespace as n on c.relnamespace = n.oid where c.relkind in ('r', 'v', 'm', 'p') "
            "and n.nspname not in ('information_schema', 'pg_catalog', 'pg_toast')"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"select exists (select from {name} as t where t::text ilike %s)", (f"%{text}%",))
            if cursor.fetchone() == (True,):
                found.append(name)
    return found


def test_no_zone_table_view_log_or_export_holds_what_a_caller_said(
    planted: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    files = holders(planted.settings)
    assert {path.partition("/")[0] for path in files} == set(CLOSED)
    of_identity = {path.split("/")[1] for path in files if path.startswith("identity/")}
    assert of_identity == {"raw", "quarantine", "address"}, "the search finds what there is"
    assert holders(planted.settings, "555 77 11") <= files
    assert relations_that_hold(planted.settings) == []
    assert relations_that_hold(planted.settings, "ambulance") != []
    assert STREET not in planted.words and "555 77 11" not in planted.words
    assert "А.ААААА, АА.АААААА…" in planted.words, "an export shows shapes"
    assert STREET not in caplog.text


def test_stage_has_all_but_the_texts_and_calls_are_placed_by_them(planted: Planted) -> None:
    lake = Lake(planted.settings.lake)
    stage = ledger.batch(planted.settings, int(planted.first.batch_id or 0)).stage_path
    columns = {row[0] for row in duckdb.sql(f"describe from '{lake.address(stage)}'").fetchall()}
    assert {"call_id", "patient_key", "brigade", "outcome", "_file", "_record"} <= columns
    assert not {"address", "reason", "patient_iin"} & columns
    (core,) = (path for path in lake.files("core") if path.endswith("ambulance_call.parquet"))
    placed = duckdb.sql(
        f"select count(*), count(settlement_kato), count(distinct settlement_kato), any_value(settlement_kato) "
        f"from '{lake.address(core)}'"
    ).fetchall()
    assert placed == [(29, 29, 1, "194083100")]


def test_an_account_of_another_step_reads_nothing_of_identity(planted: Planted) -> None:
    (path, *_) = [path for path in holders(planted.settings) if path.startswith("identity/")]
    address = Lake(planted.settings.lake).address(path)
    with closing(psycopg2.connect(planted.settings.dsn)) as con:
        for role in ("auyl_portal", "auyl_engineer", "auyl_publisher", "auyl_pipeline"):
            with con.cursor() as cursor:
                cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
                assert cursor.fetchone() is not None, role
                cursor.execute(f"set role {role}")
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute("select pg_read_binary_file(%s)", (address,))
            con.rollback()
    assert all(
        folder.stat().st_mode & 0o077 == 0
        for folder in Path(address).parents
        if folder.is_relative_to(planted.settings.lake)
    )
    if os.geteuid() == 0:
        read = subprocess.run(
            ["/bin/cat", address],
            user=65534, group=65534, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert read.returncode == 1 and "Permission denied" in read.stderr


def test_texts_that_are_lost_are_named_and_made_again(planted: Planted) -> None:
    settings, lake = planted.settings, Lake(planted.settings.lake)
    (path, *_) = lake.files("identity/address")
    content = lake.read(path)
    lake.remove_file(path)
    faults = check_lake(settings).faults
    assert len(faults) == 1, faults
    (fault,) = faults
    assert f"lost addresses {path}" in fault and f"auyl reload {REGISTRY} --period {PERIOD}" in fault
    list(reload(settings, ledger.Decision("lost", "aigerim"), REGISTRY, PERIOD))
    assert lake.read(path) == content and check_lake(settings).faults == []


def former(settings: Settings) -> None:
    """Put the lake and the ledger into the shape of a version that left these texts in raw, stage and quarantine."""
    lake = Lake(settings.lake)
    for path in lake.files("identity/address"):
        batch = paths.folder_of(path).removeprefix("identity/address/")
        stage, target = lake.address(paths.stage_file(batch)), lake.address("former.parquet")
        duckdb.execute(
            f"copy (select s.*, a.address, 'reason' as reason from '{stage}' as s "
            f"inner join '{lake.address(path)}' as a using (_file, _record)) to '{target}'"
        )
        shutil.move(target, stage)
    for zone in ("raw", "quarantine"):
        shutil.copytree(lake.address(f"identity/{zone}"), lake.address(zone), dirs_exist_ok=True)
        shutil.rmtree(lake.address(f"identity/{zone}"))
    shutil.rmtree(lake.address("identity/address"))
    with closing(psycopg2.connect(settings.dsn)) as con, con, con.cursor() as cursor:
        for table, column in (("batch", "raw_path"), ("batch", "quarantine_path"), ("refusal", "quarantine_path")):
            cursor.execute(f"update ledger.{table} set {column} = regexp_replace({column}, '^identity/', '')")
        cursor.execute("update ledger.batch_column set categories = array[%s] where name = 'reason'", (STREET,))


def acts(settings: Settings) -> list[str]:
    with closing(psycopg2.connect(settings.dsn)) as con, con.cursor() as cursor:
        cursor.execute("select purpose from access.audit where action = 'separate_texts' order by audit_id")
        return [row[0] for row in cursor.fetchall()]


def test_a_lake_of_a_former_version_is_named_refused_and_separated(dsn: str, tmp_path: Path) -> None:
    settings = loosened(fresh_installation(dsn, tmp_path))
    first, refused = plant(settings)
    assert build(PERIOD, settings, allow_missing=True).status == "published"
    digest, _ = content_of(settings, PERIOD, 1)
    whole = check_lake(settings)
    assert (whole.faults, whole.unnamed) == ([], {})
    before = {path: Lake(settings.lake).size(path) for path in Lake(settings.lake).files("identity")}
    former(settings)
    assert {"raw", "stage", "quarantine"} <= {path.partition("/")[0] for path in holders(settings)}
    (fault,) = check_lake(settings).faults
    assert re.fullmatch(
        r"ambulance: .* found 11 files outside it, such as raw/.*: auyl lake separate --reason …", fault
    )
    with pytest.raises(AuylError, match=r"expected its addresses in identity/.*: auyl lake separate --reason …"):
        measure_quality(PERIOD, settings)
    with pytest.raises(AuylError, match="expected a reason"):
        separate(settings, " ", "aigerim")

    # killed at several of its calls, and run again
    killed = [is_killed(settings, Separation(settings), nth) for nth in (70, 150)]
    assert any(killed)
    auyl = Auyl.of(settings)
    auyl("lake", "separate", "--reason", "upgrade")
    assert "so the reason is not stored" in auyl("lake", "separate", "--reason", "again")
    assert acts(settings)[-1] in ("upgrade", "killed") and "again" not in acts(settings)
    assert {path.partition("/")[0] for path in holders(settings)} == {"landing", "identity"}
    assert relations_that_hold(settings) == []
    assert before.keys() == set(Lake(settings.lake).files("identity"))
    whole = check_lake(settings)
    assert (whole.faults, whole.unnamed) == ([], {})

    # nothing that counts has changed: the same numbers, and rejected rows of before are corrected
    assert build(PERIOD, settings, allow_missing=True).status == "unchanged"
    results = list(reload(settings, ledger.Decision("x", "y"), REGISTRY))
    assert {result.status for result in results} == {"unchanged", "refused"}
    correct(settings)
    assert build(PERIOD, settings, allow_missing=True).status == "published"
    assert content_of(settings, PERIOD, 1)[0] == digest

    # and an erased delivery takes its texts with it, with those of its corrections
    withdraw(settings, int(first.batch_id or 0), "of another owner", "aigerim")
    if build(PERIOD, settings, allow_missing=True).status == "refused":
        release(settings, PERIOD, "of another owner", "aigerim")
    for number in (first.delivery_id, refused.delivery_id):
        erase(settings, number, "of another owner", "aigerim")
    for number in (5, 30, 32, 55):
        assert holders(settings, said(number)) == set()
    assert holders(settings, said(101)) != set() and check_lake(settings).faults == []


class Separation:
    """The separation, for another process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __call__(self) -> None:
        separate(self.settings, "killed", "aigerim")
