"""`python -m bench [core_registries|registries|airflow|linkage] [options]`: the core registries by default."""

import sys
from importlib import import_module

QUESTIONS = ("core_registries", "registries", "airflow", "linkage")

if __name__ == "__main__":
    question = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in QUESTIONS else "core_registries"
    # import no other: its imports would count in the peak memory of every child
    import_module(f"bench.{question}").main()
