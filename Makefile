# `make` alone lists the targets. Needs Python 3.11 to 3.13 with venv, and make.
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first suitable interpreter; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo "$$p"; exit; }; done)
PY := .venv/bin/python
SCALE ?= 20
KATO ?=
PERIOD ?=
REGISTRIES ?=
ARGS ?=
DEMO_OPTIONS = --scale $(SCALE) $(if $(KATO),--kato "$(KATO)") $(if $(PERIOD),--period $(PERIOD)) \
	$(if $(REGISTRIES),--registries $(REGISTRIES))
LOCK = UV_PYTHON_DOWNLOADS=never $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock"

export PYTHONPATH := $(CURDIR)

.PHONY: help setup demo up test lint lint-sql lint-types lint-style format bench lock clean distclean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: .venv/.ready ## .venv with the pinned packages

# Readable for all, whatever the umask: started by root, the demo runs as another account, which could not write bytecode.
# pip compiles with one core. Some packages carry files of other versions of Python, for which compileall returns 1.
.venv/.ready: requirements.txt requirements-data.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; give its path as PYTHON=…" >&2; exit 1; }
	@echo "setting up .venv with $(PYTHON), about a minute"
	@umask 022; $(PYTHON) -m venv .venv || { echo "the module venv is missing: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@umask 022; $(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile -r requirements.txt
	@umask 022; $(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps -r requirements-data.txt
	@umask 022; $(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --no-build-isolation -e .
	@umask 022; $(PY) -m compileall -qq -j 0 $(CURDIR)/.venv/lib || true
	@touch .venv/.ready

demo: setup ## a synthetic oblast through Airflow to the snapshot; SCALE=1 for 1.6 M people, KATO=file, PERIOD=YYYY-MM, REGISTRIES=core
	@$(PY) -m lab demo $(DEMO_OPTIONS)

up: setup ## the same, and keeps running with the portal; Ctrl-C stops everything
	@$(PY) -m lab up $(DEMO_OPTIONS)

# Four at a time on two cores: much of their time is waiting. The tests of a module stay in one process for its fixtures,
# in the order of tests/conftest.py. Bytecode is written whatever the environment says: hundreds of processes are started.
test: setup ## the tests; ARGS="-k name" chooses
	@PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 4 --dist loadscope --no-loadscope-reorder $(ARGS)

# Two at a time: mypy and sqlfluff take almost all of the time, and one core each.
lint: setup ## ruff, mypy, layers, SQL
	@$(MAKE) --no-print-directory -j 2 lint-sql lint-types lint-style

lint-sql lint-types lint-style: setup

lint-sql:
	@$(PY) -m sqlfluff lint include/sql auyl lab --disable-progress-bar

lint-types:
	@$(PY) -m mypy

lint-style:
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@.venv/bin/lint-imports

format: setup ## what the tools can correct by themselves
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: setup ## speed beside its limit and its peer, at 1.6 M people
	@$(PY) -m bench $(ARGS)

lock: setup ## compile requirements*.txt from pyproject.toml
	@$(LOCK) --extra dev pyproject.toml -o requirements.txt
	@$(LOCK) --generate-hashes --extra production -c requirements.txt pyproject.toml -o requirements-production.txt

clean: ## stop and remove the local state: database, lake, logs
	@test ! -x $(PY) || $(PY) -m auyl.store.embedded --destroy
	@rm -rf .auyl .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

distclean: clean ## clean, and .venv too
	@rm -rf .venv
