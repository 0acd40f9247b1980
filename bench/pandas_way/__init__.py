"""The same work as an ordinary competent analyst writes it: pandas, lxml, calamine, `DataFrame.to_sql`.

Six extracts are copied with their digests, read, kept as they came, cleaned and judged; every row is placed in an
okrug; rows without a valid number are linked to persons; what stays becomes core tables, 37 indicators with a gate,
and a revision in PostgreSQL. `bench/README.md` sets what `auyl build` leaves behind beside what is done for it here.
Vectorised where pandas is: string methods, merges and groupbys on whole columns, costly text work over distinct values;
Python by row only for XML, keyed hashes and the few pairs that linkage compares.

`--lean` leaves out what an analyst in a hurry would: copies and digests, raw and stage tables, quarantine but for a
CSV file, ledger, profile, linkage, core tables, coordinators' tables, gate and revisions.
"""

import time

BEGAN = time.perf_counter()
