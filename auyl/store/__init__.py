"""Where things are kept: PostgreSQL, the lake, DuckDB.

    postgres   engine, transactions, COPY
    locks      what must not run twice at once, and what must not run while the hash key is rotated
    hash_key   which key the keyed hashes are made with
    schema     the version of the serving database
    paths      every path of the lake
    lake       files below one root
    duck       DuckDB with the macros
    embedded   PostgreSQL from the wheel, when no server is given

Nothing else opens a connection to the serving database or spells a path of the lake.
"""
