"""A record without a number finds its person, or openly nobody; a wrong person is worse than none."""

import json
from dataclasses import replace

import duckdb
import pytest

from auyl import duck
from auyl.cli.evaluate import LEAST_F1, LEAST_FEBRL, LEAST_PRECISION
from auyl.linkage.persons import evaluate, febrl, model, weigh
from auyl.settings import Settings
from auyl.synthetic import keyless
from auyl.synthetic.keyless import NOISE, Laboratory


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


def test_training_gives_the_file_that_is_in_force(tmp_path, own_settings: Settings) -> None:
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
    weigh.weigh(con, trained, "lab_known_features", "lab_record_features", "pair")
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
            weigh.weigh(con, trained, "lab_known_features", "lab_record_features", "pair")
            weights.append(dict(con.execute("select (record, person), weight from pair").fetchall()))
    assert len(weights[1]) > 50
    assert all(weights[0][pair] == weight for pair, weight in weights[1].items())


def test_what_changed_is_weighed_again_and_the_whole_is_the_same(
    laboratory: Laboratory, own_settings: Settings
) -> None:
    with duck.connect(own_settings) as con:
        trained = model.load(own_settings.include)
        model.read_laboratory(con, laboratory.known, laboratory.keyless)
        # yesterday: a hundredth had not come yet, a hundredth was somebody else, a hundredth is gone today
        for relation, side in (("lab_known", "known"), ("lab_record", "record")):
            model.features(con, own_settings.include, relation, f"{side}_today")
            con.execute(
                f"create temp table {side}_yesterday as select * replace (if(hash(unique_id) % 100 = 1, "
                f"'other', given_name) as given_name) from {side}_today where hash(unique_id) % 100 <> 0"
            )
            con.execute(f"delete from {side}_today where hash(unique_id) % 100 = 2")
        con.execute(
            "create temp table changed as "
            "select 'known' as side, unique_id from lab_known where hash(unique_id) % 100 < 3 "
            "union all select 'record', unique_id from lab_record where hash(unique_id) % 100 < 3"
        )
        weigh.weigh(con, trained, "known_yesterday", "record_yesterday", "former")
        weigh.weigh_changes(
            con, own_settings.include, trained, "known_today", "record_today", "former", "changed", "stepwise"
        )
        weigh.weigh(con, trained, "known_today", "record_today", "whole")
        stepwise, whole, former = (
            con.execute(f"from {table} order by record, person").fetchall() for table in ("stepwise", "whole", "former")
        )
    assert stepwise == whole and whole != former and len(whole) > 3_000


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
