"""The foreign noise shares nothing with our own, and its kinds do what they say."""

import ast
from pathlib import Path

import duckdb
import pytest

from lab.synthetic import foreign_noise, foreign_spelling
from lab.synthetic.foreign_noise import WEIGHTS
from lab.synthetic.keyless import NOISE, Laboratory

SEED = 61


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return foreign_noise.make(tmp_path_factory.mktemp("foreign"), 20_000, SEED)


def rows(laboratory: Laboratory, kind: str) -> list[dict]:
    """Records whose only fault is this kind, with the person beside each."""
    with duckdb.connect() as con:
        result = con.execute(
            f"select r.*, k.surname as was_surname, k.given_name as was_given_name, k.patronymic as was_patronymic, "
            f"k.birth_date as was_birth_date from '{laboratory.keyless}' as r inner join '{laboratory.known}' as k "
            "on r.person = k.person where r.kinds = ?",
            [kind],
        )
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_it_imports_only_the_form_of_the_files_from_the_other_noise() -> None:
    taken = set()
    for module in (foreign_noise, foreign_spelling):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and "keyless" in (node.module or ""):
                taken |= {alias.name for alias in node.names}
    assert taken == {"Laboratory"}
    assert not set(WEIGHTS) & set(NOISE)


def test_the_same_arguments_give_the_same_records(tmp_path: Path, foreign: Laboratory) -> None:
    again = foreign_noise.make(tmp_path, 20_000, SEED)
    with duckdb.connect() as con:
        first, second = (con.execute(f"from '{one.keyless}'").fetchall() for one in (foreign, again))
    assert first == second and len(first) > 1_500


def test_training_meets_half_of_the_variants(tmp_path: Path) -> None:
    seen = foreign_noise.make(tmp_path, 20_000, SEED, variants="even")
    for row in rows(seen, "initials"):
        assert row["surname"] in (row["was_surname"], row["was_surname"].upper())


def test_faults_are_what_their_kind_says(foreign: Laboratory) -> None:
    assert rows(foreign, "one_field") and rows(foreign, "new_year") and rows(foreign, "year_digit")
    for row in rows(foreign, "one_field"):
        filled = [row[name] for name in ("surname", "given_name", "patronymic") if row[name]]
        assert len(filled) == 1 and row["was_given_name"].lower() in filled[0].lower()
    for row in rows(foreign, "new_year"):
        was, day = row["was_birth_date"], row["birth_date"]
        assert (day.year, day.month, day.day) == (was.year, 1, 1)
    for row in rows(foreign, "year_digit"):
        was, day = f"{row['was_birth_date']:%Y%m%d}", f"{row['birth_date']:%Y%m%d}"
        assert sum(a != b for a, b in zip(was, day, strict=True)) == 1 and was[4:] == day[4:]
    for row in rows(foreign, "latin"):
        assert not any("а" <= letter <= "я" for letter in row["surname"].lower())
