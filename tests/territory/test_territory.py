"""The edition of KATO: parents, kinds, main settlements, the counts that the state reports; refusals in plain words."""

import csv
import io
import re
import tempfile
from pathlib import Path

import pytest

from auyl.errors import ExtractRefused
from auyl.territory import editions as territory
from tests.territory.conftest import CROSSWALK, KATO


def rows(con, summary, query):
    for table in ("kato", "crosswalk", "address"):
        query = query.replace(f"${table}", f"'{summary.folder}/{table}.parquet'")
    return con.execute(query).fetchall()


# ---- the official file

DISTRICTS = {  # rural akimats by district
    "194000000": 25,
    "194200000": 24,
    "193600000": 15,
    "196600000": 14,
    "194400000": 12,
    "195800000": 11,
    "195200000": 10,
    "196200000": 10,
    "196800000": 9,
    "191000000": 1,
    "274400000": 22,
    "273200000": 18,
    "274800000": 16,
    "276200000": 15,
    "273600000": 13,
    "275800000": 12,
    "274000000": 9,
    "274200000": 9,
    "276000000": 9,
    "275000000": 8,
    "276600000": 8,
    "275400000": 7,
    "271000000": 4,
}


def test_official_counts_by_level(official):
    assert official.places == {"oblast": 20, "district": 209, "okrug": 2_379, "settlement": 12_986}
    assert official.rural_akimats == 2_287


def test_almaty_oblast_has_131_akimats_and_373_settlements_and_west_kazakhstan_150_akimats(con, official):
    found = rows(
        con,
        official,
        """select oblast_kato,
            count(*) filter (is_rural_akimat), count(*) filter (is_main_settlement)
        from $kato where oblast_kato in ('190000000', '270000000') group by all order by all""",
    )
    assert found[0] == ("190000000", 131, 373)
    assert found[1][:2] == ("270000000", 150)


def test_akimats_of_every_district(con, official):
    found = rows(
        con,
        official,
        """select district_kato, count(*) from $kato
        where is_rural_akimat and oblast_kato in ('190000000', '270000000') group by all""",
    )
    assert dict(found) == DISTRICTS


def test_every_official_place_has_a_parent_and_every_okrug_a_kind(con, official):
    assert rows(
        con,
        official,
        """select count(*) from $kato place
        where (level <> 'oblast' and (parent_kato is null or parent_kato not in (select kato from $kato)))
        or (level <> 'settlement' and kind is null)""",
    ) == [(0,)]
    skipping = """select count(*) from $kato place where level = 'settlement' and okrug_kato is null
        and substring(kato, 5, 2) <> '00'"""
    assert rows(con, official, skipping) == [(20,)]


def test_names_do_not_identify(con, official):
    repeated = """select count(*) from $kato
        where oblast_kato = '190000000' and level = 'okrug' and name_key_ru = 'жамбылский'"""
    assert rows(con, official, repeated) == [(3,)]


def test_official_crosswalk_refuses_what_is_wrong(official):
    refused = {row.code: (row.reason, row.district_kato) for row in official.crosswalk_refused}
    assert refused["1904365"] == ("region", None)
    assert refused["1907401"] == ("reused", "331000000")
    assert refused["1907200"] == ("group", None)
    assert official.crosswalk_codes == 412
    assert official.crosswalk_placed >= 340


def test_official_crosswalk_tells_renamed_districts_and_those_of_2022(con, official):
    found = dict(rows(con, official, "select code, district_kato from $crosswalk"))
    assert found["1907404"] == "191000000"  # Капчагай is Қонаев
    assert found["1926218"] == found["1926236"] == "274400000"  # Зеленовский and Приуральный are Бәйтерек
    assert found["1907203"] == "333200000"  # Аксуский went to Жетісу
    assert found["1907244"] == found["1907240"] == "194000000"  # Чиликский went to Енбекшиказахский
    assert found["9999999"] is None


def test_decoded_letters_agree_with_the_classifier(con, official):
    differ = rows(
        con,
        official,
        """select x.code from $crosswalk x join $kato k on k.kato = x.kato
        where x.refused is null and x.name_key_ru = k.name_key_ru and x.name_key_kk <> k.name_key_kk
        and regexp_matches(x.name_kk, '[ЌЄЅҐЎЇЈЋ]')""",
    )
    assert differ == []


# ---- the invented territory, always at hand


def test_parents_by_truncation(con, invented):
    found = {
        row[0]: row[1:]
        for row in rows(con, invented, "select kato, parent_kato, okrug_kato, district_kato, oblast_kato from $kato")
    }
    assert found["194083100"] == ("194083000", "194083000", "194000000", "190000000")
    assert found["194083000"] == ("194000000", "194083000", "194000000", "190000000")
    assert found["194000200"] == ("194000000", None, "194000000", "190000000")
    assert found["194000000"] == ("190000000", None, "194000000", "190000000")
    assert found["190000000"] == (None, None, None, "190000000")


def test_kinds_akimats_and_main_settlements(con, invented):
    found = rows(
        con,
        invented,
        "select kato, kind, is_rural_akimat, is_main_settlement from $kato where level in ('okrug', 'settlement')",
    )
    assert {row[0]: row[1] for row in found if row[0].endswith("000")} == {
        "191010000": "г.",
        "191037000": "с.о.",
        "194033000": "с.о.",
        "194037000": "с.о.",
        "194083000": "с.о.",
        "194235000": "с.о.",
        "194239000": "п.а.",
        "331010000": "г.",
    }
    assert sorted(row[0] for row in found if row[2]) == [
        "191037000",
        "194033000",
        "194037000",
        "194083000",
        "194235000",
        "194239000",
    ]
    assert sorted(
        row[0] for row in found if row[0].startswith("1940832") or row[0].startswith("1940833") if row[3]
    ) == ["194083280"]
    assert next(row[3] for row in found if row[0] == "191010000")
    assert not next(row[3] for row in found if row[0] == "194083102")


def test_codes_stay_text_and_names_are_cleaned(con, invented):
    assert rows(
        con, invented, "select typeof(kato), name_ru, name_kk, name_key_kk from $kato where kato = '194037000'"
    ) == [("VARCHAR", "с.о. Байдибек би", "Бәйдібек би а.о.", "байдибекби")]
    assert rows(con, invented, "select min(typeof(rca)), min(rca) from $address") == [("VARCHAR", "0201300000000001")]


def test_crosswalk_rules(con, invented):
    found = {
        row[0]: row[1:]
        for row in rows(con, invented, "select code, district_kato, found_by, refused, is_in_edition from $crosswalk")
    }
    assert found["1907244"] == ("194000000", "code", None, True)
    assert found["1907240"] == ("194000000", "code", None, True)
    assert found["1907401"] == ("331000000", "name", "reused", True)
    assert found["1907404"] == ("191000000", "name", None, False)
    assert found["1907200"] == (None, None, "group", True)
    assert found["1904365"] == (None, None, "region", True)
    assert found["1904201"] == (None, None, None, False)
    assert found["9999999"] == (None, None, None, False)
    assert rows(con, invented, "select name_kk from $crosswalk where code = '1907244'") == [("ЕҢБЕКШІҚАЗАҚ АУДАНЫ",)]


def test_addresses_outside_the_edition_or_in_two_places_are_left_out(con, invented):
    found = rows(con, invented, "select rca, settlement_kato, okrug_kato, district_kato from $address order by rca")
    assert found == [
        ("0201300000000001", "194083100", "194083000", "194000000"),
        ("0201300000000002", "194037200", "194037000", "194000000"),
        ("1201300000000006", "191010000", "191010000", "191000000"),
    ]
    assert (invented.addresses, invented.addresses_not_in_edition) == (3, 4)


def test_a_code_means_another_place_in_another_edition(con, tmp_path):
    """191000000 was Талдыкорган until 2022 and is Қонаев now."""
    older = tmp_path / "older.csv"
    older.write_text(
        "kato,kato_version,level,type_code,name_ru,name_kk\n"
        "190000000,OLD,oblast,0,Алматинская область,Алматы облысы\n"
        "191000000,OLD,district,3,Талдыкорган Г.А.,Талдықорған Қ.Ә.\n"
        "191600000,OLD,district,3,Капшагай Г.А.,Қапшағай Қ.Ә.\n",
        encoding="utf-8",
    )
    newer = tmp_path / "newer.csv"
    newer.write_text(KATO, encoding="utf-8")
    target = tmp_path / "territory"
    territory.load(older, target, con, edition="2021")
    territory.load(newer, target, con, edition="2026")
    both = con.execute(
        f"select edition, name_ru from '{target}/*/kato.parquet' where kato = '191000000' order by edition"
    ).fetchall()
    assert both == [("2021", "Талдыкорган Г.А."), ("2026", "Қонаев Г.А.")]
    keys = con.execute(f"select count(*), count(distinct (kato, edition)) from '{target}/*/kato.parquet'").fetchall()
    assert keys[0][0] == keys[0][1]


def test_a_second_load_writes_the_same_bytes(con, files, tmp_path):
    def load(folder):
        return territory.load(
            files / "kato.csv",
            folder,
            con,
            edition="T1",
            crosswalk_file=files / "crosswalk.csv",
            address_file=files / "address.csv",
        ).sha256

    assert load(tmp_path / "a") == load(tmp_path / "b") == load(tmp_path / "a")


def test_byte_order_mark_and_semicolons_are_taken(con, files, tmp_path, invented):
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(csv.reader(io.StringIO(KATO)))
    path = tmp_path / "kato.csv"
    path.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    assert territory.load(path, tmp_path, con, edition="T1").sha256["kato"] == invented.sha256["kato"]


def test_the_edition_is_named_by_version_and_date_or_digest(files, tmp_path):
    path = tmp_path / "kato.csv"
    path.write_text(KATO, encoding="utf-8")
    assert re.fullmatch(r"TEST-1_[0-9a-f]{8}", territory.edition_of(path))
    path.with_suffix(".source.json").write_text('{"actualised_at": "2026-07-17"}', encoding="utf-8")
    assert territory.edition_of(path) == "TEST-1_2026-07-17"


def changed(text: str, was: str, now: str) -> bytes:
    assert was in text
    return text.replace(was, now, 1).encode()


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (b"", None, None, ["empty file"]),
        (KATO.splitlines()[0].encode(), None, None, ["header only"]),
        (changed(KATO, "kato,kato_version", "kat,kato_version"), 1, "kato", ["column «kato»", "nearest is «kat»"]),
        (changed(KATO, "194083100,", "19408310,"), 14, "kato", ["9 digits", "«19408310»"]),
        (changed(KATO, "194083100,", "194083100.0,"), 14, "kato", ["9 digits", "«194083100.0»"]),
        (changed(KATO, "194083280,", "194083100,"), 16, "kato", ["once", "also in line 14"]),
        (changed(KATO, "settlement", "village"), 6, "level", ["sub_district", "«village»"]),
        (changed(KATO, "330000000,TEST 1,oblast,0,область Жетісу,Жетісу облысы\n", ""), 26, "kato", ["parent"]),
        (changed(KATO, "с.Дальнее,Дальнее а.", "с.Дальнее"), 18, None, ["6 fields", "5 fields"]),
        (
            changed(KATO, "331010000,TEST 1", "331010000,TEST 2"),
            None,
            "kato_version",
            ["one kato_version", "TEST 1, TEST 2"],
        ),
        (
            KATO.replace("қ", "?").translate(str.maketrans("ҚҒҢӨҰҮӘҺғңөұүәһ\xa0", "К" * 16)).encode("cp1251"),
            2,
            None,
            ["UTF-8", "cp1251"],
        ),
    ],
)
def test_a_wrong_kato_file_is_refused_whole_with_its_place(con, tmp_path, content, line, column, words):
    path = tmp_path / "kato.csv"
    path.write_bytes(content)
    with pytest.raises(ExtractRefused) as refusal:
        territory.load(path, tmp_path / "out", con)
    assert (refusal.value.file, refusal.value.line, refusal.value.column) == ("kato.csv", line, column)
    for word in words:
        assert word in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_wrong_crosswalk_is_refused_and_nothing_is_written(con, files, tmp_path):
    path = tmp_path / "crosswalk.csv"
    path.write_bytes(changed(CROSSWALK, "1907240", "190724O"))
    with pytest.raises(ExtractRefused, match=r"crosswalk.csv, line 3, column «CODE».*7 digits"):
        territory.load(files / "kato.csv", tmp_path / "out", con, crosswalk_file=path)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_refused_in_plain_words(con, tmp_path):
    with pytest.raises(ExtractRefused, match="a readable file"):
        territory.load(tmp_path / "absent.csv", tmp_path / "out", con)


@pytest.mark.parametrize("edition", ["../2026", "a/b", "", "x" * 80])
def test_an_edition_that_is_no_folder_name_is_refused(con, files, edition):
    with tempfile.TemporaryDirectory() as folder:
        if not edition:
            assert territory.load(files / "kato.csv", folder, con, edition=edition).edition.startswith("TEST-1_")
            return
        with pytest.raises(ExtractRefused, match="edition"):
            territory.load(files / "kato.csv", Path(folder), con, edition=edition)
