"""Records without a person number, and which person each is about: data to train and evaluate linkage on.

A registry without the number still has a name, a birth date and a place, each with its own spelling. Every kind of
noise seen in real exports is drawn independently, so one record may have several.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.synthetic import people as population_of
from lab.synthetic import territory
from lab.synthetic.engine import Month, connect, sql

# Shares of records: assumptions, higher than in real exports.
NOISE = {
    "russian_spelling": 0.15,
    "patronymic_form": 0.15,
    "patronymic_missing": 0.12,
    "upper_case": 0.3,
    "spaces": 0.05,
    "legacy_letters": 0.05,
    "homoglyph": 0.05,
    "lost_letters": 0.05,
    "married_name": 0.06,
    "typo_surname": 0.07,
    "typo_given_name": 0.07,
    "names_swapped": 0.03,
    "day_month_swapped": 0.03,
    "birth_year_mistyped": 0.02,
    "birth_day_mistyped": 0.02,
    "birth_date_missing": 0.02,
    "sex_missing": 0.1,
    "moved": 0.05,
    "place_missing": 0.1,
}
# Added to the seed: people of another oblast, with names from the same lists.
OTHER_SEED = 1_000_003


@dataclass(frozen=True)
class Laboratory:
    """Two Parquet files: persons known by number, and records without a number.

    known: person (ИИН), surname, given_name, patronymic, birth_date, sex, settlement_kato, district_kato.
    keyless: record, the same columns, and kinds (of noise, separated by blanks); person is null for a stranger.
    """

    known: Path
    keyless: Path


def make(
    folder: Path,
    people: int,
    seed: int,
    share: float = 0.1,
    strangers: float = 0.1,
    noise: Mapping[str, float] | None = None,
    period: str = "2026-10",
) -> Laboratory:
    """Write the records of an oblast of `people` persons below `folder`; the same arguments give the same rows.

    `share` of the living persons get a record without a number; `strangers`, relative to that, are records of people
    who are not among the persons. `noise` replaces rates of NOISE by kind. Raises ValueError for an unknown kind.
    """
    rates = {**NOISE, **(noise or {})}
    if unknown := sorted(set(rates) - set(NOISE)):
        raise ValueError(f"unknown kinds of noise: {', '.join(unknown)}; known are {', '.join(NOISE)}")
    folder.mkdir(parents=True, exist_ok=True)
    known, keyless = folder / "known.parquet", folder / "keyless.parquet"
    month = Month(period)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        land = territory.make(Path(work) / "reference", None, seed)
        others = Path(work) / "stranger.parquet"
        with contextlib.closing(connect(month, people, seed + OTHER_SEED, Path(work))) as con:
            population_of.build(con, land)
            con.execute(f"copy (from person where u(i, 'is keyless') < {share * strangers}) to '{others}'")
        with contextlib.closing(connect(month, people, seed, Path(work))) as con:
            population_of.build(con, land)
            con.execute(f"create table stranger as from '{others}'")
            con.execute(f"set variable share = {share}")
            con.execute("create table noise (kind varchar, rate double)")
            con.executemany("insert into noise values (?, ?)", sorted(rates.items()))
            con.execute(sql("keyless"))
            con.execute(
                f"copy (select p.iin as person, p.surname, p.name as given_name, p.patronymic, p.birth_date, "
                f"case when p.sex = 1 then 'm' else 'f' end as sex, h.settlement_kato, h.district_kato "
                f"from person as p inner join place as h on p.place_id = h.place_id order by p.i) to '{known}'"
            )
            con.execute(f"copy keyless to '{keyless}'")
    return Laboratory(known, keyless)
