# Euregio, by hand. `make` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiled modules are kept: without them every process of Airflow would compile its imports anew.
unexport PYTHONDONTWRITEBYTECODE
export EUREGIO_REAL_DATA ?= $(abspath ../shared/real)

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/ready ## the environment, in .venv (locked, with hashes)
$(VENV)/ready: requirements.lock pyproject.toml scripts/setup
	@PYTHON=$(PYTHON) scripts/setup requirements.lock && touch $@

setup-dev: $(VENV)/ready-dev ## the same with what tests and checks need
$(VENV)/ready-dev: requirements-dev.lock $(VENV)/ready
	@PYTHON=$(PYTHON) scripts/setup requirements-dev.lock && touch $@

run: setup ## the main job: sandbox publishers, every DAG through Airflow, indicators, atlas
	@$(BIN)/euregio run --profile sandbox

real: setup ## the main job on real publishers' files (EUREGIO_REAL_DATA, default ../shared/real)
	@EUREGIO_HOME=$${EUREGIO_HOME:-$(CURDIR)/.euregio/real} $(BIN)/euregio run --profile files

ui: setup ## the Airflow UI on the same state; prints address and log-in
	@$(BIN)/euregio ui

test: setup-dev ## all tests
	@scripts/test

check: setup-dev ## lint, types, declarations, suites, licences
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/euregio check && $(BIN)/python scripts/licences

licences: setup-dev ## the list of licences, docs/licences.md
	@$(BIN)/python scripts/licences --write

audit: setup ## known vulnerabilities of what the locks name (asks the network; says so where there is none)
	@scripts/audit

bench: setup-dev ## speed and memory as ratios, written to docs/benchmarks.md
	@$(BIN)/python -m tests.bench

docs: setup ## what is generated: JSON Schemas, data dictionary, the pages of indicators and alerts
	@$(BIN)/euregio docs

lock: ## write the locks anew (needs uv)
	@scripts/lock

clean: ## remove the environment and all state
	rm -rf $(VENV) .euregio .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help setup setup-dev run real ui test check licences audit bench docs lock clean
