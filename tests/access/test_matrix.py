"""Every object of the database has a decision: who may do what with it stands in matrix.txt, or the test is red."""

import difflib
from pathlib import Path

import pytest
from psycopg2.extensions import connection

from auyl import access
from auyl.settings import from_environment

DECIDED = Path(__file__).with_name("matrix.txt")


def lines(conn: connection) -> list[str]:
    return [str(line) for line in access.matrix(conn, from_environment().include)]


def test_who_may_do_what_is_as_decided(owner: connection) -> None:
    decided = DECIDED.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.unified_diff(decided, lines(owner), "matrix.txt", "the database", lineterm="", n=0))
    assert not changed, "decide, then write `auyl access matrix` to tests/access/matrix.txt:\n" + "\n".join(changed)


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("create table serving.new (a int)", "table | serving.new | -"),
        (
            "create function serving.f() returns int language sql as 'select 1'",
            "function | serving.f() | -",
        ),
        ("create materialized view serving.m as select 1 as a", "materialised view | serving.m | -"),
        ("create view serving.v as select 1 as a", "view | serving.v | -"),
        (
            "create schema another; grant usage on schema another to auyl_reader",
            "schema | another | auyl_reader: usage",
        ),
        (
            "grant select (surname) on vault.person to auyl_reader",
            "column | vault.person.surname | auyl_reader: select",
        ),
        ("select lo_create(424242)", "large object | 424242 | -"),
        ("alter role auyl_portal bypassrls", "bypasses row-level security"),
        (
            "alter default privileges in schema serving grant select on tables to auyl_reader",
            "default | tables of serving | auyl_reader: select",
        ),
    ],
)
def test_a_change_of_rights_is_a_change_of_the_matrix(owner: connection, statement: str, shown: str) -> None:
    before = lines(owner)
    with owner.cursor() as cursor:
        cursor.execute(statement)
        new = [line for line in lines(owner) if line not in before]
    owner.rollback()
    assert [line for line in new if shown in line], new
