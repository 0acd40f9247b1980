"""Checks before the night: every description and rule of an installation, and the links between them, all at once.

    faults        a fault with file and line, and where a line is looked up
    registries    contracts, suites, stage SQL, and the rules on columns that exist
    descriptions  indicators, contradictions, subjects, survivorship
    lake          what the ledger names is in the lake, with its bytes and its rows
    sql           the SQL files: their heads, and whether they parse

`faults` of a whole installation takes seconds; nothing is written.
"""

from auyl.checks.faults import Fault
from auyl.checks.run import check_installation, check_registry, refuse_faults

__all__ = ["Fault", "check_installation", "check_registry", "refuse_faults"]
