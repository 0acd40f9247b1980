"""What the DAG files share: everything about Airflow that the library `auyl` must not know.

timetable     when a registry is due, from its contract
operators     the steps of an intake
connections   an Airflow connection as the address that a source takes
defaults      arguments of every task; period and day of a run
"""
