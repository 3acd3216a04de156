# Every target does its own set-up, in .venv; nothing but Python, pip, git and make is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROOF := .venv-proof
WORKERS ?= auto

.PHONY: demo test proof check format schemas clean

demo: $(VENV)/.installed  ## lint, render, plan, register three models into the local registry, verify, show
	$(BIN)/publish lint
	$(BIN)/publish render
	$(BIN)/publish plan
	$(BIN)/publish apply --yes
	$(BIN)/publish verify
	$(BIN)/publish list
	@echo
	@echo "Three model cards are in build/*/description.md, their asset YAML is beside them."
	@echo "Next: change something in models/bert-base-cased/, then $(BIN)/publish plan"
	@echo "      $(BIN)/publish show bert-base-cased | less"
	@echo "      $(BIN)/publish emulator    # the same registry for any other client"

test: $(VENV)/.installed-dev  ## the whole test suite, but for what `make proof` runs
	$(BIN)/python -m pytest -n $(WORKERS) -m "not proof"

proof: $(VENV)/.installed-dev $(PROOF)/.installed  ## models go Hub → registry → MLflow, and answer as before
	PUBLISH_TESTS_REQUIRE=proof $(BIN)/python -m pytest tests/proof

check: $(VENV)/.installed-dev  ## what CI runs before the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/publish lint

format: $(VENV)/.installed-dev  ## put the code into shape
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

schemas: $(VENV)/.installed  ## the JSON Schemas that editors follow
	$(BIN)/publish schema --out docs/schemas

clean:  ## forget builds and the local registry
	rm -rf build dist .publish

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(PROOF)/.installed: pyproject.toml
	$(PYTHON) -m venv $(PROOF)
	$(PROOF)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(PROOF)/bin/python -m pip install --quiet --disable-pip-version-check --group proof
	@touch $@
