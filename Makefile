# Every target does its own set-up, in .venv; nothing but Python, pip, git and make is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: demo test check format schemas clean

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

test: $(VENV)/.installed-dev  ## the whole test suite
	$(BIN)/python -m pytest -n $(WORKERS)

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
