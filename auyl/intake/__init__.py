"""Intake: from a source to stage and quarantine, one delivery at a time.

    pull   a source is asked, its bytes are landed              -> delivery
    load   landing is read, checked, judged and staged          -> batch
    hand_back   rejected rows go to the owner of the registry; corrected, they are landed and loaded as a correction

Both may be run again at any time: they find what they did in the ledger.
"""

from auyl.intake.batch import BatchResult, load, rules_digest
from auyl.intake.delivery import land_files, pull
from auyl.intake.handback import HandBack, hand_back

__all__ = ["BatchResult", "HandBack", "hand_back", "land_files", "load", "pull", "rules_digest"]
