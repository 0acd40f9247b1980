"""Numbers that are a lower bound or rest on a part of the rows, and how many rows they may lack."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
FLAGS = ("ok", "at_least", "partial", "estimated", "suppressed", "missing")


def upgrade() -> None:
    """Add the flags, and the rows of an okrug and its district, and of no place, that no okrug counts."""
    op.add_column("snapshot_value", sa.Column("rows_near", sa.BigInteger), schema="serving")
    op.add_column("snapshot_value", sa.Column("rows_elsewhere", sa.BigInteger), schema="serving")
    op.drop_constraint("snapshot_value_flag_check", "snapshot_value", schema="serving")
    known = ", ".join(f"'{flag}'" for flag in FLAGS)
    op.create_check_constraint("snapshot_value_flag_check", "snapshot_value", f"flag in ({known})", schema="serving")
