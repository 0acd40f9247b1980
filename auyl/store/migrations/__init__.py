"""Revisions of the tables of the serving database, for Alembic: forward only. See docs/decisions/0013."""
