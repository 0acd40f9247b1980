"""A synthetic oblast: extracts of the registries with named faults, and the ground truth of every row.

For the demo, tests and benchmarks. It knows the formats of the sources and nothing of the pipeline that reads them.

generate        makes the extracts of a month: start here
registries      one module per registry: columns, file format, faults; the rows are in sql/<registry>.sql
registry        what a registry consists of
files           file formats: CSV, JSON pages, SOAP messages, workbooks
dirt            the faults of rows, with their default rates and what intake must do about each
file_faults     the faults of whole files
people          tables that all registries share: households, persons, organisations, animals
names           personal names
territory       where people live; classifier and districts are its reference data
keyless         records without a person number, for training and evaluation of linkage
foreign_noise   the same with noise of another hand; foreign_spelling has its spellings
engine, draws   the DuckDB connection and the hashes that all chance comes from
"""

from lab.synthetic.generate import Summary, make
from lab.synthetic.registries import REGISTRIES

__all__ = ["REGISTRIES", "Summary", "make"]
