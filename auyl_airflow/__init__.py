"""What the DAG files share: everything about Airflow that the library `auyl` must not know.

timetable     when a registry is due, from its contract
operators     the steps of an intake
reconciling   the tasks of the DAG `reconcile`
outcomes      why a run was skipped, in its note; refusals that end it at once
alarms        what cannot wait: notifiers and deadlines
links         from the task `load` to the pages of its batch
pages         those pages, behind the sign-in of Airflow
connections   an Airflow connection as the address that a source takes
defaults      arguments of every task; period and day of a run
assets        how DAGs follow each other
"""

from auyl.store.closed import close_files

# Every DAG file and the plugin import this package, so every process of Airflow writes for its own account only.
close_files()
