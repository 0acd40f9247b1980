"""The tables that all registries share: places, households, persons with valid ИИН, organisations, plots, animals.

`build` makes the tables `kato`, `place`, `household`, `address`, `person`, `organisation`, `parcel`, the views
`keeper`, `herd`, `animal` and `pet`, and the names. The SQL of every registry selects from these, so that extracts
agree with each other.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lab.synthetic import names
from lab.synthetic.engine import sql
from lab.synthetic.territory import Territory


def build(con: duckdb.DuckDBPyConnection, territory: Territory) -> None:
    """Make the tables for the month and seed of the connection."""
    _table(con, "kato", [dict(row) for row in territory.kato])
    _places(con, territory)
    _names(con)
    con.execute(sql("household"))
    con.execute(sql("person"))
    con.execute(sql("organisation"))
    con.execute(sql("parcel"))
    con.execute(sql("herd"))
    con.execute(sql("animal"))
    con.execute(sql("pet"))


def _places(con: duckdb.DuckDBPyConnection, territory: Territory) -> None:
    cumulative = 0.0
    rows = []
    district = {d.kato: d for d in territory.districts}
    for number, place in enumerate(territory.places):
        d = district[place.district_kato]
        rows.append(
            {
                "place_id": number,
                "cumulative": cumulative,
                "settlement_kato": place.kato,
                "okrug_kato": place.okrug_kato,
                "district_kato": place.district_kato,
                "settlement_ru": place.name_ru,
                "settlement_kk": place.name_kk,
                "okrug_ru": place.okrug_ru,
                "district_ru": place.district_ru,
                "gbd_code": d.gbd_code,
                "gbd_old_code": d.gbd_abolished[0][0] if d.gbd_abolished else None,
                "is_rural": place.is_rural,
                "remoteness_min": place.remoteness_min,
            }
        )
        cumulative += place.weight
    _table(con, "place", rows)
    con.execute("set variable other_gbd = (select list(gbd_code order by place_id) from place)")
    con.execute("set variable other_city = (select list('С. ' || upper(settlement_ru) order by place_id) from place)")


def _names(con: duckdb.DuckDBPyConnection) -> None:
    given = [{"name_group": g, "sex": s, "idx": i, "name": n} for g, s, i, n in names.given_rows()]
    surnames = [{"name_group": g, "idx": i, "man": m, "woman": w} for g, i, m, w in names.surname_rows()]
    fathers = [
        {"name_group": g, "idx": i, "son_ru": a, "daughter_ru": b, "son_kk": c, "daughter_kk": d}
        for g, i, a, b, c, d in names.patronymic_rows()
    ]
    for name, rows in (("name_given", given), ("name_surname", surnames), ("name_patronymic", fathers)):
        _table(con, name, rows)
    # Lists by name group, and for given names by group and sex.
    con.execute("""
        set variable given_total = (
            select list(total order by name_group, sex)
            from (select name_group, sex, count(*) as total from name_given group by all)
        )
    """)
    con.execute("""
        set variable surname_total = (
            select list(total order by name_group)
            from (select name_group, count(*) as total from name_surname group by all)
        )
    """)


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, object]]) -> None:
    con.register("incoming", pa.Table.from_pylist(rows))
    con.execute(f"create or replace table {name} as select * from incoming")
    con.unregister("incoming")
