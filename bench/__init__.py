"""Benchmarks: one command per question about speed, each with a limit and a peer. `auyl` imports nothing of it.

core_registries, registries, airflow, linkage    the questions; see README.md
harness, measured                                 prepare and measure processes
report, command                                   results and command lines
copy_limit                                        the limit: PostgreSQL's COPY of the same bytes
pandas_way                                        the peer: the same work in pandas
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
