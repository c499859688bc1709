# make test   everything that CI runs: linters, types, the architecture, then all tests
# make demo   a broker, a Redis, a worker and a simulated company, in this terminal
# make help   the rest

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DEMO   := $(VENV)/demo
READY  := $(VENV)/ready

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help test lint format unit interpreted thorough e2e faults demo screenshots bench lock clean

help:
	@echo "make test         linters, types, architecture, all tests (what CI runs)"
	@echo "make lint         ruff, mypy --strict, import-linter"
	@echo "make unit         the quick tests"
	@echo "make interpreted  the engine's tests again, without numba's compiler"
	@echo "make thorough     the properties again, by many more examples, and all of a real data set against the judge"
	@echo "make e2e          the tests on a real Kafka and a real Redis"
	@echo "make faults       kills, zombies, outages and lost state while workers read a known stream; SEEDS=\"3 4 5\" for others"
	@echo "make demo         a broker, a Redis, a worker and a simulated company in this terminal"
	@echo "make screenshots  the pictures of the README and the docs, anew"
	@echo "make bench        how fast it is on this machine"
	@echo "make format       write the code the way 'make lint' wants it"
	@echo "make lock         renew the lock files from pyproject.toml (needs uv)"
	@echo "make clean        remove everything that the above made"

test: lint unit interpreted e2e faults

# What `segmenter dev` needs, and nothing else: the first minute is short.
$(DEMO): requirements.lock pyproject.toml .make/install.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@rm -rf $(VENV)
	@$(PYTHON) .make/install.py $(VENV) requirements.lock
	@touch $@

$(READY): $(DEMO) requirements-test.lock
	@$(PYTHON) .make/install.py $(VENV) requirements-test.lock
	@touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/import_linter

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(READY)
	$(BIN)/pytest -m "not e2e"

interpreted: $(READY)
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest --hypothesis-profile=interpreted -k "not cdnow and not churnsim" --ignore=tests/core/language tests/core

thorough: $(READY)
	$(BIN)/pytest --hypothesis-profile=thorough tests/core
	$(BIN)/python -m tests.churnsim

e2e: $(READY)
	$(BIN)/pytest tests/e2e

SEEDS ?= 1 2
faults: $(READY)
	$(BIN)/python -m tests.faults $(SEEDS)

demo: $(DEMO)
	@$(BIN)/segmenter dev

screenshots: $(READY)
	$(BIN)/python -m tests.screenshots

bench: $(READY)
	$(BIN)/python -m tests.bench

# Hashes, because they make a build on another machine the same build; plain pip checks them in no time.
# --universal, so that one file serves every Python from 3.11 on, on Linux and macOS.
LOCK := uv pip compile --quiet --universal --generate-hashes --custom-compile-command "make lock" --extra embedded
lock:
	$(LOCK) --upgrade --group test --output-file requirements-test.lock pyproject.toml
	$(LOCK) --constraint requirements-test.lock --group checkout --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .cache .pytest_cache .hypothesis build dist
