"""The laboratory: everything that tests, demonstrates or measures the product without real data.

synthetic            a synthetic oblast: the extracts of every registry, with named faults and their ground truth
simulated_sources    servers that deliver those extracts as the real sources would, and the Airflow connections to them
evaluation           how well intake, linkage and address resolution do, measured against the ground truth
stack                PostgreSQL, Airflow and the simulated sources on one machine: the demo
cli                  the command line, `python -m lab synth|demo|up|evaluate …`

`auyl` imports nothing of it.
"""

# The six registries that the first indicators rest on: a quick demo, the bench and many tests use these alone.
CORE_REGISTRIES = ("population", "social_assistance", "livestock", "ambulance", "employment", "budget_okrug")
