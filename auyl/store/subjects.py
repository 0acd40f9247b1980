"""The PostgreSQL objects of the coordinators' subjects, made from their descriptions at every migration."""

from __future__ import annotations

from pathlib import Path
from string import Template

from auyl.subjects import Subject, load_subjects


def subjects_sql(include: Path) -> str:
    """Statements that make the tables, policies, views and roles of all subjects; they may be applied repeatedly.

    They need the schema and come last: they complete `access.reader`, from which the roles that exist follow.
    Raises ContractInvalid.
    """
    folder = include / "sql" / "serving" / "templates"
    template = Template((folder / "subject.sql").read_text(encoding="utf-8"))
    statements = [template.substitute(_names(subject)) for subject in load_subjects(include)]
    return "\n".join([*statements, (folder / "roles.sql").read_text(encoding="utf-8")])


def _names(subject: Subject) -> dict[str, str]:
    # All are names that their pattern keeps from being anything else than a name.
    columns = [f"{name} {type_}{' not null' * (type_ == 'integer')}" for name, type_ in subject.columns.items()]
    if subject.by:
        values = ", ".join(f"'{value}'" for value in subject.by.values)
        columns.insert(0, f"{subject.by.column} text not null check ({subject.by.column} in ({values}))")
    added = [f"add column if not exists {name} {type_}" for name, type_ in subject.columns.items()]
    return {
        "subject": subject.id,
        "table": subject.table,
        "columns": ",\n    ".join(columns),
        "added_columns": ", ".join(added),
        "more_key": f", {subject.by.column}" if subject.by else "",
        "readers": ", ".join(f"('{subject.id}', '{role}')" for role in subject.readers),
    }
