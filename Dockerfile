# One image for every service of docker-compose.yaml, which gives the digest of the image below it.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE}

RUN useradd --uid 50000 --create-home auyl \
    && install -d -o auyl -g auyl -m 0700 /home/auyl/state /home/auyl/airflow /home/auyl/airflow/logs /lake

WORKDIR /opt/auyl
COPY requirements-production.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements-production.txt \
    && pip check

COPY pyproject.toml README.md ./
COPY auyl auyl
COPY auyl_airflow auyl_airflow
COPY dags dags
COPY plugins plugins
COPY include include
COPY expectations expectations
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e .

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/auyl \
    AUYL_HOME=/home/auyl/state \
    AIRFLOW_HOME=/home/auyl/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/auyl/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/auyl/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False
USER auyl
