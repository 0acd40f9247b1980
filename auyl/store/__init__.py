"""Where things are kept: PostgreSQL, the lake, DuckDB.

    postgres   engine, transactions
    copy       COPY from DuckDB into PostgreSQL: `copy_query`, or `write_csv` and `copy_csv`
    locks      what must not run twice at once, and what must not run while the hash key is rotated
    hash_key   which key the keyed hashes are made with
    schema     migration of the serving database; its revisions are in `migrations`
    version    the version of the serving database, and the one that this program needs
    paths      every path of the lake
    audit      the row of the audit that a decision leaves
    lake       files below one root
    binding    `lake_of`: the lake that belongs to a database, and `adopt`
    duck       DuckDB with the macros; `write_parquet`
    regular    files of others, opened without following links
    closed     folders and files that no other account may open
    spill      `spill_folder`: a folder for data on its way, swept when its process is dead
    embedded   PostgreSQL from the wheel, when no server is given

Nothing else opens a connection to the serving database or spells a path of the lake.
"""
