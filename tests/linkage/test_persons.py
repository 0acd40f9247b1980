"""A record without a number finds its person, or openly nobody; a wrong person is worse than none."""

import json
from dataclasses import replace

import duckdb
import pytest
import yaml

from auyl.linkage.persons import model
from auyl.linkage.persons.match_weights import choose_links, create_features, create_linker, create_pairs, open_splink
from auyl.settings import Settings
from auyl.store import duck
from lab.evaluation import febrl, training
from lab.evaluation import persons as evaluate
from lab.evaluation.training import read_synthetic
from lab.synthetic.keyless import NOISE, Laboratory

LEAST_F1, LEAST_PRECISION, LEAST_FOREIGN_PRECISION = 0.985, 0.998, 0.9995
LEAST_FEBRL = {3: 0.993, 4: 0.998}


def test_linkage_keeps_its_limits_on_an_oblast_that_training_never_saw(
    laboratory: Laboratory, own_settings: Settings
) -> None:
    measured = evaluate.evaluate_persons(own_settings, laboratory.known, laboratory.keyless)
    assert measured.scores.precision >= LEAST_PRECISION and measured.scores.f1 >= LEAST_F1
    kinds = {kind.kind: kind for kind in measured.kinds}
    assert set(kinds) == set(NOISE) | {"none", "stranger"}
    assert kinds["none"].right == kinds["none"].records > 500
    assert kinds["stranger"].right == 0 and kinds["stranger"].wrong <= 0.002 * kinds["stranger"].records
    # the higher the threshold, the fewer are linked: a curve that a person may choose on
    linked = [scores.linked for _, scores in measured.curve]
    assert linked == sorted(linked, reverse=True) and linked[0] > linked[-1]


def test_linkage_keeps_its_limits_under_the_noise_of_another_hand(
    foreign_laboratory: Laboratory, own_settings: Settings
) -> None:
    measured = evaluate.evaluate_persons(own_settings, foreign_laboratory.known, foreign_laboratory.keyless)
    assert measured.scores.precision >= LEAST_FOREIGN_PRECISION and measured.scores.f1 >= LEAST_F1
    kinds = {kind.kind: kind for kind in measured.kinds}
    weak = {"one_field": 0.95, "shifted": 0.9, "new_year": 0.9, "latin": 0.95, "double_surname": 0.95, "initials": 0.85}
    shares = {kind: kinds[kind].right / kinds[kind].records for kind in weak}
    assert all(shares[kind] >= least for kind, least in weak.items()), shares
    assert kinds["names_only"].right == 0, "a namesake may live elsewhere"
    assert kinds["names_only"].reviewed >= 0.6 * kinds["names_only"].records


@pytest.mark.parametrize("dataset", [3, 4])
def test_febrl(dataset: int, own_settings: Settings) -> None:
    with duck.connect(own_settings) as con:
        scores = febrl.measure(con, dataset, febrl.folder())
    assert scores.true == {3: 6538, 4: 5000}[dataset]
    assert scores.f1 >= LEAST_FEBRL[dataset]


def test_training_gives_the_file_that_is_current(tmp_path, own_settings: Settings) -> None:
    trained = model.load(own_settings.include)
    again = training.train_on(own_settings, tmp_path, **trained.trained)
    assert json.loads(json.dumps(again)) == trained.settings


def pairs_of(con: duckdb.DuckDBPyConnection, settings: Settings, laboratory: Laboratory, order: str) -> list[tuple]:
    read_synthetic(con, laboratory.known, laboratory.keyless)
    for relation in ("lab_known", "lab_record"):
        con.execute(f"create or replace temp table {relation} as from {relation} order by {order}")
        create_features(con, settings.include, relation)
    trained = model.load(settings.include)
    create_pairs(con, settings.include, trained, "lab_known_features", "lab_record_features", "pair")
    choose_links(con, settings.include, trained, "pair", "choice")
    return con.execute("from choice order by record").fetchall()


def test_the_order_of_records_does_not_matter(laboratory: Laboratory, own_settings: Settings) -> None:
    found = []
    for order in ("unique_id", "hash(unique_id)", "surname, birth_date desc"):
        with duck.connect(own_settings) as con:
            found.append(pairs_of(con, own_settings, laboratory, order))
    assert found[0] == found[1] == found[2] and len(found[0]) > 3_000


def test_a_pair_has_the_same_match_weight_alone_and_among_all(laboratory: Laboratory, own_settings: Settings) -> None:
    with duck.connect(own_settings) as con:
        read_synthetic(con, laboratory.known, laboratory.keyless)
        trained = model.load(own_settings.include)
        weights = []
        for part in ("true", "label in (select person from ground_truth where record::int % 50 = 0)"):
            for relation in ("lab_known", "lab_record"):
                con.execute(f"create or replace temp table part_{relation} as select * from {relation} where {part}")
                create_features(con, own_settings.include, f"part_{relation}")
            create_pairs(
                con, own_settings.include, trained, "part_lab_known_features", "part_lab_record_features", "pair"
            )
            weights.append(dict(con.execute("select (record, person), weight from pair").fetchall()))
    assert len(weights[1]) > 50
    assert all(weights[0][pair] == weight for pair, weight in weights[1].items())


def test_our_blocking_finds_the_pairs_that_splink_finds_by_the_rules_of_the_model(
    laboratory: Laboratory, own_settings: Settings
) -> None:
    with duck.connect(own_settings) as con:
        pairs_of(con, own_settings, laboratory, "unique_id")
        trained = model.load(own_settings.include)
        tables = {"known": "lab_known_features", "record": "lab_record_features"}
        predicted = create_linker(open_splink(con), trained.settings, tables).inference.predict(
            threshold_match_weight=trained.review_weight
        )
        expected = con.execute(
            f"select unique_id_r, unique_id_l, round(match_weight, 4) from {predicted.physical_name} "
            "where source_dataset_r = 'record' order by 1, 2"
        ).fetchall()
        scored = con.execute("select record, person, weight from pair order by 1, 2").fetchall()
    assert scored == expected and len(scored) > 3_000


def test_blocking_rules_stand_in_one_list(own_settings: Settings) -> None:
    rules = yaml.safe_load((own_settings.include / "linkage" / "blocking.yaml").read_text("utf-8"))
    assert len(rules) > 5 and model.load(own_settings.include).blocking_rules == rules


@pytest.mark.parametrize(
    "rule",
    [
        "l.born = r.born and l.surname = r.surname",
        "l.surname = r.surname and l.patronymic = r.patronymic and l.birth_day = r.birth_day",
    ],
)
def test_only_pairs_that_meet_a_blocking_rule_of_the_model_are_scored(
    rule: str, laboratory: Laboratory, own_settings: Settings
) -> None:
    trained = model.load(own_settings.include)
    only = {"blocking_rule": rule, "sql_dialect": "duckdb"}
    one_rule = replace(trained, settings=trained.settings | {"blocking_rules_to_generate_predictions": [only]})
    with duck.connect(own_settings) as con:
        pairs_of(con, own_settings, laboratory, "unique_id")
        create_pairs(con, own_settings.include, one_rule, "lab_known_features", "lab_record_features", "pair_of_rule")
        scored, expected = (
            con.execute(f"select record, person, weight from {relation} order by all").fetchall()
            for relation in (
                "pair_of_rule",
                "(select p.* from pair as p inner join lab_known_features as l on p.person = l.unique_id "
                f"inner join lab_record_features as r on p.record = r.unique_id where {rule})",
            )
        )
    assert scored == expected and len(scored) > 1_000


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
def test_a_record_has_one_person_a_person_one_record_and_an_ambiguous_record_none(
    pairs: list[tuple[str, str, float]], expected: dict[str, tuple[str, str]], own_settings: Settings
) -> None:
    trained = replace(model.load(own_settings.include), link_weight=4.0, review_weight=0.0, margin=3.0)
    with duck.connect(own_settings) as con:
        con.execute("create temp table pair (record varchar, person varchar, weight double, is_evident boolean)")
        con.executemany("insert into pair values (?, ?, ?, true)", pairs)
        choose_links(con, own_settings.include, trained, "pair", "choice")
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
        ("surname_root", ["Ахметов", "Ахмедов", "АХМЕДОВА", "Ahmedov", "Akhmetova"]),
        ("surname_root", ["Лебединский", "Лебединская", "Lebedinskiy", "Lebedinskaya", "Lebedinskii"]),
        ("patronymic_root", ["Ермек оглы", "Ermekuly", "Ermekqyzy", "Ermekovna", "Ермековнна", "Ермекқызыы"]),
        ("", ["Жанат", "Джанат", "Джаннат", "Zhanat", "Janat", "Djanat", "Žanat"]),
        ("", ["Айгүл", "Айгуль", "Aigul", "Aygul", "Ajgul", "Aigül", "АЙГУЛЬ"]),
        ("", ["Әлия", "Алия", "Aliya", "Aliia", "Alia", "Aliâ"]),
        ("", ["Қуаныш", "Куаныш", "Quanysh", "Kuanysh", "Quanyş"]),
        ("", ["Сергей", "Сергай", "Sergey", "Sergei", "Sergej"]),
        ("", ["Мұрат", "Мурат", "Мурад", "Murat"]),
        ("", ["Ғали", "Галы", "Гали", "Ğali"]),
    ],
)
def test_forms_of_one_name_have_one_root(macro: str, names: list[str], con: duckdb.DuckDBPyConnection) -> None:
    query = f"select folded({macro}(sound(one_byte(name_key(kazakh_letters(?))))))"
    roots = {con.execute(query, [name]).fetchall()[0][0] for name in names}
    assert len(roots) == 1, roots


@pytest.mark.parametrize(
    "pair", [("Зара", "Сара"), ("Дана", "Таня"), ("Марат", "Мурат"), ("Айгүл", "Айнұр"), ("Ержан", "Еркін")]
)
def test_names_that_sound_different_stay_two(pair: tuple[str, str], con: duckdb.DuckDBPyConnection) -> None:
    sounds = [con.execute("select folded(sound(one_byte(name_key(?))))", [name]).fetchall()[0][0] for name in pair]
    assert sounds[0] != sounds[1]


# What the three columns hold, and what linkage compares: surname, second surname, given name, patronymic.
WHOLE = ("aba", None, "ermek", "bolat")
ARRANGED = [
    (("Абаев", "Ермек", "Болатович"), WHOLE),
    (("Абаев Ермек Болатович", None, None), WHOLE),
    (("Ермек Болатович Абаев", None, None), WHOLE),
    (("Абаев, Ермек Болатович", "", ""), WHOLE),
    ((None, "АБАЕВ ЕРМЕК БОЛАТҰЛЫ", None), WHOLE),
    (("Abaev Ermek Bolatovich", None, None), WHOLE),
    (("Абаев Ермек", "Болатович", None), WHOLE),
    (("Абаев", None, "Ермек Болатович"), WHOLE),
    ((None, "Абаев", "Ермек Болатович"), WHOLE),
    (("Болатович", "Абаев", "Ермек"), WHOLE),
    (("Ермек", "Болатович", "Абаев"), WHOLE),
    (("Абаев", "Болатович", "Ермек"), WHOLE),
    (("Ермек", "Абаев", "Болатович"), WHOLE),
    (("Абаев", "Ермек Болат ұлы", None), WHOLE),
    (("«Абаев»", "Ермек (уточнить)", "Болатович."), WHOLE),
    (("Абаева-Иванова", "Ермек", "Болатқызы"), ("aba", "ivan", "ermek", "bolat")),
    (("Иванова - Абаева", "Ермек", "Болатқызы"), ("ivan", "aba", "ermek", "bolat")),
    (("Абаева Иванова", "Ермек", "Болатқызы"), ("aba", "ivan", "ermek", "bolat")),
    (("Абаева (Иванова)", "Ермек", "Болатқызы"), ("aba", "ivan", "ermek", "bolat")),
    (("Абаев Е.Б.", None, None), ("aba", None, "e", "b")),
    (("Е. Б. Абаев", None, None), ("aba", None, "e", "b")),
    (("Абаев", "Е.Б.", None), ("aba", None, "e", "b")),
    (("Абаев", "Е", "Б"), ("aba", None, "e", "b")),
    (("Абаев", "Ермек Б.", None), ("aba", None, "ermek", "b")),
    (("Абаев", "Дж.", "Ю."), ("aba", None, "1", "i")),
    (("Абайұлы", "Ермек", None), ("aba", None, "ermek", None)),
    (("Абайұлы", "Ермек", "Болатович"), WHOLE),
    (("Абаев", "Ермек", "нет"), ("aba", None, "ermek", None)),
    (("Абаев", "Ермек", "-"), ("aba", None, "ermek", None)),
    ((None, "Ермек", "Болатович"), (None, None, "ermek", "bolat")),
    (("Аб?ев", "Ермек", "Болатович"), ("abev", None, "ermek", "bolat")),
    ((None, None, None), (None, None, None, None)),
]


@pytest.mark.parametrize(("columns", "expected"), ARRANGED)
def test_names_are_found_in_whatever_column_they_stand(
    columns: tuple[str | None, ...], expected: tuple[str | None, ...], own_settings: Settings
) -> None:
    with duck.connect(own_settings) as con:
        con.execute(
            "create temp table person as select '1' as unique_id, ?::varchar as surname, ?::varchar as given_name, "
            "?::varchar as patronymic, date '1980-05-12' as birth_date, 'm' as sex, '1' as settlement_kato, "
            "'2' as district_kato",
            columns,
        )
        create_features(con, own_settings.include, "person")
        (row,) = con.execute("select surname, surname_other, given_name, patronymic from person_features").fetchall()
    assert row == expected


ERMEK = ("Абаев", "Ермек", "Болатович", "1980-05-12", "m", "111", "100")
BROTHER = ("Абаев", "Ерлан", "Болатович", "1983-07-01", "m", "111", "100")
OUTCOMES = [
    # what a record says, and what becomes of it
    (("Абаев", "Ермек", "Болатович", "1980-05-12", "m", "111", "100"), "link"),
    (("Абаев Е.Б.", None, None, "1980-05-12", "m", "111", "100"), "link"),
    (("Абаев", "Е.", "Б.", None, "m", "111", "100"), "review"),  # or his brother
    (("Абаев", "Е.", "Б.", "1980-01-01", "m", "111", "100"), "review"),
    (("Абаев", "Ермек", "Болатович", None, None, None, None), "review"),  # a namesake of another oblast
    (("Абаев", "Ермек", None, None, None, None, None), "review"),
    (("Абаев", "Ермек", "Болатович", "1980-01-01", "m", "111", "100"), "link"),
    (("Абаев", "Ермек", "Болатович", "1990-05-12", "m", "111", "100"), "link"),
    (("Абаев", "Ермек", "Болатович", None, "m", "111", "100"), "link"),
    (("Сидоров", "Пётр", "Ильич", "1980-05-12", "m", "111", "100"), "none"),
]


@pytest.mark.parametrize(("record", "outcome"), OUTCOMES)
def test_initials_without_a_birth_date_and_names_alone_are_reviewed_and_not_guessed(
    record: tuple[str | None, ...], outcome: str, own_settings: Settings
) -> None:
    with duck.connect(own_settings) as con:
        for relation, rows in (("known", [ERMEK, BROTHER]), ("record", [record])):
            con.execute(
                f"create temp table {relation} (unique_id varchar, surname varchar, given_name varchar, "
                "patronymic varchar, birth_date date, sex varchar, settlement_kato varchar, district_kato varchar)"
            )
            numbered = [(str(number), *row) for number, row in enumerate(rows)]
            con.executemany(f"insert into {relation} values (?, ?, ?, ?, ?, ?, ?, ?)", numbered)
            create_features(con, own_settings.include, relation)
        trained = model.load(own_settings.include)
        create_pairs(con, own_settings.include, trained, "known_features", "record_features", "pair")
        choose_links(con, own_settings.include, trained, "pair", "choice")
        found = con.execute("select person, outcome from choice").fetchall()
    assert found == ([] if outcome == "none" else [("0", outcome)])


def test_names_are_compared_by_letters_and_not_by_bytes(con: duckdb.DuckDBPyConnection) -> None:
    alphabet = "абвгдежзийклмнопрстуфхцчшщыэюя"
    (folded,) = con.execute(
        "select list(one_byte(name_key(x))) from (select unnest(?) as x)", [list(alphabet)]
    ).fetchall()[0]
    assert all(len(letter.encode()) == 1 for letter in folded)
    assert len(set(folded)) == len(alphabet) - 1, "э is written е; any other two letters stay two"
