"""The same work as a competent analyst would write it: pandas, lxml, calamine, `DataFrame.to_sql`.

Six extracts are copied with their checksums, read, stored unchanged, cleaned and judged; every row gets an okrug; rows
without a valid number are linked to persons; staged rows become core tables, 37 indicators with a gate, and a revision
in PostgreSQL. `bench/README.md` compares the results of `auyl build` with those of the peer.
Vectorised where pandas is: string methods, merges and groupbys on whole columns, costly text processing over distinct
values. Python loops over rows only for XML, keyed hashes and the few pairs that linkage compares.

`--lean` leaves out what an analyst in a hurry would: copies and checksums, raw and stage tables, quarantine (except a
CSV file), ledger, profile, linkage, core tables, coordinators' tables, gate and revisions.
"""

import time

BEGAN = time.perf_counter()
