"""`python -m bench [spine|airflow] [options]`: the spine unless another question is named."""

import sys

from bench import airflow, spine

QUESTIONS = {"spine": spine.main, "airflow": airflow.main}

if __name__ == "__main__":
    asked = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in QUESTIONS else "spine"
    QUESTIONS[asked]()
