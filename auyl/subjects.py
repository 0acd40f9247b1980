"""Subjects: the tables by settlement that coordinators read, one description each in `include/subjects`.

Adding a subject is adding its description, the SQL of its rows `include/sql/subjects/<subject>_by_settlement.sql`, and
the core tables that it rests on if they do not exist. `auyl migrate` makes the table `serving.<subject>_by_settlement`,
its row-level policy, the view `serving.<subject>_current` and the role; the portal shows it at `/<subject>`.

    subject   its id; `position` orders the subjects, `name` is the title of the page
    readers   roles that read it: `<subject>_coordinator` and roles of STAFF
    columns   name: integer (a count, never missing) or numeric (shown with one decimal, may be missing)
    by        a further key beside the settlement: its column, names of its values, and the count that is shown for each
    page      what stands in a row: the headline by which rows are ordered, and lines of text with columns in braces
"""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from auyl.descriptions import Description, read
from auyl.errors import ContractInvalid
from auyl.languages import Texts

# Roles that every oblast has, in access.reader; a subject adds the role of its coordinator.
STAFF = ("akim", "district_staff", "oblast_staff", "auditor")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


def _columns_in(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


class SubjectKey(Description):
    """A further key of the table."""

    column: Name
    counted: Name
    values: dict[Name, Texts]


class Headline(Description):
    """The figure by which rows are ordered: `part`, as a number or as its share of `whole`."""

    names: Texts = Field(alias="name")
    shown: Literal["number", "share"]
    part: Name
    whole: Name
    worst: Literal["lowest", "highest"]


class SubjectLine(Description):
    """A line below a row. It is left out where one of its columns is missing, and red where `alarm` is above zero.

    `level`: a line for settlements is left out of the rows of districts.
    """

    names: Texts | None = Field(None, alias="name")
    text: Texts
    alarm: Name | None = None
    level: Literal["all", "settlement"] = "all"

    @property
    def columns(self) -> set[str]:
        """Columns in braces."""
        return set().union(*map(_columns_in, self.text.values()))

    @model_validator(mode="after")
    def _languages_name_the_same_columns(self) -> SubjectLine:
        if any(_columns_in(text) != self.columns for text in self.text.values()):
            raise ValueError("expected the same columns in the text of every language")
        return self


class SubjectPage(Description):
    """The page. `ties`: of rows with equal headlines, the one with the highest value of this column comes first."""

    note: Texts
    headline: Headline
    ties: Name | None = None
    lines: tuple[SubjectLine, ...] = ()


class Subject(Description):
    """A subject, see the module."""

    id: Name = Field(alias="subject")
    position: int
    names: Texts = Field(alias="name")
    readers: tuple[Name, ...] = Field(min_length=1)
    columns: dict[Name, Literal["integer", "numeric"]] = Field(min_length=1)
    by: SubjectKey | None = None
    page: SubjectPage

    @property
    def table(self) -> str:
        """Its table in `serving`, and the name of the file with the SQL of its rows."""
        return f"{self.id}_by_settlement"

    def decimals(self, column: str) -> int:
        """Decimals with which a column is shown."""
        return 0 if self.columns[column] == "integer" else 1

    @property
    def all_columns(self) -> list[str]:
        """Columns of the rows that are published, without period and revision."""
        key = [self.by.column] if self.by else []
        return ["okrug_kato", "settlement_kato", "settlement_ru", "settlement_kk", *key, *self.columns]

    @model_validator(mode="after")
    def _readers_are_its_coordinator_and_staff(self) -> Subject:
        if unknown := sorted(set(self.readers) - {f"{self.id}_coordinator", *STAFF}):
            raise ValueError(f"readers: expected {self.id}_coordinator, {', '.join(STAFF)}; found {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _the_page_shows_columns_that_exist(self) -> Subject:
        page = self.page
        shown = {page.headline.part, page.headline.whole}.union(*(line.columns for line in page.lines))
        shown |= {name for name in (page.ties, *(line.alarm for line in page.lines)) if name}
        shown |= {self.by.counted} if self.by else set()
        if unknown := sorted(shown - set(self.columns)):
            raise ValueError(f"the page shows columns that the table does not have: {', '.join(unknown)}")
        return self


def load_subjects(include: Path) -> tuple[Subject, ...]:
    """All subjects in order. Raises ContractInvalid with the file and the field that is wrong."""
    subjects = [load_subject(path, include) for path in subject_files(include)]
    return tuple(sorted(subjects, key=lambda subject: subject.position))


def subject_files(include: Path) -> list[Path]:
    """The descriptions of all subjects, sorted by name."""
    return sorted((include / "subjects").glob("*.yaml"))


def load_subject(path: Path, include: Path) -> Subject:
    """The subject in a file. Raises ContractInvalid with the file and the field that is wrong."""
    subject = read(path, Subject)
    rows = include / "sql" / "subjects" / f"{subject.table}.sql"
    if subject.id != path.stem or not rows.is_file():
        raise ContractInvalid(f"{path.name}: expected the subject {path.stem} and its rows in {rows.name}")
    return subject
