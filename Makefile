# Every command that a person needs; `make help` lists them. Works with the make of macOS (3.81).
# Only paths relative to this folder are used, so the folder's own path may hold spaces.
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv/bin

CHECKS := check-locks check-style check-types check-layers check-migrations check-document

export DJANGO_SETTINGS_MODULE := lode.config.settings
unexport PYTHONPATH PYTHONHOME

.PHONY: help setup run demo test check bench-ledger locks stop clean $(CHECKS)
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv from the hashed locks (done once; every other command does it when it is needed)
	@command -v "$(PYTHON)" > /dev/null 2>&1 || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 3; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 6))' || { \
	  echo "$(PYTHON) is too old: Lode needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3" >&2; exit 3; }
	@"$(PYTHON)" requirements/install.py

run: setup ## everything: database, demo world, worker, web on http://127.0.0.1:8000, until Ctrl-C (LODE_PORT=8001)
	@$(VENV)/python -m lode.cli.main run

demo: setup ## load the demo world, run the main job, print what happened, and stop
	@$(VENV)/python -m lode.cli.main demo

test: setup ## the whole test suite (ARGS="-k word" for a part, WORKERS=1 for one process)
	@$(VENV)/python -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

check: $(CHECKS) ## linters, types, layers, migrations, locks, API document (make -k check goes on after a failure)

check-locks: setup
	@$(VENV)/python requirements/locks.py --check
check-style: setup
	@$(VENV)/ruff check --output-format concise .
	@$(VENV)/ruff format --check .
check-types: setup
	@$(VENV)/mypy
check-layers: setup
	@$(VENV)/lint-imports
check-migrations: setup
	@$(VENV)/python -W ignore manage.py makemigrations --check --dry-run
check-document: setup
	@$(VENV)/python manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml
	@cmp docs/openapi.yaml var/openapi.yaml || { \
	  echo "docs/openapi.yaml is not current: .venv/bin/python manage.py spectacular --file docs/openapi.yaml" >&2; exit 1; }

bench-ledger: setup ## how fast the ledger is, beside a bare PostgreSQL (LEGS=100000 for a quick look; 15 minutes)
	@$(VENV)/python -m tests.bench.ledger

locks: ## make requirements/*.txt from requirements/*.in (needs uv; ARGS=--upgrade takes newer versions)
	@"$(PYTHON)" requirements/locks.py $(ARGS)

stop: ## stop whatever runs here
	@PYTHONPATH=platform "$(PYTHON)" -m lode.engine.stop

clean: stop ## remove everything that was made: .venv, caches, and var/ with the database in it
	@rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
