"""Digests of signed answers; which edition of KATO is current by whose decision, and which places continue in it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()"))


def upgrade() -> None:
    """Keep what signed answers were taken; decide on editions instead of taking the greatest name."""
    op.create_table(
        "signed_answer",
        sa.Column("answer_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("registry", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("signed_sha256", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("delivery_id", sa.BigInteger, sa.ForeignKey("ledger.delivery.delivery_id"), nullable=False),
        _moment("taken_at"),
        schema="ledger",
    )
    op.create_index("signed_answer_newest", "signed_answer", ["registry", "period", "answer_id"], schema="ledger")
    op.create_table(
        "edition_decision",
        sa.Column("decision_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("is_adopted", sa.Boolean, nullable=False),
        sa.Column("follows", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        _moment("decided_at"),
        sa.CheckConstraint("length(trim(reason)) > 0", name="edition_decision_has_reason"),
        schema="ledger",
    )
    op.create_table(
        "place_link",
        sa.Column("edition_from", sa.Text, primary_key=True),
        sa.Column("edition_to", sa.Text, primary_key=True),
        sa.Column("kato_from", sa.Text, primary_key=True),
        sa.Column("kato_to", sa.Text, primary_key=True),
        schema="serving",
    )
