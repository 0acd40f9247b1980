"""Indexes that the columns of the policies lead."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Put the columns by which row-level security decides in front of every index of its tables.

    A plan counts the rows that an index found and the policy removed; where the policy's column is part of the search
    there are none. The tables of subjects are converted by include/sql/serving/templates/subject.sql.
    """
    keys = {
        "snapshot_value": ["kato", "period", "revision", "indicator_id"],
        "contradiction": ["owner_registry", "period", "type_id", "subject_kind", "subject_key"],
    }
    for table, columns in keys.items():
        op.drop_constraint(f"{table}_pkey", table, schema="serving")
        op.create_primary_key(f"{table}_pkey", table, columns, schema="serving")
    op.drop_index("snapshot_value_kato_idx", "snapshot_value", schema="serving")
    op.drop_index("contradiction_subject", "contradiction", schema="serving")
    op.create_index(
        "contradiction_subject",
        "contradiction",
        ["owner_registry", "type_id", "subject_kind", "subject_key", "period"],
        schema="serving",
    )
    op.drop_index("quality_key", "quality", schema="serving")
    op.create_index(
        "quality_key",
        "quality",
        ["kato", "registry", "period", "level"],
        unique=True,
        schema="serving",
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("quality_registry", "quality", ["registry", "kato", "period", "level"], schema="serving")
