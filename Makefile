# Every target does its own set-up, in .venv; nothing but Python, pip, git and make is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROOF := .venv-proof
GATE := .venv-gate
LOWEST := .venv-lowest
NEWEST := .venv-newest
LOCK := .venv-lock
TRITON := .venv-triton
# Two more than there are cores, because more than half of a worker's time is waiting for emulators and processes.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 + len(getattr(os, 'sched_getaffinity', lambda _: range(os.cpu_count()))(0)))")
PYTEST = -m pytest -n $(WORKERS) --dist worksteal --durations 10 --durations-min 1

PIP_INSTALL := install --quiet --disable-pip-version-check
# The locks are complete. Without --no-deps, pip refuses a lock whose `pydantic` another package names as `pydantic[email]`.
LOCKED := --no-deps --require-hashes --requirement
EDITABLE := --no-deps --no-build-isolation --editable .
# One lock for all systems and all Pythons from 3.11 on.
COMPILE := $(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-emit-index-url --annotation-style line \
  --custom-compile-command "make lock"

.PHONY: demo test test-long test-browser test-lowest test-newest hostile proof restate gate docs check format schemas lock clean

demo: $(VENV)/.installed  ## lint, render, plan, register three models into the local registry, verify, show
	$(BIN)/publish lint
	$(BIN)/publish render
	$(BIN)/publish plan
	$(BIN)/publish apply --yes
	$(BIN)/publish verify
	$(BIN)/publish list
	@echo
	@echo "Three model cards are in build/*/description.md, their asset YAML is beside them."
	@echo "See them as their readers will: $(BIN)/publish preview"
	@echo "Next: change something in models/bert-base-cased/, then $(BIN)/publish plan"
	@echo "      $(BIN)/publish show bert-base-cased | less"
	@echo "      $(BIN)/publish emulator    # the same registry for any other client"

test: $(VENV)/.installed-dev  ## the test suite, in some three minutes; what takes longer has targets of its own
	$(BIN)/python $(PYTEST) --ignore tests/hostile -m "not long and not browser and not proof and not gate"

test-long: $(VENV)/.installed-dev  ## what takes minutes: long histories, runs killed at every step, wheels
	$(BIN)/python $(PYTEST) --ignore tests/hostile -m "long and not proof and not gate"

test-browser: $(VENV)/.installed-dev  ## the preview in a real Chromium; pictures of its pages go to build/screenshots
	$(BIN)/python -m pytest -m browser tests/browser

test-lowest: $(LOWEST)/.installed  ## the tests with the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python $(PYTEST) -m "not browser and not proof and not gate"

test-newest: $(NEWEST)  ## the tests with the newest versions that pyproject.toml allows, locked or not
	$(NEWEST)/bin/python -m pip $(PIP_INSTALL) --upgrade --upgrade-strategy eager --editable . --group dev
	$(NEWEST)/bin/python $(PYTEST) -m "not browser and not proof and not gate"

hostile: $(VENV)/.installed-dev  ## inputs of attackers, class by class: how many were tried, how many got through
	$(BIN)/python $(PYTEST) tests/hostile

proof: $(VENV)/.installed-dev $(PROOF)/.installed $(TRITON)/.installed  ## models go to a registry and back, and answer as before
	PUBLISH_TESTS_REQUIRE=proof $(BIN)/python -m pytest -n 2 --dist loadfile tests/proof

restate: $(PROOF)/.installed  ## write down again what the pinned transformers and MLflow know of tasks, models and tokenizers
	$(PROOF)/bin/python tests/proof/restate.py > $(PROOF)/transformers.json
	mv $(PROOF)/transformers.json src/azureml_publish/content/packaging/

gate: $(VENV)/.installed-dev $(GATE)/.installed  ## Microsoft's validator passes README's model, the shipped ones and the examples
	PUBLISH_TESTS_REQUIRE=gate $(BIN)/python -m pytest -n 2 tests/gate

docs: $(VENV)/.installed-docs  ## the documentation as a site, in build/docs/site; a broken link, or a page that nobody is led to, fails
	$(BIN)/python -m docs.site
	$(BIN)/python -m pytest -m browser tests/docs

measure-lint: $(VENV)/.installed-dev  ## how many of seeded defects lint finds; docs/lint-precision.md has the table
	$(BIN)/python -m benchmarks.lint_precision --table
	$(BIN)/python -m benchmarks.lint_precision --lists

check: $(VENV)/.installed-dev  ## what CI runs before the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/publish lint

format: $(VENV)/.installed-dev  ## put the code into shape
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

schemas: $(VENV)/.installed  ## the JSON Schemas that editors follow, and the table of shell completion
	$(BIN)/publish schema --out docs/schemas
	$(BIN)/python -m tests.cli.completions > src/azureml_publish/completions.json

lock: $(LOCK)/.installed  ## renew requirements/: the newest versions that pyproject.toml allows, with their hashes
	$(COMPILE) --generate-hashes pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) --generate-hashes pyproject.toml --group build --constraint requirements/dev.txt \
	  --output-file requirements/run.txt
	$(COMPILE) --resolution lowest-direct pyproject.toml --output-file $(LOCK)/lowest.txt
	$(COMPILE) --generate-hashes pyproject.toml --group dev --constraint $(LOCK)/lowest.txt \
	  --output-file requirements/lowest.txt
	$(COMPILE) --generate-hashes --group proof --output-file requirements/proof.txt
	$(COMPILE) --generate-hashes --group docs --constraint requirements/dev.txt --output-file requirements/docs.txt
	$(COMPILE) --generate-hashes --group triton --output-file requirements/triton.txt
	$(COMPILE) --generate-hashes --prerelease if-necessary-or-explicit --group gate --output-file requirements/gate.txt

clean:  ## forget builds and the local registry
	rm -rf build dist .publish

$(VENV)/.installed: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/run.txt
	$(BIN)/python -m pip $(PIP_INSTALL) $(EDITABLE)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(BIN)/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/dev.txt
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed-dev requirements/docs.txt
	$(BIN)/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/docs.txt
	@touch $@

$(LOWEST)/.installed: requirements/lowest.txt pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/lowest.txt
	$(LOWEST)/bin/python -m pip $(PIP_INSTALL) $(EDITABLE)
	@touch $@

$(NEWEST):
	$(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python -m pip $(PIP_INSTALL) --upgrade "pip>=25.1"

# Without hashes for torch: pip takes the build that its configuration leads to.
$(PROOF)/.installed: requirements/proof.txt pyproject.toml
	$(PYTHON) -m venv $(PROOF)
	$(PROOF)/bin/python -m pip $(PIP_INSTALL) --upgrade "pip>=25.1"
	$(PROOF)/bin/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/proof.txt
	$(PROOF)/bin/python -m pip $(PIP_INSTALL) --group torch
	@touch $@

$(TRITON)/.installed: requirements/triton.txt
	$(PYTHON) -m venv $(TRITON)
	$(TRITON)/bin/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/triton.txt
	@touch $@

$(GATE)/.installed: requirements/gate.txt
	$(PYTHON) -m venv $(GATE)
	$(GATE)/bin/python -m pip $(PIP_INSTALL) $(LOCKED) requirements/gate.txt
	@touch $@

$(LOCK)/.installed: Makefile
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/python -m pip $(PIP_INSTALL) "uv>=0.9,<1"
	@touch $@
