"""A code of former days is today's code, or openly none: codes are used again, and places move, merge and split."""

from datetime import date
from types import SimpleNamespace

import pytest

from auyl.settings import REPOSITORY, from_environment
from auyl.store.duck import bind, sql
from auyl.territory.changes import CurrentCode, current_codes, make_changes

FORMER = "FORMER"
# kato, edition, level, name_ru, name_kk, became_kato, changed_on
STAGED = [
    ("191000000", FORMER, "district", "Талдыкорган Г.А.", "Талдықорған Қ.Ә.", "331000000", date(2022, 6, 8)),
    ("191010000", FORMER, "sub_district", "г.Талдыкорган", "Талдықорған қ.", "331010000", date(2022, 6, 8)),
    ("191600000", FORMER, "district", "Капчагай Г.А.", "Қапшағай Қ.Ә.", "191000000", date(2022, 6, 8)),
    ("194000000", FORMER, "district", "Енбекшиказахский район", "Еңбекшіқазақ ауданы", "194000000", None),
    ("194033000", FORMER, "sub_district", "Жамбылский с.о.", "Жамбыл а.о.", "194033000", None),
    ("194083000", FORMER, "sub_district", "Шелекский с.о.", "Шелек а.о.", "194239000", date(2018, 4, 9)),
    ("194083100", FORMER, "settlement", "с.Октябрь", "Октябрь а.", "194083100", date(1999, 1, 1)),
    ("194083280", FORMER, "settlement", "с.Аймен", "Аймен а.", "194083280", None),
    ("194083900", FORMER, "settlement", "с.Заречное", "Заречное а.", "194083280", date(2001, 5, 5)),
    ("194099100", FORMER, "settlement", "с.Пустое", "Пустое а.", None, date(2003, 3, 3)),
    ("199900000", FORMER, "district", "Дальний район", "Дальний ауданы", "449900000", date(2022, 6, 8)),
    ("191000000", "T1", "district", "Қонаев Г.А.", "Қонаев Қ.Ә.", None, None),
]


@pytest.fixture
def world(con, invented):
    return _open(con, invented, STAGED)


def _open(con, territory, staged):
    for view, file in (("territory", "kato"), ("crosswalk", "crosswalk")):
        con.execute(f"create or replace temp view {view} as from read_parquet('{territory.folder}/{file}.parquet')")
    con.execute(
        "create or replace temp table staged (kato text, edition text, level text, name_ru text, name_kk text, "
        "became_kato text, changed_on date, act text)"
    )
    if staged:
        con.executemany("insert into staged values (?, ?, ?, ?, ?, ?, ?, null)", staged)
    settings = from_environment()
    make_changes(con, settings, "staged", territory.edition)
    return SimpleNamespace(
        kinds=lambda edition: con.execute(
            "select code, name_ru, successor_kato, kind from change where edition_from = ? and kind <> 'same'",
            [edition],
        ).fetchall(),
        ask=lambda *code: current_codes(con, settings, [code], territory.edition)[0],
        edition=territory.edition,
    )


def test_renamed_recoded_merged_split_and_abolished_are_told_apart(world):
    assert sorted(row for row in world.kinds(FORMER) if row[1] != "Алматинская область") == sorted(
        [
            ("191000000", "Талдыкорган Г.А.", "331000000", "recoded"),
            ("191010000", "г.Талдыкорган", "331010000", "recoded"),
            ("191600000", "Капчагай Г.А.", "191000000", "recoded"),
            ("194083100", "с.Октябрь", "194083100", "renamed"),
            ("194083900", "с.Заречное", "194083280", "merged"),
            ("194099100", "с.Пустое", None, "abolished"),
            ("199900000", "Дальний район", "449900000", "recoded"),
            # its okrugs lie in two districts today, its districts in two oblasts
            ("194000000", "Енбекшиказахский район", "194000000", "split"),
            ("194000000", "Енбекшиказахский район", "194200000", "split"),
            ("190000000", None, "190000000", "split"),
            ("190000000", None, "330000000", "split"),
            ("190000000", None, "440000000", "split"),
            # the town's okrug stands under a code of the former district of Талдыкорган
            ("194083000", "Шелекский с.о.", "194239000", "recoded"),
        ]
    )


@pytest.mark.parametrize(
    ("code", "edition", "as_of", "today", "reason"),
    [
        # the code of Талдыкорган until 2022 and of Қонаев since: never the other oblast in silence
        ("191000000", FORMER, None, "331000000", None),
        ("191000000", "T1", None, "191000000", None),
        ("191000000", None, date(2022, 6, 7), "331000000", None),
        ("191000000", None, date(2022, 6, 8), "191000000", None),
        ("191000000", None, None, None, "several meanings"),
        ("191000000", "SOME OTHER", None, None, "unknown edition"),
        # a code that is used no more can only be a former one
        ("191600000", None, None, "191000000", None),
        ("191600000", None, date(2026, 1, 1), "191000000", None),
        ("191600000", "T1", None, None, "unknown code"),
        ("194083100", FORMER, None, "194083100", None),
        ("194083900", FORMER, None, "194083280", None),
        ("194099100", FORMER, None, None, "abolished"),
        ("194099100", None, None, None, "abolished"),
        ("194000000", FORMER, None, None, "split"),
        ("190000000", FORMER, None, None, "split"),
        ("199900000", FORMER, None, None, "successor not in edition"),
        ("194083280", None, None, "194083280", None),
        ("194083280.0", None, None, "194083280", None),
        ("123456789", None, None, None, "unknown code"),
        ("123456789", FORMER, None, None, "unknown code"),
    ],
)
def test_a_code_of_a_former_edition_is_todays_or_openly_none(world, code, edition, as_of, today, reason):
    found = world.ask(code, edition, as_of)
    assert (found.today_kato, found.reason) == (today, reason)


def test_the_resolver_reads_a_former_code_as_the_command_does(con, world):
    text = sql(REPOSITORY / "include" / "sql" / "territory" / "resolve_former.sql")
    read = con.execute(f"from ({bind(text, change='change', kato='territory')})").fetchall()
    assert {code for code, *_ in read} >= {"191600000", "194099100", "199900000"}
    for code, today, parts in read:
        found = world.ask(code, None, None)
        assert (today, parts is not None) == (found.today_kato, found.reason == "split"), code


def test_an_okrug_whose_villages_lie_in_two_today_is_split(con, invented):
    okrug = ("194085000", FORMER, "sub_district", "Малый с.о.", "Кіші а.о.", "194083000", None)
    one = ("194085100", FORMER, "settlement", "с.Аймен", "Аймен а.", "194083280", None)
    other = ("194085200", FORMER, "settlement", "с.Байдибек би", "Бәйдібек би а.", "194037100", None)
    assert _open(con, invented, [okrug, one]).ask("194085000", FORMER, None).today_kato == "194083000"
    assert _open(con, invented, [okrug, one, other]).ask("194085000", FORMER, None).reason == "split"


def test_without_the_registry_a_reused_code_is_believed_on_no_day(con, invented):
    """The dictionary of ГБД ФЛ knows that the code meant Талдыкорган, and not until when."""
    world = _open(con, invented, [])
    assert world.ask("191000000", None, date(2020, 1, 1)).reason == "several meanings"
    assert world.ask("191000000", "ГБД ФЛ", None) == CurrentCode("191000000", "331000000", "recoded", None)


def test_official_dictionary_tells_renamings_and_the_split_of_2022(con, official):
    world = _open(con, official, [])
    found = {(code, name): (successor, kind) for code, name, successor, kind in world.kinds("ГБД ФЛ")}
    assert found["274400000", "ЗЕЛЕНОВСКИЙ РАЙОН"] == ("274400000", "renamed")
    assert found["274400000", "ПРИУРАЛЬНЫЙ РАЙОН"] == ("274400000", "merged")
    assert found["191600000", "КАПЧАГАЙ"] == ("191000000", "recoded")
    assert found["191000000", "ТАЛДЫКОРГАН"] == ("331000000", "recoded")
    split = {(code, successor) for code, _, successor, kind in world.kinds("ГБД ФЛ") if kind == "split"}
    for oblast, parts in (("19", ("19", "33")), ("63", ("63", "10")), ("35", ("35", "62"))):
        assert {successor for code, successor in split if code[:2] == oblast} == {f"{part}0000000" for part in parts}


def test_official_wrong_matches_of_the_dictionary_tell_nothing(con, official):
    """ИЛЕКСКИЙ of Aktobe was matched to Илийский of Almaty oblast."""
    world = _open(con, official, [])
    assert not [row for row in world.kinds("ГБД ФЛ") if row[1] == "ИЛЕКСКИЙ"]
    assert con.execute("select count(*) from change where name_ru like 'РАЙОНЫ %'").fetchall() == [(0,)]
    assert con.execute("select count(*) from change where name_ru like '%ИЛЕКСКИЙ%'").fetchall() == [(0,)]


def test_official_former_codes_never_reach_another_oblast_except_by_a_known_division(con, official):
    """Every move between oblasts is one of 1997, 2018 or 2022."""
    _open(con, official, [])
    moves = con.execute(
        "select distinct left(code, 2), left(successor_kato, 2) from change "
        "where left(code, 2) <> left(successor_kato, 2) and kind <> 'split'"
    ).fetchall()
    known = {("19", "33"), ("35", "62"), ("63", "10"), ("51", "61"), ("51", "79")}
    assert set(moves) <= known and {("19", "33"), ("35", "62"), ("63", "10")} <= set(moves)
