"""Evaluations against ground truth: intake's rules, free addresses, links of persons, entities."""

from pathlib import Path

SQL = Path(__file__).with_name("sql")
