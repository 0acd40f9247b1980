"""Alarms: what cannot wait for the daily report."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Write down alarms and whether a channel took them."""
    op.create_table(
        "alarm",
        sa.Column("alarm_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.UniqueConstraint("kind", "subject", "day", "digest", name="alarm_once_a_day"),
        schema="ledger",
    )
    op.create_index("alarm_newest", "alarm", ["raised_at"], schema="ledger")
    op.create_table(
        "alarm_sending",
        sa.Column("sending_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("alarm_id", sa.BigInteger, sa.ForeignKey("ledger.alarm.alarm_id"), nullable=False, index=True),
        sa.Column("channel", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.CheckConstraint("outcome in ('claimed', 'sent', 'failed')", name="alarm_sending_outcome"),
        sa.CheckConstraint("(channel is null) = (outcome = 'claimed')", name="alarm_sending_channel"),
        schema="ledger",
    )
