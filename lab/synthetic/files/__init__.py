"""File formats of the extracts: how the rows of a registry become the bytes that its owner would send.

writing      text from DuckDB to a file; the other modules build on it
delimited    CSV and its relatives
pages        pages of a JSON answer
messages     answers of the government gateway
workbook     xlsx workbooks

A format writes the table `<registry>_row` and tells in which file and record each row ends up (see `FileFormat`).
"""
