"""Values of settlements, districts and the oblast beside those of okrugs, their intervals, and what an indicator is."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

LEVELS = ("settlement", "okrug", "okrug_rest", "district", "district_rest", "oblast", "oblast_rest")


def upgrade() -> None:
    """Give a value the level of its place and its 95 % interval, and an indicator its kind, window, needs and class."""
    op.add_column(
        "snapshot_value",
        sa.Column("level", sa.Text, nullable=False, server_default="okrug"),
        schema="serving",
    )
    op.create_check_constraint(
        "snapshot_value_level",
        "snapshot_value",
        f"level in ({', '.join(repr(level) for level in LEVELS)})",
        schema="serving",
    )
    for column in ("lower", "upper"):
        op.add_column("snapshot_value", sa.Column(column, sa.Numeric), schema="serving")
    op.create_check_constraint(
        "snapshot_value_interval",
        "snapshot_value",
        "(lower is null) = (upper is null) and lower <= value and value <= upper",
        schema="serving",
    )
    # What is left beside the parts of a place bears its code.
    op.drop_constraint("snapshot_value_pkey", "snapshot_value", schema="serving")
    op.create_primary_key(
        "snapshot_value_pkey",
        "snapshot_value",
        ["kato", "period", "revision", "indicator_id", "level"],
        schema="serving",
    )
    for name, type_ in (
        ("kind", sa.Text),
        ("time_window", sa.Text),
        ("grain", sa.Text),
        ("power", sa.Text),
        ("disclosure", sa.Text),
        ("compare", sa.Text),
        ("needs", sa.ARRAY(sa.Integer)),
    ):
        # Unknown of an indicator that an older program has published.
        op.add_column("indicator", sa.Column(name, type_), schema="serving")
