# The README's commands. Each sets up what it needs on a machine with Python 3.11 or newer, git and make.

VENV ?= .venv
# Threads that wait give their core away: a busy machine then costs a little time, not ten times as much.
export OMP_WAIT_POLICY ?= PASSIVE
BASE_PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test test-slow lint types types-own types-3.13 check clean

setup: $(READY)

# torch comes first and pinned: here that is the build the tests were run with, on a GPU machine the CUDA one.
$(READY): pyproject.toml constraints.txt
	@$(BASE_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "volumen needs Python 3.11 or newer; say which with BASE_PYTHON=python3.12"; exit 1; }
	$(BASE_PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(READY)  ## make data, train, predict, clean up, score, report: five minutes on two cores
	$(BIN)/python examples/demo.py demo

test: $(READY)  ## the fast tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

test-slow: $(READY)  ## the rest, test by test: a few take longer than the files of all others
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist worksteal -m "slow and not gpu"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: types-own types-3.13  ## both at once with make -j2 types

types-own: $(READY)
	$(BIN)/mypy

types-3.13: $(READY)
	$(BIN)/mypy --python-version 3.13 --cache-dir .mypy_cache/other

check: lint types test

clean:
	rm -rf $(VENV) demo
