"""Snapshot: from the batches in force to one published revision of a period.

consolidate   batches in force -> core tables, each row placed in an okrug
measure       core tables -> indicators by okrug
gate          the snapshot's own suite; a breach leaves the former revision in force
publish       one transaction: rows, sources, vault, and the swap
"""

from auyl.snapshot.revision import BuildResult, build

__all__ = ["BuildResult", "build"]
