"""Entities agree with the ground truth, and each value has its source line; the survivorship table decides."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import ledger
from auyl.identifiers import keyed_hash
from auyl.linkage.entities import build as entities
from auyl.linkage.entities import survivorship
from auyl.linkage.entities.history import show
from auyl.settings import Settings
from auyl.store.duck import literal
from auyl.store.lake import Lake
from tests.linkage.conftest import PERIOD
from tests.test_cli import Auyl

pytestmark = pytest.mark.slow
WON = "select a.entity_key, a.value, a.registry, a.is_disputed from attribute_{} as a where a.attribute = '{}'"


@pytest.fixture
def truth(lake_con: duckdb.DuckDBPyConnection, made: Settings, oblast: Path) -> duckdb.DuckDBPyConnection:
    """Tables beside the sets: person (truth, with its key) and fault (those of population, with the person's key)."""
    key = made.hash_key
    for table, name in (("person", "persons"), ("fault", "population")):
        path = literal(str(oblast / "truth" / PERIOD / f"{name}.parquet"))
        lake_con.execute(f"create table {table} as from {path}")
    column = {"person": "iin", "fault": "id"}
    for table, iin in column.items():
        numbers = lake_con.execute(f"select distinct {iin} from {table}").fetchall()
        rows = [(n, _uuid(keyed_hash(n, key))) for (n,) in numbers]
        lake_con.execute(f"create table {table}_key (iin varchar, entity_key varchar)")
        lake_con.executemany(f"insert into {table}_key values (?, ?)", rows)
    return lake_con


def _uuid(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def test_sex_is_that_of_the_truth_and_birth_date_too_but_where_the_register_lies(
    truth: duckdb.DuckDBPyConnection,
) -> None:
    sexes = truth.execute(
        f"select count(*), count(*) filter (where w.value <> case p.sex when '1' then 'm' else 'f' end) "
        f"from ({WON.format('person', 'sex')}) as w inner join person_key as k using (entity_key) "
        f"inner join person as p using (iin)"
    ).fetchall()
    assert sexes[0][0] > 5_500 and sexes[0][1] == 0
    wrong = truth.execute(
        f"select w.entity_key, w.registry, w.is_disputed from ({WON.format('person', 'birth_date')}) as w "
        f"inner join person_key as k using (entity_key) inner join person as p using (iin) "
        f"where w.value <> p.birth_date::varchar"
    ).fetchall()
    lies = truth.execute(
        "select k.entity_key from fault as f inner join fault_key as k on f.id = k.iin "
        "where kind = 'birth_date_disagrees'"
    ).fetchall()
    assert len(wrong) > 100 and {key for key, _, _ in wrong} <= {key for (key,) in lies}
    assert {registry for _, registry, _ in wrong} == {"population"}
    # Whom another registry knows stands disputed, and the truth is among what did not stand; of the others, one in
    # thirty lies as well.
    told = truth.execute(
        "select count(*), "
        "count(*) filter (list_contains(list_transform(others, lambda o: o.value), p.birth_date::varchar)) "
        "from attribute_person as a inner join person_key as k using (entity_key) inner join person as p using (iin) "
        "where a.attribute = 'birth_date' and a.is_disputed and a.value <> p.birth_date::varchar"
    ).fetchall()
    assert told[0][0] >= 10 and told[0][1] >= 0.9 * told[0][0]


def test_a_changed_rank_lets_another_value_stand_without_touching_code(
    truth: duckdb.DuckDBPyConnection, made: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "include"
    shutil.copytree(made.include, folder)
    path = folder / "survivorship" / "person.yaml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "registry: population, value: birth_date" in line)
    assert "registry: social_assistance, value: birth_date" in lines[at + 4]
    lines[at : at + 5] = [*lines[at + 1 : at + 5], lines[at]]
    path.write_text("".join(lines), "utf-8")
    changed = replace(made, include=folder)
    (other,) = entities.build(PERIOD, changed, ("person",))
    (before,) = [one for one in ledger.entity_sets(made, "person", PERIOD) if one.path != other.set.path]
    lake = Lake(made.lake)
    assert other.is_new and lake.exists(before.path)
    swapped = truth.execute(
        f"select count(*), count(*) filter (where n.value = p.birth_date::varchar) "
        f"from read_parquet({literal(lake.address(before.path))}) as o "
        f"inner join read_parquet({literal(lake.address(other.set.path))}) as n using (entity_key, attribute) "
        f"inner join person_key as k using (entity_key) inner join person as p using (iin) "
        f"where o.attribute = 'birth_date' and o.registry = 'population' and o.is_disputed and n.value <> o.value "
        f"and o.value <> p.birth_date::varchar"
    ).fetchall()
    assert swapped[0][0] >= 10 and swapped[0][1] >= 0.9 * swapped[0][0], "the others say what is true"
    # The table of the first build is current again for the tests after this one.
    again = entities.build(PERIOD, made, ("person",))
    assert [(one.set.path, one.is_new) for one in again] == [(before.path, False)]


def test_a_value_that_is_too_old_does_not_stand(
    lake_con: duckdb.DuckDBPyConnection, made: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "include"
    shutil.copytree(made.include, folder)
    path = folder / "survivorship" / "household.yaml"
    text = path.read_text("utf-8")
    card = "      - {registry: family_card, value: members, asOf: assessed_on, freshnessMonths: 6}\n"
    book = "      - {registry: household_book, value: members, asOf: visited_on, freshnessMonths: 12}\n"
    assert card + book in text
    path.write_text(text.replace(card + book, book.replace("12", "0") + card), "utf-8")
    (other,) = entities.build(PERIOD, replace(made, include=folder), ("household",))
    found = lake_con.execute(
        f"select b.visited_on >= date '{PERIOD}-01' as is_fresh, a.registry, count(*) "
        f"from read_parquet({literal(Lake(made.lake).address(other.set.path))}) as a "
        f"inner join stage_household_book as b on a.entity_key = b.household_account "
        f"inner join (select distinct head_key from stage_family_card) as f on b.head_key = f.head_key "
        f"where a.attribute = 'members' group by all"
    ).fetchall()
    assert {(fresh, registry) for fresh, registry, _ in found} == {(True, "household_book"), (False, "family_card")}
    assert min(n for *_, n in found) > 20


def cells(oblast: Path, registry: str, encoding: str) -> dict[int, list[str]]:
    """Cells of a text extract by line, read by nothing of ours."""
    (file,) = (oblast / PERIOD / registry).iterdir()
    with file.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=";")
        lines = {}
        for row in reader:
            lines[reader.line_num] = row
        return lines


@pytest.mark.parametrize(
    ("kind", "attribute", "registry", "encoding", "column", "written"),
    [
        ("parcel", "area_ha", "land", "cp1251", "ПЛОЩАДЬ, ГА", lambda c: float(c.replace(" ", "").replace(",", "."))),
        ("household", "members", "family_card", "utf-8-sig", "Мүшелер / Членов семьи", float),
        ("household", "wellbeing_level", "family_card", "utf-8-sig", "Деңгей / Уровень",
         lambda c: c.strip().upper().translate(str.maketrans("АВСЕ", "ABCE"))),
    ],
)  # fmt: skip
def test_a_value_is_that_of_the_line_it_names(
    lake_con: duckdb.DuckDBPyConnection,
    made: Settings,
    oblast: Path,
    kind: str,
    attribute: str,
    registry: str,
    encoding: str,
    column: str,
    written: Callable[[str], Any],
) -> None:
    keys = [
        key
        for (key,) in lake_con.execute(
            f"select entity_key from attribute_{kind} where attribute = '{attribute}' and registry = '{registry}' "
            "order by hash(entity_key) limit 25"
        ).fetchall()
    ]
    lines = cells(oblast, registry, encoding)
    heading = lines[1].index(column)
    for key in keys:
        _, shown = show(made, kind, key, PERIOD)
        (one,) = [a for a in shown if a.attribute == attribute]
        assert one.claim.line is not None
        value = written(lines[one.claim.line][heading])
        assert value == (one.claim.value if isinstance(value, str) else float(one.claim.value)), (key, one)
    assert len(keys) == 25


def test_a_household_has_one_key_in_the_book_the_card_and_the_assistance(
    lake_con: duckdb.DuckDBPyConnection,
) -> None:
    (row,) = lake_con.execute(
        "select count(*), count(*) filter (where b.members <> a.value::bigint), count(distinct a.entity_key) "
        "from stage_household_book as b inner join stage_family_card as f on b.head_key = f.head_key "
        "inner join attribute_household as a on a.entity_key = b.household_account and a.attribute = 'members'"
    ).fetchall()
    assert row[0] > 1_000 and row[1] == 0 and row[2] == row[0]
    from_all = lake_con.execute(
        "select count(*) from attribute_household where attribute = 'members' and len(others) = 2 and not is_disputed "
        "and not starts_with(entity_key, 'family ')"
    ).fetchall()
    assert from_all[0][0] > 10


def test_the_herd_of_a_household_is_disputed_where_the_book_was_made_to_disagree(
    lake_con: duckdb.DuckDBPyConnection, oblast: Path
) -> None:
    path = literal(str(oblast / "truth" / PERIOD / "household_book.parquet"))
    lied = {key for (key,) in lake_con.execute(f"select id from {path} where kind = 'heads_disagree'").fetchall()}
    heads = dict(lake_con.execute("select household_account, head_key from stage_household_book").fetchall())
    disputed = dict(
        lake_con.execute(
            "select entity_key, value::bigint from attribute_herd where attribute = 'cattle' and is_disputed"
        ).fetchall()
    )
    counted = dict(
        lake_con.execute(
            "select owner_key, count(*) from stage_livestock where species = 'cattle' group by all"
        ).fetchall()
    )
    assert len(disputed) >= 5
    for key, value in disputed.items():
        assert counted[heads[key]] == value
    # A row that the register of animals lost is a dispute too, but most are those that were made.
    assert len(lied & set(disputed)) > len(disputed) / 2
    assert lied & {k for k in heads if heads[k] in counted} <= set(disputed)


def test_nobodys_number_or_name_is_in_a_set(truth: duckdb.DuckDBPyConnection, made: Settings) -> None:
    for kind in survivorship.kinds(made.include):
        secret = truth.execute(
            f"select count(*) from attribute_{kind} as a semi join person as p "
            f"on a.value = p.iin or a.entity_key = p.iin"
        ).fetchall()
        assert secret == [(0,)], kind
    names = truth.execute("select distinct attribute from attribute_person").fetchall()
    assert not {name for (name,) in names} & {"surname", "given_name", "patronymic", "iin"}


def test_every_entity_has_one_value_an_attribute_and_a_second_build_makes_nothing(
    lake_con: duckdb.DuckDBPyConnection, made: Settings
) -> None:
    for kind in survivorship.load_all(made.include):
        rows = lake_con.execute(
            f"select count(*), count(distinct (entity_key, attribute)), "
            f"count(*) filter (file is null or record is null or batch is null or as_of is null or value is null) "
            f"from attribute_{kind.id}"
        ).fetchall()
        assert rows[0][0] == rows[0][1] > 0 and rows[0][2] == 0, kind.id
        found = lake_con.execute(f"select distinct attribute from attribute_{kind.id}").fetchall()
        assert {name for (name,) in found} == {attribute.id for attribute in kind.attributes}, kind.id
    assert not any(one.is_new for one in entities.build(PERIOD, made))


def test_persons_of_the_register_are_all_there(lake_con: duckdb.DuckDBPyConnection) -> None:
    missing = lake_con.execute(
        "select count(*) from stage_population as p anti join attribute_person as a "
        "on p.person_key::varchar = a.entity_key and a.attribute = 'is_alive'"
    ).fetchall()
    assert missing == [(0,)]


def test_the_command_shows_registry_file_line_and_what_did_not_stand(
    lake_con: duckdb.DuckDBPyConnection, made: Settings, dsn: str
) -> None:
    auyl = Auyl.of(made)
    ((key,),) = lake_con.execute(
        "select min(entity_key) from attribute_person where attribute = 'birth_date' and is_disputed"
    ).fetchall()
    shown = auyl("entity", "show", "person", key, "--period", PERIOD, "--language", "kk")
    assert "туған күні" in shown and "not taken" in shown and "disputed" in shown and "population_2026-10" in shown
    held = auyl("entity", "show", "person", key, "--history")
    assert "recorded_from" in held and "birth_date" in held
    assert "unchanged" in auyl("entities", "build", "--period", PERIOD, "--kind", "parcel")
    assert "no person nobody" in auyl("entity", "show", "person", "nobody", code=1)
    assert "no kind of entity «ghost»; there are: animal" in auyl("entity", "show", "ghost", "1", code=1)
    assert "auyl entities build" in auyl("entity", "show", "person", key, "--period", "2020-01", code=1)
