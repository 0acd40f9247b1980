"""Decisions on revisions: rolled back and forward, changes accepted; the catalogue that each was published with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"


def _decision(table: str) -> list[sa.Column | sa.CheckConstraint]:
    return [
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.CheckConstraint("length(trim(reason)) > 0", name=f"{table}_has_reason"),
    ]


def upgrade() -> None:
    """Write down who moved a period to another revision; let a build return to an earlier one."""
    op.create_table(
        "revision_decision",
        sa.Column("decision_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("is_rolled_back", sa.Boolean, nullable=False),
        sa.Column("revisions", ARRAY(sa.Integer), nullable=False),
        sa.Column("current_revision", sa.Integer, nullable=False),
        *_decision("revision_decision"),
        sa.CheckConstraint("cardinality(revisions) > 0", name="revision_decision_has_revisions"),
        schema="ledger",
    )
    op.create_index("revision_decision_newest", "revision_decision", ["period", "decision_id"], schema="ledger")
    op.create_table(
        "change_acceptance",
        sa.Column("acceptance_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("inputs_digest", sa.Text, nullable=False),
        *_decision("change_acceptance"),
        schema="ledger",
    )
    op.create_table(
        "catalogue",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("content", JSONB, nullable=False),
        schema="ledger",
    )
    # Of what an older program has built, nobody wrote down the catalogue.
    op.add_column("build", sa.Column("catalogue_sha256", sa.Text), schema="ledger")
    op.drop_constraint("build_outcome_check", "build", schema="ledger")
    op.create_check_constraint(
        "build_outcome", "build", "outcome in ('published', 'unchanged', 'returned', 'refused')", schema="ledger"
    )
