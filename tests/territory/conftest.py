"""A small invented territory, the same in shape as the official file, and the official file where it is at hand."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from auyl.settings import from_environment
from auyl.store.duck import connect
from auyl.territory import editions as territory
from tests.reference import reference_file

# Two okrugs of one name in two districts, two villages of one name in two okrugs, a village without an okrug,
# forms of «с.о.», double spaces, a name with Kazakh letters in Russian, a minor point beside a village of its name.
KATO = """\
kato,kato_version,level,type_code,name_ru,name_kk
190000000,TEST 1,oblast,0,Алматинская область,Алматы облысы
191000000,TEST 1,district,3,Қонаев Г.А.,Қонаев Қ.Ә.
191010000,TEST 1,sub_district,1,г.Қонаев,Қонаев қ.
191037000,TEST 1,sub_district,2,Шенгельдинский с.о.,Шеңгелді а.о.
191037100,TEST 1,settlement,2,с.Шенгельды,Шеңгелді а.
194000000,TEST 1,district,4,Енбекшиказахский район,Еңбекшіқазақ ауданы
194033000,TEST 1,sub_district,2,Жамбылский с.о.,Жамбыл а.о.
194033100,TEST 1,settlement,2,с.Кайрат,Қайрат а.
194037000,TEST 1,sub_district,2,с.о. Байдибек  би,Бәйдібек би \xa0а.о.
194037100,TEST 1,settlement,2,с.Байдибек би,Бәйдібек би а.
194037200,TEST 1,settlement,2,с.Кайрат,Қайрат а.
194083000,TEST 1,sub_district,2,Шелекский с.о,Шелек а.о
194083100,TEST 1,settlement,2,с. Шелек ,Шелек а.
194083102,TEST 1,settlement,2,уч.Шелек,Шелек уч.
194083280,TEST 1,settlement,2,с.Аймен,Аймен а.
194083380,TEST 1,settlement,2,рзд.18 км,рзд.18 км
194000200,TEST 1,settlement,2,с.Дальнее,Дальнее а.
194200000,TEST 1,district,2,Жамбылский район,Жамбыл ауданы
194235000,TEST 1,sub_district,2,Жамбылский с.о.,Жамбыл а.о.
194235100,TEST 1,settlement,2,с.Жамбыл,Жамбыл а.
194239000,TEST 1,sub_district,1,Боралдайская п.а.,Боралдай к.ә.
194239100,TEST 1,settlement,1,п.Боралдай,Боралдай к.
310000000,TEST 1,oblast,0,Жамбылская область,Жамбыл облысы
314000000,TEST 1,district,2,Жамбылский район,Жамбыл ауданы
330000000,TEST 1,oblast,0,область Жетісу,Жетісу облысы
331000000,TEST 1,district,3,Талдыкорган Г.А.,Талдықорған Қ.Ә.
331010000,TEST 1,sub_district,1,г.Талдыкорган,Талдықорған қ.
"""

CROSSWALK = """\
ID,CODE,RU_NAME,KZ_NAME,CHANGE_DATE,KATO
1,1907244,ЕНБЕКШИКАЗАХСКИЙ Р-Н,ЕЅБЕКШІЌАЗАЌ АУДАНЫ,2008-03-01 13:21:45,194000000
2,1907240,ЧИЛИКСКИЙ РАЙОН,ШЕЛЕК,2008-03-01 13:21:45,194000000
3,1907208,ЖАМБЫЛСКИЙ РАЙОН,ЖАМБЫЛ АУДАНЫ,2008-03-01 13:21:45,194200000
4,1907401,ТАЛДЫКОРГАН,ТАЛДЫЌОРЄАН,2008-03-01 13:21:45,191010000
5,1907404,КАПЧАГАЙ,ЌАПШАЄАЙ,2008-03-01 13:21:45,191610000
6,1907200,РАЙОНЫ АЛМАТИНСКОЙ ОБЛАСТИ,АЛМАТЫ ОБЛЫСЫНЫЅ АУДАНДАРЫ,2008-03-01 13:21:45,194200000
7,1904365,ИЛЕКСКИЙ,ІЛЕ,2008-03-01 13:21:45,194000000
8,1904201,АЛГИНСКИЙ РАЙОН,АЛЄА АУДАНЫ,2008-03-01 13:21:45,153200000
9,1904202,БАЙГАНИНСКИЙ РАЙОН,БАЙЄАНИН АУДАНЫ,2008-03-01 13:21:45,153600000
10,9999999,ЗАГРАНИЦА,ШЕТЕЛ,2008-03-01 13:21:45,0
"""

ADDRESS = """\
rca,kato
0201300000000001,194083100
0201300000000002,194037200
1201300000000003,999999999
1201300000000004,194083100
1201300000000004,194033100
120130000000000,194083100
1201300000000006,191010000
"""


@pytest.fixture(scope="session")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUYL_HOME", str(tmp_path_factory.mktemp("home")))
        with connect(from_environment()) as connection:
            yield connection


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with kato.csv, crosswalk.csv and address.csv of the invented territory."""
    folder = tmp_path_factory.mktemp("reference")
    for name, text in (("kato", KATO), ("crosswalk", CROSSWALK), ("address", ADDRESS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def invented(con, files, tmp_path_factory) -> territory.TerritorySummary:
    return territory.load(
        files / "kato.csv",
        tmp_path_factory.mktemp("territory"),
        con,
        edition="T1",
        crosswalk_file=files / "crosswalk.csv",
        address_file=files / "address.csv",
    )


@pytest.fixture(scope="session")
def official(con, tmp_path_factory) -> territory.TerritorySummary:
    """The official edition; skips where its files are not at hand."""
    kato = reference_file("kato/kato.csv")
    crosswalk = reference_file("crosswalk/REG_ADDRESS_REGION_KATO.csv")
    return territory.load(kato, tmp_path_factory.mktemp("official"), con, crosswalk_file=crosswalk)
