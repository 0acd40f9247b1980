"""The pages: an akim's okrug, the coordinators' tables. A process of its own, never inside Airflow.

It reads PostgreSQL through the grants of whoever is signed in (`auyl.access`) and computes nothing but differences and
dates. No script runs in the browser: every page is whole HTML, at most 14 KiB compressed, for an old phone on a bad
line.
"""
