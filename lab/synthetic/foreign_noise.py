"""A second source of noise for records without a person number, written apart from `lab.synthetic.keyless`.

It shares the people with the first and nothing else: not its kinds, rates, spellings or draws. It was written from how
names are spelled and typed in Kazakhstan, not from what the normaliser corrects. A model trained on one is measured on
the other, because noise and normaliser by the same hand flatter each other.

A clerk's record has one to three faults, or none; which ones is drawn by weight, so faults come together in ways that
independent rates hardly ever give. Each kind has several variants. Training may see those with an even index only
(`variants="even"`), so that half of the spellings are met for the first time when linkage is measured.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from lab.synthetic import people as population_of
from lab.synthetic import territory
from lab.synthetic.engine import Month, connect
from lab.synthetic.foreign_spelling import COLLOQUIAL, LATIN, RUSSIFIED, colloquial, keyboard_slip, respell
from lab.synthetic.keyless import Laboratory

Variants = Literal["even", "all"]
T = TypeVar("T")
# Shares of records with 0, 1, 2 and 3 faults.
FAULTS = (0.4, 0.42, 0.14, 0.04)
# How often one fault of a kind comes for one fault of another.
WEIGHTS = {
    "one_field": 5,
    "initials": 4,
    "shifted": 3,
    "given_first": 4,
    "new_year": 4,
    "year_digit": 4,
    "day_digit": 3,
    "day_month": 2,
    "no_birth_date": 3,
    "double_surname": 5,
    "new_surname": 3,
    "colloquial": 14,
    "russified": 14,
    "latin": 8,
    "one_typo": 9,
    "two_typos": 6,
    "no_patronymic": 8,
    "punctuation": 8,
    "no_place": 10,
    "district_only": 4,
    "another_place": 4,
    "no_sex": 10,
    "names_only": 1,
}


@dataclass
class _Record:
    """A clerk's record: three columns of a name, and the evidence beside it."""

    names: list[str]
    birth_date: date | None
    sex: str | None
    settlement: str | None
    district: str | None


@dataclass(frozen=True)
class _Office:
    """What a fault draws from: chance, the variants in use, and other people's surnames and places."""

    random: Random
    variants: Variants
    surnames: dict[str, list[str]]
    places: Sequence[tuple[str, str]]

    def pick(self, choices: Sequence[T]) -> T:
        """One of the variants in use."""
        return self.random.choice(choices[::2] if self.variants == "even" else choices)

    def other_surname(self, sex: str | None) -> str:
        """The surname of somebody else of this sex."""
        return self.random.choice(self.surnames[sex or "m"])


_Fault = Callable[[_Record, _Office], None]


def make(
    folder: Path,
    people: int,
    seed: int,
    share: float = 0.1,
    strangers: float = 0.1,
    variants: Variants = "all",
    period: str = "2026-10",
) -> Laboratory:
    """Write the persons of an oblast and records of some of them below `folder`; the same arguments, the same rows.

    `share` of the living get a record; `strangers`, relative to that, are people whom no registry here knows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known, keyless = folder / "known.parquet", folder / "keyless.parquet"
    chance = Random(f"records of {seed}")  # noqa: S311
    with tempfile.TemporaryDirectory(dir=folder) as work:
        land = territory.make(Path(work) / "reference", None, seed)
        everybody = _people(Path(work), land, people, seed, Month(period), known)
        elsewhere = _people(Path(work), land, max(1000, people // 10), seed + 7_368_787, Month(period), None)
    surnames = {sex: sorted({row[1] for row in elsewhere if row[5] == sex}) for sex in ("m", "f")}
    office = _Office(chance, variants, surnames, sorted({(row[6], row[7]) for row in elsewhere}))
    about = [(row, row[0]) for row in everybody if chance.random() < share]
    about += [(row, None) for row in chance.sample(elsewhere, min(len(elsewhere), int(len(about) * strangers)))]
    chance.shuffle(about)
    rows = [_written(number, row, person, office) for number, (row, person) in enumerate(about, 1)]
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), keyless)
    return Laboratory(known, keyless)


_SCHEMA = pa.schema(
    [
        ("record", pa.int64()),
        ("person", pa.string()),
        ("kinds", pa.string()),
        ("surname", pa.string()),
        ("given_name", pa.string()),
        ("patronymic", pa.string()),
        ("birth_date", pa.date32()),
        ("sex", pa.string()),
        ("settlement_kato", pa.string()),
        ("district_kato", pa.string()),
    ]
)
_PERSON = (
    "p.iin, p.surname, p.name as given_name, p.patronymic, p.birth_date, "
    "case when p.sex = 1 then 'm' else 'f' end as sex, h.settlement_kato"
)


def _people(
    work: Path, land: territory.Territory, people: int, seed: int, month: Month, known: Path | None
) -> list[tuple[Any, ...]]:
    """The living of an oblast: iin, three names, birth date, sex, settlement, district.

    Everybody, the dead included, is written to `known`.
    """
    with contextlib.closing(connect(month, people, seed, work)) as con:
        population_of.build(con, land)
        relation = "from person as p inner join place as h on p.place_id = h.place_id"
        if known is not None:
            persons = _PERSON.replace("p.iin", "p.iin as person")
            con.execute(f"copy (select {persons}, h.district_kato {relation} order by p.i) to '{known}'")
        return con.execute(f"select {_PERSON}, h.district_kato {relation} where not p.is_dead order by p.i").fetchall()


def _written(number: int, row: tuple[Any, ...], person: str | None, office: _Office) -> dict[str, Any]:
    """The record that a clerk writes about somebody, with the kinds of its faults."""
    _, surname, given_name, patronymic, birth_date, sex, settlement, district = row
    record = _Record([surname, given_name, patronymic or ""], birth_date, sex, settlement, district)
    count = office.random.choices(range(len(FAULTS)), FAULTS)[0]
    drawn: list[str] = []
    while len(drawn) < count:
        (kind,) = office.random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if kind not in drawn:
            drawn.append(kind)
    # Spelling and slips first, then the columns that names end up in.
    for kind in sorted(drawn, key=_ORDER.index):
        _FAULTS[kind](record, office)
    if office.random.random() < 0.25:
        record.names = [name.upper() for name in record.names]
    names = [name if name.strip() else None for name in record.names]
    return {
        "record": number,
        "person": person,
        "kinds": " ".join(sorted(drawn)),
        "surname": names[0],
        "given_name": names[1],
        "patronymic": names[2],
        "birth_date": record.birth_date,
        "sex": record.sex,
        "settlement_kato": record.settlement,
        "district_kato": record.district,
    }


def _one_field(record: _Record, office: _Office) -> None:
    surname, given, patronymic = record.names
    whole = office.pick(
        [
            f"{surname} {given} {patronymic}",
            f"{given} {patronymic} {surname}",
            f"{surname}, {given} {patronymic}",
            f"{surname.upper()} {given} {patronymic}",
            f"{surname}  {given}  {patronymic} ",
        ]
    )
    record.names = office.random.choice([[whole, "", ""], [whole, "", ""], ["", whole, ""]])


def _initials(record: _Record, office: _Office) -> None:
    surname, given, patronymic = record.names
    g, p = given[:1], patronymic[:1]
    dot = f"{p}." if p else ""
    record.names = list(
        office.pick(
            [
                (surname, f"{g}.", dot),
                (f"{surname} {g}.{dot}", "", ""),
                (surname, f"{g}.{dot}", ""),
                (surname, g, p),
                (surname, f"{g}. {dot}", ""),
                (f"{g}.{dot} {surname}", "", ""),
                (surname, given, dot),
            ]
        )
    )


def _shifted(record: _Record, office: _Office) -> None:
    surname, given, patronymic = record.names
    record.names = list(
        office.pick(
            [
                (f"{surname} {given}", patronymic, ""),
                (surname, "", f"{given} {patronymic}"),
                ("", surname, f"{given} {patronymic}"),
                (patronymic, surname, given),
                (surname, f"{given} {patronymic}", ""),
                (given, patronymic, surname),
                (surname, patronymic, given),
                ("", surname, given),
            ]
        )
    )


def _given_first(record: _Record, office: _Office) -> None:
    surname, given, patronymic = record.names
    record.names = [given, surname, patronymic]


def _new_year(record: _Record, office: _Office) -> None:
    if record.birth_date:
        record.birth_date = date(record.birth_date.year, 1, 1)


def _moved_date(record: _Record, office: _Office, positions: Sequence[int]) -> None:
    """One digit of the date, at one of these positions of yyyymmdd, is another, so that the day exists and is past."""
    if not record.birth_date:
        return
    digits = f"{record.birth_date:%Y%m%d}"
    for _ in range(30):
        at = office.random.choice(positions)
        changed = digits[:at] + str(office.random.randrange(10)) + digits[at + 1 :]
        with contextlib.suppress(ValueError):
            day = date(int(changed[:4]), int(changed[4:6]), int(changed[6:]))
            if changed != digits and 1920 <= day.year <= 2026:
                record.birth_date = day
                return


def _day_month(record: _Record, office: _Office) -> None:
    day = record.birth_date
    if day and day.day <= 12:
        record.birth_date = date(day.year, day.day, day.month)


def _double_surname(record: _Record, office: _Office) -> None:
    names, other = record.names, office.other_surname(record.sex)
    both = office.pick([f"{names[0]}-{other}", f"{other} - {names[0]}", f"{other}-{names[0]}", f"{names[0]} {other}"])
    record.names = [both, *names[1:]]


def _new_surname(record: _Record, office: _Office) -> None:
    if record.sex == "f":
        record.names[0] = office.other_surname("f")


def _colloquial(record: _Record, office: _Office) -> None:
    pairs = list(COLLOQUIAL[::2] if office.variants == "even" else COLLOQUIAL)
    office.random.shuffle(pairs)
    changes = office.random.choice([1, 1, 2])
    for pair in pairs:
        for at in office.random.sample(range(3), 3):
            changed = colloquial(record.names[at], pair, office.random)
            if changed != record.names[at]:
                record.names[at] = changed
                changes -= 1
                break
        if not changes:
            return


def _respelled(alphabets: Sequence[dict[str, str]]) -> _Fault:
    def fault(record: _Record, office: _Office) -> None:
        letters = office.pick(alphabets)
        record.names = [respell(name, letters) for name in record.names]

    return fault


def _typos(count: int) -> _Fault:
    def fault(record: _Record, office: _Office) -> None:
        for _ in range(count):
            at = office.random.choice((0, 0, 1, 1, 2))
            record.names[at] = keyboard_slip(record.names[at], office.random)

    return fault


def _no_patronymic(record: _Record, office: _Office) -> None:
    record.names[2] = office.pick(["", "", "-", "нет"])


def _punctuation(record: _Record, office: _Office) -> None:
    shape = office.pick(["{}.", " {}", "«{}»", "{},", "{}\u00a0", "{} (уточнить)", "'{}"])
    at = office.random.randrange(3)
    if record.names[at]:
        record.names[at] = shape.format(record.names[at])


def _another_place(record: _Record, office: _Office) -> None:
    record.settlement, record.district = office.random.choice(office.places)


def _blank(*attributes: str) -> _Fault:
    def fault(record: _Record, office: _Office) -> None:
        for attribute in attributes:
            setattr(record, attribute, None)

    return fault


_FAULTS: dict[str, _Fault] = {
    "colloquial": _colloquial,
    "russified": _respelled(RUSSIFIED),
    "new_surname": _new_surname,
    "double_surname": _double_surname,
    "one_typo": _typos(1),
    "two_typos": _typos(2),
    "latin": _respelled(LATIN),
    "no_patronymic": _no_patronymic,
    "punctuation": _punctuation,
    "given_first": _given_first,
    "shifted": _shifted,
    "initials": _initials,
    "one_field": _one_field,
    "new_year": _new_year,
    "year_digit": lambda record, office: _moved_date(record, office, (1, 2, 3)),
    "day_digit": lambda record, office: _moved_date(record, office, (4, 5, 6, 7)),
    "day_month": _day_month,
    "no_birth_date": _blank("birth_date"),
    "no_place": _blank("settlement", "district"),
    "district_only": _blank("settlement"),
    "another_place": _another_place,
    "no_sex": _blank("sex"),
    "names_only": _blank("birth_date", "sex", "settlement", "district"),
}
_ORDER = list(_FAULTS)
