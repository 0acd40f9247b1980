"""A record without a number finds its person, or openly nobody; a wrong person is worse than none."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from cryptography.exceptions import InvalidTag

from auyl.linkage.persons import index, model, scoring, weigh
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.lake import Lake
from lab.cli.evaluate import LEAST_F1, LEAST_FEBRL, LEAST_PRECISION
from lab.evaluation import febrl
from lab.evaluation import persons as evaluate
from lab.synthetic import keyless
from lab.synthetic.keyless import NOISE, Laboratory


def test_linkage_keeps_its_limits_on_an_oblast_that_training_never_saw(
    laboratory: Laboratory, own_settings: Settings
) -> None:
    measured = evaluate.persons_of(own_settings, laboratory.known, laboratory.keyless)
    assert measured.scores.precision >= LEAST_PRECISION and measured.scores.f1 >= LEAST_F1
    kinds = {kind.kind: kind for kind in measured.kinds}
    assert set(kinds) == set(NOISE) | {"none", "stranger"}
    assert kinds["none"].right == kinds["none"].records > 500
    assert kinds["stranger"].right == 0 and kinds["stranger"].wrong <= 0.002 * kinds["stranger"].records
    # the higher the threshold, the fewer are linked: a curve that a person may choose on
    linked = [scores.linked for _, scores in measured.curve]
    assert linked == sorted(linked, reverse=True) and linked[0] > linked[-1]


@pytest.mark.parametrize("dataset", [3, 4])
def test_febrl(dataset: int, own_settings: Settings) -> None:
    with duck.connect(own_settings) as con:
        scores = febrl.measure(con, dataset, febrl.folder())
    assert scores.true == {3: 6538, 4: 5000}[dataset]
    assert scores.f1 >= LEAST_FEBRL[dataset]


def test_training_gives_the_file_that_is_current(tmp_path, own_settings: Settings) -> None:
    trained = model.load(own_settings.include)
    made = keyless.make(tmp_path, trained.trained["people"], trained.trained["seed"])
    with duck.connect(own_settings) as con:
        model.read_laboratory(con, made.known, made.keyless)
        again = model.train(con, own_settings.include, "lab_known", "lab_record", trained.trained["seed"])
    assert json.loads(json.dumps(again)) == trained.settings


def pairs_of(con: duckdb.DuckDBPyConnection, settings: Settings, laboratory: Laboratory, order: str) -> list[tuple]:
    model.read_laboratory(con, laboratory.known, laboratory.keyless)
    for relation in ("lab_known", "lab_record"):
        con.execute(f"create or replace temp table {relation} as from {relation} order by {order}")
        model.features(con, settings.include, relation, f"{relation}_features")
    trained = model.load(settings.include)
    weigh.weigh(con, settings.include, trained, "lab_known_features", "lab_record_features", "pair")
    weigh.choose(con, settings.include, trained, "pair", "choice")
    return con.execute("from choice order by record").fetchall()


def test_the_order_of_records_does_not_matter(laboratory: Laboratory, own_settings: Settings) -> None:
    found = []
    for order in ("unique_id", "hash(unique_id)", "surname, birth_date desc"):
        with duck.connect(own_settings) as con:
            found.append(pairs_of(con, own_settings, laboratory, order))
    assert found[0] == found[1] == found[2] and len(found[0]) > 3_000


def test_a_pair_weighs_the_same_alone_and_among_all(laboratory: Laboratory, own_settings: Settings) -> None:
    with duck.connect(own_settings) as con:
        model.read_laboratory(con, laboratory.known, laboratory.keyless)
        trained = model.load(own_settings.include)
        weights = []
        for part in ("true", "label in (select person from lab_truth where record::int % 50 = 0)"):
            for relation in ("lab_known", "lab_record"):
                con.execute(f"create or replace temp table part_{relation} as select * from {relation} where {part}")
                model.features(con, own_settings.include, f"part_{relation}", f"{relation}_features")
            weigh.weigh(con, own_settings.include, trained, "lab_known_features", "lab_record_features", "pair")
            weights.append(dict(con.execute("select (record, person), weight from pair").fetchall()))
    assert len(weights[1]) > 50
    assert all(weights[0][pair] == weight for pair, weight in weights[1].items())


def test_weights_are_those_of_splink_to_the_last_digit(laboratory: Laboratory, own_settings: Settings) -> None:
    with duck.connect(own_settings) as con:
        pairs_of(con, own_settings, laboratory, "unique_id")
        trained = model.load(own_settings.include)
        blocks = [{"blocking_rule": block, "sql_dialect": "duckdb"} for block in scoring.BLOCKS]
        settings = trained.settings | {"blocking_rules_to_generate_predictions": blocks}
        predicted = model.linker(con, settings, "lab_known_features", "lab_record_features").inference.predict(
            threshold_match_weight=trained.review_weight
        )
        levels = ", ".join(f"gamma_{field}" for field in weigh.FIELDS)
        splinks = con.execute(
            f"select unique_id_r, unique_id_l, round(match_weight, 4), {levels} from {predicted.physical_name} "
            "where source_dataset_r = 'record' order by 1, 2"
        ).fetchall()
        own = con.execute(
            f"select record, person, weight, {', '.join(weigh.FIELDS)} from pair order by 1, 2"
        ).fetchall()
    assert own == splinks and len(own) > 3_000


def test_narrow_blocks_hold_nearly_all_that_those_of_the_model_hold(
    laboratory: Laboratory, own_settings: Settings
) -> None:
    with duck.connect(own_settings) as con:
        model.read_laboratory(con, laboratory.known, laboratory.keyless)
        for relation in ("lab_known", "lab_record"):
            model.features(con, own_settings.include, relation, f"{relation}_features")
        found, pairs = {}, {}
        for name, blocks in (("own", scoring.BLOCKS), ("model", model.BLOCKING)):
            candidates = scoring.candidates("lab_known_features", "lab_record_features", blocks)
            ((found[name], pairs[name]),) = con.execute(
                "select (select count(*) from lab_truth as t "
                "inner join lab_known_features as k on t.person = k.unique_id "
                "inner join lab_record_features as r on t.record = r.unique_id "
                f"semi join ({candidates}) as c on k.rowid = c.person_row and r.rowid = c.record_row), "
                f"(select count(*) from (select distinct * from ({candidates})))"
            ).fetchall()
    assert found["own"] >= 0.999 * found["model"] and pairs["own"] < pairs["model"]


@pytest.fixture
def keyed(own_settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a lake and a key of the test's own."""
    key = tmp_path / "hash.key"
    key.write_text("22" * 32)
    return replace(own_settings, lake=str(tmp_path / "lake"), hash_key_file=key)


def test_whom_the_index_names_are_all_that_a_record_could_be(laboratory: Laboratory, keyed: Settings) -> None:
    lake = Lake(keyed.lake)
    with duck.connect(keyed) as con:
        trained = model.load(keyed.include)
        model.read_laboratory(con, laboratory.known, laboratory.keyless)
        con.execute("create temp table few as select * from lab_record where hash(unique_id) % 20 = 0")
        for relation, target in (("lab_known", "known"), ("few", "few")):
            model.features(con, keyed.include, relation, f"{target}_features")
        index.write(con, keyed, lake, "index.bin", "known_features", "unique_id::bigint")
        index.near(con, keyed, lake, "index.bin", "few_features", "near_person")
        con.execute(
            "create temp table near_features as select k.* from known_features as k "
            "semi join near_person as n on k.unique_id::bigint = n.person"
        )
        weigh.weigh(con, keyed.include, trained, "near_features", "few_features", "stepwise")
        weigh.weigh(con, keyed.include, trained, "known_features", "few_features", "whole")
        stepwise, whole = (
            con.execute(f"from {table} order by record, person").fetchall() for table in ("stepwise", "whole")
        )
        ((near, everybody),) = con.execute(
            "select (select count(*) from near_features), (select count(*) from known_features)"
        ).fetchall()
    assert stepwise == whole and len(whole) > 100 and near < everybody / 5


def test_the_index_opens_with_the_key_of_its_installation_and_at_its_place_alone(
    laboratory: Laboratory, keyed: Settings, tmp_path: Path
) -> None:
    lake = Lake(keyed.lake)
    (other := tmp_path / "other.key").write_text("33" * 32)
    with duck.connect(keyed) as con:
        model.read_laboratory(con, laboratory.known, laboratory.keyless)
        con.execute("create temp table few as from lab_record limit 10")
        model.features(con, keyed.include, "few", "few_features")
        index.write(con, keyed, lake, "index.bin", "few_features", "unique_id::bigint")
        content = lake.read("index.bin")
        lake.write("moved.bin", content)
        assert b"PAR1" not in content
        for settings, path in ((replace(keyed, hash_key_file=other), "index.bin"), (keyed, "moved.bin")):
            with pytest.raises(InvalidTag):
                index.near(con, settings, lake, path, "few_features", "near_person")


CHOICES = [
    # (record, person, weight) → outcome by record
    ([("r", "p", 9.0)], {"r": ("p", "link")}),
    ([("r", "p", 3.9)], {"r": ("p", "review")}),
    ([("r", "p", -0.1)], {}),
    ([("r", "p", 9.0), ("r", "q", 6.1)], {"r": ("p", "review")}),
    ([("r", "p", 9.0), ("r", "q", 6.0)], {"r": ("p", "link")}),
    ([("r", "p", 9.0), ("s", "p", 8.0)], {"r": ("p", "link"), "s": ("p", "review")}),
    ([("r", "p", 9.0), ("s", "p", 9.0)], {"r": ("p", "review"), "s": ("p", "review")}),
]


@pytest.mark.parametrize(("pairs", "expected"), CHOICES)
def test_a_record_has_one_person_a_person_one_record_and_a_tie_nobody(
    pairs: list[tuple[str, str, float]], expected: dict[str, tuple[str, str]], own_settings: Settings
) -> None:
    trained = replace(model.load(own_settings.include), link_weight=4.0, review_weight=0.0, margin=3.0)
    with duck.connect(own_settings) as con:
        con.execute("create temp table pair (record varchar, person varchar, weight double)")
        con.executemany("insert into pair values (?, ?, ?)", pairs)
        weigh.choose(con, own_settings.include, trained, "pair", "choice")
        found = con.execute("select record, person, outcome from choice").fetchall()
    assert {record: (person, outcome) for record, person, outcome in found} == expected


@pytest.mark.parametrize(
    ("macro", "names"),
    [
        ("surname_root", ["Абаев", "Абаева", "АБАЕВА", "Aбaeвa", "Абайұлы", "Абайқызы", "Абай улы"]),
        ("surname_root", ["Иванов", "Иванова", "ИВАНОВА "]),
        ("surname_root", ["Мәдиева", "Мадиев", "Мјдиев"]),
        ("surname_root", ["Шевченко", "ШЕВЧЕНКО"]),
        ("patronymic_root", ["Ермекұлы", "Ермекқызы", "Ермекович", "Ермековна", "ЕРМЕКОВИЧ", "Ермек қызы"]),
        ("patronymic_root", ["Дәулетбайұлы", "Даулетбаевич", "Дәулетбаевна"]),
        ("patronymic_root", ["Ильич", "Ильинична"]),
    ],
)
def test_forms_of_one_name_have_one_root(macro: str, names: list[str], con: duckdb.DuckDBPyConnection) -> None:
    roots = {con.execute(f"select {macro}(one_byte(kazakh_letters(?)))", [name]).fetchall()[0][0] for name in names}
    assert len(roots) == 1, roots


def test_names_are_compared_by_letters_and_not_by_bytes(con: duckdb.DuckDBPyConnection) -> None:
    alphabet = "абвгдежзийклмнопрстуфхцчшщыэюя"
    (folded,) = con.execute("select list(one_byte(x)) from (select unnest(?) as x)", [list(alphabet)]).fetchall()[0]
    assert all(len(letter.encode()) == 1 for letter in folded)
    assert len(set(folded)) == len(alphabet) - 1, "э is written е; any other two letters stay two"
