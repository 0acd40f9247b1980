"""Every mistake that was published is taken back by commands, and the snapshot is what it was."""

import getpass
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auyl import pipeline
from auyl.checks.lake import check_lake
from auyl.cli import app
from auyl.linkage.contradictions import compute as contradictions
from auyl.linkage.entities import build as entities
from auyl.linkage.entities import survivorship
from auyl.periods import LOCAL
from auyl.settings import REPOSITORY, Settings
from auyl.snapshot.quality import measure_quality, unmeasured
from auyl.store import paths
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.snapshot.conftest import PERIOD, know_territory
from tests.snapshot.queries import query

State = dict[str, object]
Auyl = Callable[..., str]
# All that follows the current revision. A number of a revision says nothing about its content.
FOLLOWS = {
    "snapshot": "select s.content_sha256 from serving.current_snapshot as f inner join serving.snapshot as s "
                "using (period, revision)",
    "values": "select md5(string_agg(v.kato || v.indicator_id || coalesce(v.value::text, '') || v.flag, ',' "
              "order by v.kato, v.indicator_id)) from serving.snapshot_current as v",
    "settlements": "select md5(string_agg(okrug_kato || settlement_kato || calls, ',' "
                   "order by okrug_kato, settlement_kato)) from serving.ambulance_current",
    "catalogue": "select md5(string_agg(i::text, ',' order by indicator_id)) from serving.indicator as i",
    "persons": "select md5(string_agg(p::text, ',' order by iin)) from vault.person as p",
    "edition": "select access.current_edition()",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with one published revision; each test leaves it as it was."""
    settings = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("home")), oblast)
    assert pipeline.run(settings, PERIOD, oblast, say=lambda _: None).status == "published"
    return settings


@pytest.fixture
def auyl(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Auyl:
    """Runs a command, and returns what it prints."""
    for name, value in {
        "AUYL_DSN": home.dsn,
        "AUYL_LAKE": home.lake,
        "AUYL_HOME": str(home.home),
        "AUYL_HASH_KEY_FILE": str(home.hash_key_file),
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object, code: int = 0) -> str:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == code, done.output
        return done.output

    return run


def state(home: Settings) -> State:
    return {name: query(home, text)[0][0] for name, text in FOLLOWS.items()}


def okrugs(home: Settings) -> list[str]:
    return [
        row.kato
        for row in query(home, "select distinct kato from serving.snapshot_value where level = 'okrug' order by 1")
    ]


def audit(home: Settings, since: int) -> list[tuple[str, str]]:
    rows = query(
        home, "select action, purpose from access.audit where audit_id > :since order by audit_id", since=since
    )
    return [(row.action, row.purpose) for row in rows]


@pytest.fixture
def as_it_was(home: Settings) -> Iterator[State]:
    """The state before the test; it must be the same at its end."""
    before = state(home)
    yield before
    assert state(home) == before


@pytest.fixture
def audited(home: Settings) -> int:
    return int(query(home, "select coalesce(max(audit_id), 0) from access.audit")[0][0])


def budget(oblast: Path, to: Path, change: Callable[[str], str]) -> Path:
    """The period's budget extract with each line below the heading changed."""
    (source,) = (oblast / PERIOD / "budget_okrug").iterdir()
    heading, *lines = source.read_text("utf-8-sig").splitlines()
    file = to / source.name
    file.write_text("\ufeff" + "\n".join([heading, *map(change, lines)]) + "\n", "utf-8")
    return file


def more_income(oblast: Path, to: Path, okrug: str, amount: str) -> Path:
    """The extract with another income of one okrug."""

    def change(line: str) -> str:
        cells = line.split(";")
        return ";".join([*cells[:9], amount, *cells[10:]]) if line.startswith(okrug) and "I. ДОХОДЫ" in cells else line

    return budget(oblast, to, change)


def batch_of(home: Settings, registry: str) -> int:
    return int(query(home, "select max(batch_id) from ledger.batch_ranked where registry = :r", r=registry)[0][0])


def test_a_wrong_file_is_taken_back(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State, audited: int
) -> None:
    wrong = more_income(oblast, tmp_path, okrugs(home)[0], "123456.0")
    auyl("intake", "budget_okrug", wrong, "--period", PERIOD)
    assert "published" in auyl("build", "--period", PERIOD)
    assert state(home)["snapshot"] != as_it_was["snapshot"]
    auyl("extracts", "withdraw", batch_of(home, "budget_okrug"), "--reason", "of another year")
    said = auyl("build", "--period", PERIOD)
    assert f"{PERIOD}: inputs as in revision 1: revision 1 is current again" in said
    assert audit(home, audited) == [("withdraw_batch", "of another year")]
    assert "unchanged, revision 1" in auyl("build", "--period", PERIOD)


def test_a_wrong_file_is_erased_with_what_was_built_of_it(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State
) -> None:
    wrong = more_income(oblast, tmp_path, okrugs(home)[0], "123457.0")
    auyl("intake", "budget_okrug", wrong, "--period", PERIOD)
    assert "published" in auyl("build", "--period", PERIOD)
    batch = batch_of(home, "budget_okrug")
    delivery = query(home, "select delivery_id from ledger.batch where batch_id = :b", b=batch)[0][0]
    ((revision, inputs),) = query(home, "select revision, inputs_digest from ledger.revision_state where is_current")
    erase = ("extracts", "erase", delivery, "--reason", "of another year")
    assert "Withdraw it first" in auyl(*erase, code=1)
    auyl("extracts", "withdraw", batch, "--reason", "of another year")
    assert f"found the current one of {PERIOD}. Build first" in auyl(*erase, code=1)
    auyl("build", "--period", PERIOD)
    core = paths.core_folder(PERIOD, inputs)
    assert Lake(home.lake).files(core) != []
    assert "erased" in auyl(*erase)
    assert Lake(home.lake).files(core) == []
    refused = auyl("snapshot", "rollback", PERIOD, "--to", revision, "--reason", "x", code=1)
    assert f"delivery {delivery} was erased on" in refused and "because: of another year" in refused
    assert check_lake(home, "budget_okrug").faults == []

    # It was right after all: what was made of it comes back with it, and goes again.
    for command in ("readmit", "restore"):
        auyl("extracts", command, delivery if command == "readmit" else batch, "--reason", "it was right")
    auyl("intake", "budget_okrug", wrong, "--period", PERIOD)
    assert f"revision {revision} is current again" in auyl("build", "--period", PERIOD)
    assert Lake(home.lake).files(core) != [] and check_lake(home).faults == []
    auyl("extracts", "withdraw", batch, "--reason", "of another year")
    auyl("build", "--period", PERIOD)


def test_a_file_of_another_oblast_is_refused_whole_by_name(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State
) -> None:
    wrong = budget(oblast, tmp_path, lambda line: re.sub(r"^19", "39", line))
    said = auyl("intake", "budget_okrug", wrong, "--period", PERIOD, code=1)
    assert "expected an extract of this oblast: codes that begin with 19 (AUYL_OBLAST is 190000000)" in said
    assert re.search(r"found an extract of another oblast: \d+ rows with 39…", said)
    assert "unchanged, revision 1" in auyl("build", "--period", PERIOD)


def test_rows_of_another_oblast_are_rejected_and_what_they_took_is_refused_released_and_taken_back(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State, audited: int
) -> None:
    moved = set(okrugs(home)[:12])
    wrong = budget(oblast, tmp_path, lambda line: "39" + line[2:] if line[:9] in moved else line)
    assert "kato_in_oblast" in auyl("intake", "budget_okrug", wrong, "--period", PERIOD)
    rejected = auyl("quarantine", "budget_okrug", "--period", PERIOD)
    assert "Код КАТО другой области, не той, которой служит система" in rejected
    said = auyl("build", "--period", PERIOD, code=1)
    refused = re.search(
        "budget.income «Доходы с начала года»: expected at most 6 of 131 okrugs to lose their value, found 12: "
        r"(\d+) had one, (\d+) have one now",
        said,
    )
    assert refused is not None and int(refused[1]) - int(refused[2]) == 12
    assert f"auyl snapshot release {PERIOD}" in said
    assert state(home) == as_it_was
    assert "expected a reason, found none" in auyl("snapshot", "release", PERIOD, "--reason", " ", code=1)
    assert "published" in auyl("snapshot", "release", PERIOD, "--reason", "they moved")
    assert "no refused build waits" in auyl("snapshot", "release", PERIOD, "--reason", "they moved")
    lost = query(home, "select count(*) from serving.snapshot_current where indicator_id = 'budget.income' "
                       "and flag = 'missing' and kato = any(:moved)", moved=sorted(moved))  # fmt: skip
    assert lost[0][0] == 12
    auyl("extracts", "withdraw", batch_of(home, "budget_okrug"), "--reason", "they did not")
    assert "revision 1 is current again" in auyl("build", "--period", PERIOD)
    assert audit(home, audited) == [("accept_change", "they moved"), ("withdraw_batch", "they did not")]


def test_a_wrong_time_is_taken_back(home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State) -> None:
    wrong = more_income(oblast, tmp_path, okrugs(home)[0], "234567.0")
    ahead = auyl("intake", "budget_okrug", wrong, "--period", PERIOD, "--extracted-at", "2199-01-01T00:00:00", code=1)
    assert "2199" in ahead
    # Later than every correction states, and not refused.
    stated = f"{datetime.now(LOCAL):%Y-%m-%dT%H:%M:%S}"
    auyl("intake", "budget_okrug", wrong, "--period", PERIOD, "--extracted-at", stated)
    wrong_batch = batch_of(home, "budget_okrug")
    (tmp_path / "right").mkdir()
    right = budget(oblast, tmp_path / "right", lambda line: line.replace(";0.0;", ";0.00;"))
    lost = auyl("intake", "budget_okrug", right, "--period", PERIOD, "--extracted-at", "2026-11-20T00:00:00")
    assert "superseded on arrival" in lost
    auyl("build", "--period", PERIOD)
    assert state(home)["snapshot"] != as_it_was["snapshot"]
    auyl("extracts", "withdraw", wrong_batch, "--reason", "its time is wrong")
    assert f"{PERIOD}: content as in revision 1: revision 1 is current again" in auyl("build", "--period", PERIOD)
    auyl("extracts", "withdraw", batch_of(home, "budget_okrug"), "--reason", "the end of the test")
    assert "unchanged, revision 1" in auyl("build", "--period", PERIOD)


def test_a_wrong_rule_is_taken_back(
    home: Settings, auyl: Auyl, tmp_path: Path, as_it_was: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "expectations"
    shutil.copytree(REPOSITORY / "expectations", rules)
    suite = json.loads((rules / "budget_okrug.json").read_text("utf-8"))
    wrong = {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": f"select * from {{batch}} where kato = '{okrugs(home)[0]}'"},
        "severity": "critical",
        "meta": {"rule": "a_wrong_rule", "level": "row", "reason_ru": "Ошибка", "reason_kk": "Қате"},
    }
    suite["expectations"].append(wrong)
    (rules / "budget_okrug.json").write_text(json.dumps(suite), "utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("AUYL_EXPECTATIONS", str(rules))
        auyl("reload", "budget_okrug", "--period", PERIOD, "--reason", "a new rule")
        assert "published" in auyl("build", "--period", PERIOD)
    assert state(home)["snapshot"] != as_it_was["snapshot"]
    auyl("reload", "budget_okrug", "--period", PERIOD, "--reason", "the rule was wrong")
    assert "inputs as in revision 1: revision 1 is current again" in auyl("build", "--period", PERIOD)


def test_a_wrong_indicator_is_rolled_back_and_stays_so_until_it_is_corrected(
    home: Settings, auyl: Auyl, tmp_path: Path, as_it_was: State, audited: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kato = query(home, "select kato from serving.snapshot_value where indicator_id = 'livestock.cattle' "
                       "and level = 'okrug' order by value desc nulls last limit 1")[0][0]  # fmt: skip
    shown = ["lineage", "--okrug", kato, "--indicator", "livestock.cattle", "--period", PERIOD]
    right = auyl(*shown)
    include = tmp_path / "include"
    shutil.copytree(REPOSITORY / "include", include)
    sql = include / "sql" / "indicators" / "livestock.sql"
    measure = re.search(r"filter \(where (.+)\) as cattle\b", sql.read_text("utf-8"))
    assert measure is not None
    wrong = measure.group().replace(measure[1], f"{measure[1]} and _record % 5 > 0")
    sql.write_text(sql.read_text("utf-8").replace(measure.group(), wrong), "utf-8")
    catalogue = include / "indicators" / "livestock.yaml"
    catalogue.write_text(re.sub(r"(?s)  - id: livestock\.camels.*?(?=  - id:)", "", catalogue.read_text("utf-8")))
    monkeypatch.setenv("AUYL_INCLUDE", str(include))
    said = auyl("build", "--period", PERIOD, code=1)
    assert "livestock.camels: expected in the catalogue, found 131 okrugs that lose it" in said
    published = auyl("build", "--period", PERIOD, "--accept-change", "no camels any more")
    revision = int(re.search(r"published, revision (\d+)", published)[1])  # type: ignore[index]
    assert "_record % 5 > 0" in auyl(*shown)
    assert state(home)["catalogue"] != as_it_was["catalogue"]

    said = auyl("snapshot", "rollback", PERIOD, "--reason", "a wrong filter")
    assert said == f"{PERIOD}: revision 1 is current, {revision} rolled back\n"
    assert state(home) == as_it_was
    assert auyl(*shown) == right, "the filter of the revision, not that of the files of today"
    again = auyl("snapshot", "rollback", PERIOD, "--reason", "a wrong filter")
    assert f"revision 1 is current, since revision {revision} was rolled back by {getpass.getuser()} on" in again
    assert "nothing changed" in again
    held = auyl("build", "--period", PERIOD)
    assert f"revision 1 stays current: its inputs are those of revision {revision}, which was rolled back" in held
    assert state(home) == as_it_was
    listed = auyl("snapshot", "list", PERIOD)
    assert re.search(rf"{PERIOD} +{revision}  rolled back .*a wrong filter", listed)
    digest = str(query(home, "select content_sha256 from serving.snapshot where revision = :r", r=revision)[0][0])
    former = auyl("snapshot", "show", "--okrug", kato, "--digest", digest[:12])
    assert f"revision {revision}\n" in former and "Верблюды" not in former
    assert "Верблюды" in auyl("snapshot", "show", "--okrug", kato, "--revision", 1, "--period", PERIOD)
    # A comment changes the inputs and no number.
    sql.write_text("-- a word\n" + sql.read_text("utf-8"), "utf-8")
    assert "revision 1 stays current" in auyl("build", "--period", PERIOD)

    assert f"revision {revision} is current again" in auyl("snapshot", "forward", PERIOD, "--reason", "it was right")
    assert "nothing changed" in auyl("snapshot", "forward", PERIOD, "--reason", "it was right")
    assert "_record % 5 > 0" in auyl(*shown)
    monkeypatch.delenv("AUYL_INCLUDE")
    assert "inputs as in revision 1: revision 1 is current again" in auyl("build", "--period", PERIOD)
    assert audit(home, audited) == [
        ("accept_change", "no camels any more"),
        ("roll_back_snapshot", "a wrong filter"),
        ("roll_forward_snapshot", "it was right"),
    ]


def rests_on(home: Settings) -> list[object]:
    """What quality, contradictions and entities of the period are made of, besides the snapshot."""
    measured = [(row.registry, row.staged) for row in measure_quality(PERIOD, home)]
    kind = survivorship.load("person", home.include)
    newest = entities.versions_of(home, kind, PERIOD)[-1]
    batches = sorted((registry, batch.batch_id) for registry, batch in newest.batches.items())
    return [measured, contradictions.gather(home, Lake(home.lake), PERIOD).digest, batches]


def test_persons_quality_contradictions_and_entities_follow_a_rollback(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State
) -> None:
    rested_on = rests_on(home)
    (source,) = (oblast / PERIOD / "population").iterdir()
    body = source.read_text("utf-8").replace("2026-11-01T02", "2026-11-02T02")
    body = re.sub(r"<surname>[^<]+<", "<surname>БАСҚА<", body)
    body = re.sub(r"<iin>\d{12}<", "<iin>000000000000<", body, count=50)
    wrong = tmp_path / source.name
    wrong.write_text(body, "utf-8")
    auyl("intake", "population", wrong, "--period", PERIOD)
    auyl("build", "--period", PERIOD, "--accept-change", "all of one name")
    assert query(home, "select count(distinct surname) from vault.person")[0][0] == 1
    assert all(now != before for now, before in zip(rests_on(home), rested_on, strict=True))
    assert unmeasured(home) == []
    auyl("snapshot", "rollback", PERIOD, "--to", 1, "--reason", "one name for all")
    assert unmeasured(home) == [PERIOD]
    assert state(home) == as_it_was
    assert rests_on(home) == rested_on
    assert "not in the current snapshot: revision" in auyl("extracts", "population")
    period, revision = query(home, "select period, revision from vault.person_period")[0]
    assert (period, revision) == (PERIOD, 1)
    auyl("intake", "budget_okrug", more_income(oblast, tmp_path, okrugs(home)[0], "156789.0"), "--period", PERIOD)
    said = auyl("build", "--period", PERIOD, "--accept-change", "all of one name")
    assert "published" in said and "the inputs are others than when revision" in said
    for registry in ("population", "budget_okrug"):
        auyl("extracts", "withdraw", batch_of(home, registry), "--reason", "one name for all")
    assert "inputs as in revision 1: revision 1 is current again" in auyl("build", "--period", PERIOD)


def test_a_wrong_edition_is_adopted_published_and_retired_by_commands(
    home: Settings, auyl: Auyl, oblast: Path, tmp_path: Path, as_it_was: State, audited: int
) -> None:
    edition = str(as_it_was["edition"])
    reference = oblast / "reference"
    wrong = tmp_path / "kato.csv"
    lost = okrugs(home)[0][:6]
    lines = (reference / "kato.csv").read_text("utf-8-sig").splitlines()
    wrong.write_text("\n".join(line for line in lines if not line.startswith(lost)) + "\n", "utf-8")
    beside = ["--crosswalk", reference / "crosswalk.csv", "--addresses", reference / "address.csv"]
    loaded = auyl("territory", "load", wrong, "--edition", "A-WRONG", *beside)
    assert f"current is still {edition}" in loaded
    assert "unchanged, revision 1" in auyl("build", "--period", PERIOD)
    assert f"A-WRONG is current now and follows {edition}" in auyl(
        "territory", "adopt", "A-WRONG", "--reason", "a wrong order"
    )
    assert "is current already" in auyl("territory", "adopt", "A-WRONG", "--reason", "a wrong order")
    assert "published" in auyl("build", "--period", PERIOD)
    assert state(home)["edition"] == "A-WRONG"
    assert state(home)["snapshot"] != as_it_was["snapshot"]
    retired = auyl("territory", "retire", "A-WRONG", "--reason", "it lacks an okrug")
    assert f"A-WRONG retired; current: {edition}" in retired
    assert "A-WRONG was retired before" in auyl("territory", "retire", "A-WRONG", "--reason", "it lacks an okrug")
    assert "inputs as in revision 1: revision 1 is current again" in auyl("build", "--period", PERIOD)
    assert [action for action, _ in audit(home, audited)][-2:] == ["adopt_edition", "retire_edition"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rollback", PERIOD, "--reason", " "), "expected a reason, found none"),
        (("rollback", "2020-01", "--reason", "x"), "expected a published revision, found none"),
        (
            ("rollback", PERIOD, "--to", 99, "--reason", "x"),
            "expected a revision before the current 1; found revision 99",
        ),
        (("forward", PERIOD, "--to", 99, "--reason", "x"), "expected a revision of it, found 99"),
        (("release", "2020-01", "--reason", " "), "expected a reason, found none"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_in_a_line(
    home: Settings, auyl: Auyl, as_it_was: State, audited: int, arguments: tuple[object, ...], words: str
) -> None:
    said = auyl("snapshot", *arguments, code=1)
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert audit(home, audited) == []
