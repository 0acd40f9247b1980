"""One module per file format: it turns the files of a delivery into raw Parquet, all text.

Every `read` takes the contract, the files and a folder, writes `part-NNNN.parquet` with the contract's columns as
text, `_file` and `_record` (1-based place in that file, or row of that sheet), and returns what it saw.
A file that cannot be read whole raises ExtractRefused. A single line that cannot be told apart into columns
becomes a reject.
"""
