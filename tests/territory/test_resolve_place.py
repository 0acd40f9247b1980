"""The resolver: РКА, then KATO, then the district of ГБД ФЛ, then names; what is ambiguous never answers."""

from dataclasses import replace

import pytest

from auyl import contracts
from auyl.settings import REPOSITORY, from_environment
from auyl.stage.inputs import digest
from auyl.store.duck import bind, sql
from auyl.store.lake import Lake
from auyl.territory import editions as territory
from auyl.territory.resolver import open_territory
from auyl.territory.resolver import resolve as place_resolver
from tests.territory.conftest import KATO
from tests.territory.editions import write_changes

COLUMNS = ("rca", "kato", "gbd_district_code", "oblast_name", "district_name", "okrug_name", "settlement_name")
ALMATY = "Алматинская область"
UNKNOWN = (None, None, None, "unresolved")


def former(con, edition, changes=()) -> str:
    """The table of former codes, made of (code, successor_kato, kind, is_in_edition)."""
    con.execute(
        "create or replace temp table stated (code text, successor_kato text, kind text, is_in_edition boolean)"
    )
    if changes:
        con.executemany("insert into stated values (?, ?, ?, ?)", changes)
    text = sql(REPOSITORY / "include" / "sql" / "territory" / "resolve_former.sql")
    kato = f"'{edition.folder}/kato.parquet'"
    con.execute(f"create or replace temp table former as {bind(text, change='stated', kato=kato)}")
    return "former"


def resolve(con, edition, *places: dict, changes=()) -> list[tuple]:
    con.execute(
        "create or replace temp table places (_key integer, " + ", ".join(f"{name} text" for name in COLUMNS) + ")"
    )
    con.executemany(
        "insert into places values (" + ", ".join("?" * (len(COLUMNS) + 1)) + ")",
        [[key, *(place.get(name) for name in COLUMNS)] for key, place in enumerate(places)],
    )
    tables = {name: f"'{edition.folder}/{name}.parquet'" for name in ("kato", "crosswalk", "address")}
    tables["former"] = former(con, edition, changes)
    answer = bind(sql(REPOSITORY / "include" / "sql" / "territory" / "resolve_place.sql"), places="places", **tables)
    rows = con.execute(
        f"select _key, settlement_kato, okrug_kato, district_kato, step from ({answer}) order by _key"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(len(places)))
    return [row[1:] for row in rows]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        # РКА goes before all, even where the rest says otherwise
        ({"rca": "0201300000000001"}, ("194083100", "194083000", "194000000", "rca")),
        ({"rca": "0201300000000002", "kato": "194083100"}, ("194037200", "194037000", "194000000", "rca")),
        ({"rca": "1201300000000006"}, ("191010000", "191010000", "191000000", "rca")),
        # an unknown РКА, or one in two places, leaves it to the next step
        ({"rca": "9999999999999999", "kato": "194083100"}, ("194083100", "194083000", "194000000", "kato")),
        ({"rca": "1201300000000004", "kato": "194083100"}, ("194083100", "194083000", "194000000", "kato")),
        # KATO of each level
        ({"kato": "194083100"}, ("194083100", "194083000", "194000000", "kato")),
        ({"kato": "191010000"}, ("191010000", "191010000", "191000000", "kato")),
        ({"kato": "194083000"}, (None, "194083000", "194000000", "kato")),
        ({"kato": "194083000", "settlement_name": "АЙМЕН"}, ("194083280", "194083000", "194000000", "kato")),
        ({"kato": "194083000", "settlement_name": "с.Кайрат"}, (None, "194083000", "194000000", "kato")),
        ({"kato": "194000200"}, ("194000200", None, "194000000", "kato")),
        ({"kato": "194000000"}, (None, None, "194000000", "district_only")),
        ({"kato": "194000000", "settlement_name": "Аймен а."}, ("194083280", "194083000", "194000000", "kato")),
        ({"kato": "190000000"}, UNKNOWN),
        ({"kato": "199999999"}, UNKNOWN),
        ({"kato": "194083100.0"}, UNKNOWN),
        # district of ГБД ФЛ and a settlement's name
        (
            {"gbd_district_code": "1907244", "settlement_name": "АЙМЕН"},
            ("194083280", "194083000", "194000000", "gbd_district+settlement"),
        ),
        (
            {"gbd_district_code": "1907240", "settlement_name": "С. АЙМЕН"},
            ("194083280", "194083000", "194000000", "gbd_district+settlement"),
        ),
        (
            {"gbd_district_code": "1907404", "settlement_name": "Г. ЌОНАЕВ"},
            ("191010000", "191010000", "191000000", "gbd_district+settlement"),
        ),
        # two places of one name in one okrug still tell the okrug; in two okrugs only the district
        (
            {"gbd_district_code": "1907244", "settlement_name": "ШЕЛЕК"},
            (None, "194083000", "194000000", "gbd_district+settlement"),
        ),
        ({"gbd_district_code": "1907244", "settlement_name": "КАЙРАТ"}, (None, None, "194000000", "district_only")),
        (
            {"gbd_district_code": "1907244", "settlement_name": "КАЙРАТ", "okrug_name": "с.о.Байдибек би"},
            ("194037200", "194037000", "194000000", "gbd_district+settlement"),
        ),
        (
            {"gbd_district_code": "1907244", "settlement_name": "НЕТ ТАКОГО", "okrug_name": "Шелекский с/о"},
            (None, "194083000", "194000000", "names"),
        ),
        ({"gbd_district_code": "1907244"}, (None, None, "194000000", "district_only")),
        # a code that was refused, that is abroad, that nobody knows
        ({"gbd_district_code": "1904365", "settlement_name": "ШЕЛЕК"}, UNKNOWN),
        ({"gbd_district_code": "9999999", "settlement_name": "ШЕЛЕК"}, UNKNOWN),
        ({"gbd_district_code": "1234567"}, UNKNOWN),
        # names
        (
            {
                "oblast_name": ALMATY,
                "district_name": "ЖАМБЫЛСКИЙ Р-Н",
                "okrug_name": "ЖАМБЫЛСКИЙ С.О.",
                "settlement_name": "ЖАМБЫЛ",
            },
            ("194235100", "194235000", "194200000", "names"),
        ),
        (
            {"district_name": "Енбекшиказахский район", "okrug_name": "ЖАМБЫЛСКИЙ СО", "settlement_name": "Кайрат"},
            ("194033100", "194033000", "194000000", "names"),
        ),
        (
            {"district_name": "ЕЅБЕКШІЌАЗАЌ АУДАНЫ", "okrug_name": "Бәйдібек би а.о."},
            (None, "194037000", "194000000", "names"),
        ),
        (
            {"district_name": "Чиликский район", "settlement_name": "Аймен"},
            ("194083280", "194083000", "194000000", "names"),
        ),
        (
            {"district_name": "Енбекшиказахский район", "okrug_name": "Шелекский с.о.", "settlement_name": "Кайрат"},
            (None, "194083000", "194000000", "names"),
        ),
        # three districts of the country have this name: only the oblast tells which
        ({"district_name": "Жамбылский район", "settlement_name": "Жамбыл"}, UNKNOWN),
        (
            {"oblast_name": "ЖАМБЫЛ ОБЛЫСЫ", "district_name": "Жамбылский район"},
            (None, None, "314000000", "district_only"),
        ),
        # without a district the oblast is the scope
        ({"oblast_name": ALMATY, "okrug_name": "Шелекский с.о."}, (None, "194083000", "194000000", "names")),
        ({"oblast_name": ALMATY, "okrug_name": "Жамбылский с.о."}, UNKNOWN),
        ({"oblast_name": ALMATY, "settlement_name": "Аймен"}, ("194083280", "194083000", "194000000", "names")),
        ({"oblast_name": ALMATY, "settlement_name": "Кайрат"}, (None, None, "194000000", "district_only")),
        ({"settlement_name": "Аймен"}, UNKNOWN),
        # a district that does not exist is not passed over
        ({"oblast_name": ALMATY, "district_name": "Нетский район", "settlement_name": "Аймен"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_each_step(con, invented, place, expected):
    assert resolve(con, invented, place) == [expected]


# What `write_changes` tells: code, successor_kato, kind, is_in_edition.
CHANGES = [
    ("191610000", "191010000", "recoded", True),
    ("194099000", "194083000", "merged", True),
    # two editions tell the same
    ("194099100", "194083280", "merged", True),
    ("194099100", "194083280", "recoded", True),
    ("194099200", None, "abolished", False),
    ("194099300", "449900000", "recoded", False),
    # two editions tell different places
    ("194099400", "194083100", "recoded", True),
    ("194099400", "194083280", "recoded", True),
    # a district divided between two, an okrug between two
    ("195500000", "194000000", "split", True),
    ("195500000", "194200000", "split", True),
    ("195531000", "194033000", "split", True),
    ("195531000", "194037000", "split", True),
    # the code stands in this edition: another place's
    ("194037000", "194083000", "recoded", True),
]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"kato": "191610000"}, ("191010000", "191010000", "191000000", "kato_former")),
        ({"kato": "194099000"}, (None, "194083000", "194000000", "kato_former")),
        ({"kato": "194099000", "settlement_name": "Аймен"}, ("194083280", "194083000", "194000000", "kato_former")),
        ({"kato": "194099100"}, ("194083280", "194083000", "194000000", "kato_former")),
        ({"kato": "194099200"}, UNKNOWN),
        ({"kato": "194099300"}, UNKNOWN),
        ({"kato": "194099400"}, UNKNOWN),
        # a divided code tells a place only with the name of a settlement inside its parts
        ({"kato": "195500000"}, UNKNOWN),
        ({"kato": "195500000", "settlement_name": "Аймен"}, ("194083280", "194083000", "194000000", "kato_former")),
        ({"kato": "195500000", "settlement_name": "Жамбыл"}, ("194235100", "194235000", "194200000", "kato_former")),
        ({"kato": "195500000", "settlement_name": "Шелек"}, (None, "194083000", "194000000", "kato_former")),
        ({"kato": "195500000", "settlement_name": "Кайрат"}, UNKNOWN),
        ({"kato": "195531000", "settlement_name": "Аймен"}, UNKNOWN),
        (
            {"kato": "195531000", "settlement_name": "с.Байдибек би"},
            ("194037100", "194037000", "194000000", "kato_former"),
        ),
        # РКА goes before it, the district of ГБД ФЛ after it, and what it does not tell is left to them
        ({"kato": "194099100", "rca": "0201300000000002"}, ("194037200", "194037000", "194000000", "rca")),
        (
            {"kato": "194099100", "gbd_district_code": "1907208", "settlement_name": "Жамбыл"},
            ("194083280", "194083000", "194000000", "kato_former"),
        ),
        (
            {"kato": "194099200", "gbd_district_code": "1907208", "settlement_name": "Жамбыл"},
            ("194235100", "194235000", "194200000", "gbd_district+settlement"),
        ),
        # a code that stands in the current edition is its own, whatever it was before
        ({"kato": "194037000"}, (None, "194037000", "194000000", "kato")),
        ({"kato": "123456789"}, UNKNOWN),
    ],
)
def test_a_former_code_is_read_as_todays_or_openly_not(con, invented, place, expected):
    assert resolve(con, invented, place, changes=CHANGES) == [expected]


def test_former_codes_come_from_the_table_of_changes_in_the_lake(con, tmp_path):
    """The way of a build: an edition, then `write_changes`; without its table a former code is unknown, as ever."""
    lake = Lake(str(tmp_path))
    (tmp_path / "kato.csv").write_text(KATO, encoding="utf-8")
    territory.load(tmp_path / "kato.csv", lake.address("reference/territory"), con, edition="T1")
    settings = replace(from_environment(), lake=lake.root, oblast_kato="190000000")
    livestock = contracts.load("livestock", settings.include)
    columns = ", ".join(f"null::text as {name}" for role, name in livestock.place.items() if role != "kato")
    con.execute(f"create or replace temp table animals as select '191610000' as {livestock.place['kato']}, {columns}")

    def found():
        open_territory(con, settings, lake, "T1")
        place_resolver(con, settings, [(livestock, "animals")])
        return con.execute("select settlement_kato, step from place").fetchall(), digest(settings, lake, {}, "T1", [])

    before, of_before = found()
    write_changes(con, lake, "T1", "F", [("191610000", "sub_district", "г.Капчагай", "Қапшағай қ.", "191010000")])
    after, of_after = found()
    assert (before, after) == ([(None, "unresolved")], [("191010000", "kato_former")])
    # an older build is built again
    assert of_before != of_after


def test_every_row_is_answered_once_also_when_descriptions_repeat(con, invented):
    places = [
        {"kato": "194083100"},
        {"kato": "194083100"},
        {},
        {},
        {"rca": "0201300000000001"},
        {"rca": "0201300000000001", "kato": "1"},
    ]
    assert [row[-1] for row in resolve(con, invented, *places)] == [
        "kato",
        "kato",
        "unresolved",
        "unresolved",
        "rca",
        "rca",
    ]


def test_an_old_extract_does_not_land_in_the_oblast_that_took_over_its_code(con, invented):
    """Code 1907401 was Талдыкорган; its KATO 191010000 is Қонаев today."""
    assert resolve(con, invented, {"gbd_district_code": "1907401", "settlement_name": "ТАЛДЫКОРГАН"}) == [
        ("331010000", "331010000", "331000000", "gbd_district+settlement")
    ]


def test_every_official_settlement_is_found_by_its_names_or_not_at_all(con, official):
    """Names of the whole country, as upper case Russian and as Kazakh: no wrong answer, and most are answered."""
    folder = official.folder
    for language, enough in (("ru", 0.98), ("kk", 0.95)):
        con.execute(f"""create or replace temp table places as
            select s.kato as _key, null::text as rca, null::text as kato, null::text as gbd_district_code,
                upper(o.name_{language}) as oblast_name, upper(d.name_{language}) as district_name,
                k.name_{language} as okrug_name, upper(s.name_{language}) as settlement_name
            from '{folder}/kato.parquet' s
            left join '{folder}/kato.parquet' k on k.kato = s.okrug_kato
            join '{folder}/kato.parquet' d on d.kato = s.district_kato
            join '{folder}/kato.parquet' o on o.kato = s.oblast_kato
            where s.is_main_settlement and s.level = 'settlement'""")
        tables = {name: f"'{folder}/{name}.parquet'" for name in ("kato", "crosswalk", "address")}
        tables["former"] = former(con, official)
        answer = bind(
            sql(REPOSITORY / "include" / "sql" / "territory" / "resolve_place.sql"), places="places", **tables
        )
        wrong, right, total = con.execute(f"""select
                count(*) filter (answer.settlement_kato <> answer._key or answer.district_kato <> truth.district_kato
                    or answer.okrug_kato <> truth.okrug_kato),
                count(*) filter (answer.settlement_kato = answer._key), count(*)
            from ({answer}) answer join '{folder}/kato.parquet' truth on truth.kato = answer._key""").fetchall()[0]
        assert wrong == 0
        assert right / total > enough
