"""What a build imports only when it needs it; the process that others are forked from has it before."""

import duckdb
import pandas
import splink
from splink.backends import duckdb as splink_duckdb

from auyl.stage.judge import great_expectations

IMPORTED = (duckdb, pandas, splink, splink_duckdb, great_expectations())
