"""An invented oblast: extracts of the registries with named faults and a known truth.

For the demo, tests and benchmarks. It knows the formats of the sources and nothing of the pipeline that reads them.
"""

from lab.simulated_sources.dispatch import load_dispatch
from lab.synthetic.generate import REGISTRIES, Summary, make

__all__ = ["REGISTRIES", "Summary", "load_dispatch", "make"]
