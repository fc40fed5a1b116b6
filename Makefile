# Everything a person or a build runs. Each target sets up what it needs first; see scripts/setup.
PYTHON ?=
ARGS ?=
BIN := .venv/bin
BENCH := $(BIN)/python -m tests.bench
# Tests wait more than they work: as many at once as there are cores, and never so many that they disturb each other.
PYTEST := rm -f .pytest_cache/v/cache/lastfailed && $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal
# After failures, and after nothing else, few of them are tried once more, alone: docs/adr/0034.
OR_AGAIN := || { [ $$? -eq 1 ] && $(BIN)/python -m tests.second_try; }
# Runs a command that ends, in order, when make itself is killed.
RUN := exec $(BIN)/python -I -S deploy/leash.py $$PPID 15 - -

# Processes keep what they compiled for those that start after them.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup browser demo demo-check test test-all test-fast check bench storm lock clean

help:
	@echo 'make demo         start Streha on invented agencies and stay until Ctrl-C'
	@echo '                  (ARGS="--state FILE" writes addresses and sign-ins to a file)'
	@echo 'make demo-check   play one case from start to end before strict Matrix clients, in two minutes'
	@echo 'make test         what one waits for while working; make test-fast: those that need no homeserver'
	@echo 'make test-all     every test: malice, faults, floods and small measurements too; what lands has passed it'
	@echo 'make check        style, types and layers'
	@echo 'make bench        how fast an alert leaves, measured against what is bare'
	@echo 'make storm        three hundred runs in which parts die, hang and refuse while people press'
	@echo 'make setup        only install what the others need, into .venv, deploy/witness and server/console'
	@echo 'make browser      the same, and the Chromium that tests and measurements use'
	@echo 'make lock         choose the newest versions of all dependencies again'
	@echo 'make clean        remove what setup installed and what the tools left'

setup:
	@PYTHON='$(PYTHON)' scripts/setup

browser:
	@PYTHON='$(PYTHON)' scripts/setup browser

demo: setup
	@$(RUN) $(BIN)/streha demo $(ARGS)

demo-check: setup
	@$(RUN) $(BIN)/streha demo --check $(ARGS)

test: test-fast
	$(PYTEST) -m 'slow and not long' $(ARGS) $(OR_AGAIN)

test-all: test
	$(PYTEST) -m long $(ARGS) $(OR_AGAIN)

test-fast: browser
	$(PYTEST) -m 'not slow' $(ARGS) $(OR_AGAIN)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -f core/texts/check.py ]; then $(BIN)/python -m core.texts.check; fi
	scripts/check-console

bench: browser
	@$(BENCH) $(ARGS)
	@[ -n '$(ARGS)' ] || $(MAKE) --no-print-directory storm

storm: browser
	@export STORM_RUNS=$${STORM_RUNS:-300} STORM_TOWNS=$${STORM_TOWNS:-2}; \
	$(BIN)/pytest -m slow -n $$STORM_TOWNS --dist load -s tests/acceptance/test_storm.py $(ARGS)

lock: setup
	scripts/lock --upgrade

clean:
	rm -rf .venv deploy/witness/node_modules server/console/node_modules server/console/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
