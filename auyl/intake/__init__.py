"""Intake: from a source to stage and quarantine, one delivery at a time.

    pull            asks a source and lands its bytes                                -> delivery
    load            reads, checks, judges and stages what was landed                 -> batch
    write_handback  writes the rejected rows for the registry's owner; corrected, they are landed and loaded again

All may be run again at any time: the ledger says what they did before.
"""

from auyl.intake.batch import BatchResult, load, rules_digest
from auyl.intake.delivery import land_files, pull
from auyl.intake.handback import HandbackFile, write_handback
from auyl.intake.superseded import superseded_on_arrival

__all__ = [
    "BatchResult",
    "HandbackFile",
    "land_files",
    "load",
    "pull",
    "rules_digest",
    "superseded_on_arrival",
    "write_handback",
]
