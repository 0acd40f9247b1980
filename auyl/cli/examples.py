"""An example of each command, which its help prints."""

from __future__ import annotations

EXAMPLES = """
auyl migrate
auyl bootstrap
auyl check
auyl intake livestock livestock_2026-10.xlsx --period 2026-10
auyl build extracts --period 2026-10
auyl quarantine livestock --export rejected.xlsx
auyl drift livestock
auyl reload social_assistance --reason "limit of the order of 12 November"
auyl quality --period 2026-10
auyl contradictions --export outbox
auyl handback livestock --to outbox
auyl lineage --okrug 193632000 --indicator social.asp_share
auyl overdue --on 2026-11-24
auyl retention --dry-run
auyl report --date 2026-11-24
auyl list okrugs Енбекшиказахский
auyl list indicators население
auyl list registries
auyl list periods
auyl extracts list livestock
auyl extracts withdraw 201 --reason "amounts of another year"
auyl extracts erase 188 --reason "a file of another owner"
auyl extracts readmit 188 --reason "it was the right one"
auyl extracts restore 201 --reason "they were right"
auyl territory load kato.csv --crosswalk crosswalk.csv --addresses address.csv
auyl territory list
auyl territory changes --period 2026-10
auyl territory adopt 52_2027-01-15 --reason "order 3 of the national bureau"
auyl territory retire 52_2027-01-15 --reason "the wrong file"
auyl territory current 195234100 --edition NK-RK-11-2009
auyl snapshot list 2026-10
auyl snapshot rollback 2026-10 --reason "amounts of another year"
auyl snapshot forward 2026-10 --reason "they were right"
auyl snapshot release 2026-10 --reason "two okrugs were joined"
auyl snapshot show --okrug 193632000
auyl entities build --period 2026-10 --kind person
auyl entity show facility 1200034 --history
auyl link build --period 2026-10
auyl link show social_assistance --limit 5
auyl link review --limit 5
auyl link same 5d41402abc4b2a76 7d793037a0760186 --reason "passport seen"
auyl link apart 5d41402abc4b2a76 7d793037a0760186 --reason "another person"
auyl access list akim_193632000
auyl access who 193632000
auyl access give akim_193632000 akim 193632000 --reason "order 12"
auyl access take akim_193632000 --reason "term ended"
auyl access owner office_of_lands land --reason "letter 7"
auyl access matrix
auyl access accounts
auyl access open akim_193632000 --name "А. Ахметов" --reason "order 12"
auyl access import accounts.csv --dry-run --reason "order 12"
auyl access password akim_193632000 --reason "forgotten"
auyl access sql-login office_of_lands --reason "letter 7"
auyl access unlock akim_193632000 --reason "a call"
auyl access rename akim_193632000 --name "А. Ахметова" --reason "order 13"
auyl access sign-out akim_193632000 --reason "phone lost"
auyl access close akim_193632000 --reason "term ended"
auyl access reopen akim_193632000 --reason "order 14"
auyl access forget-audit --before 2020-01-01 --reason "law 5, article 3"
auyl lake adopt --reason "restored from the backup of 30 November"
auyl lake separate --reason "upgrade"
auyl key status
auyl key rotate --to new.key --reason "yearly"
"""


def examples(group: str = "") -> dict[str, str]:
    """Examples of the commands of a group, by command."""
    words = {line: line.split() for line in EXAMPLES.split("\n") if line}
    at = 2 if group else 1
    return {one[at]: line for line, one in words.items() if not group or one[1] == group}
