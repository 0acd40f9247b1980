"""Airflow's scheduler with its forkserver started at once. Run as a file of its own: `scheduler.py MODULE,… OPTION…`.

Airflow starts the forkserver with the first task, which then waits until all that is preloaded is imported. Here that
happens while the scheduler itself is starting.
"""

import multiprocessing
import runpy
import sys
from multiprocessing import forkserver

if __name__ == "__main__":
    multiprocessing.set_forkserver_preload(sys.argv[1].split(","))
    forkserver.ensure_running()
    sys.argv = ["airflow", "scheduler", *sys.argv[2:]]
    runpy.run_module("airflow", run_name="__main__")
