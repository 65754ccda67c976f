# Everything below runs in $(VENV), which is created and filled where it is missing.
# Packages are installed again only after pyproject.toml has changed.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
# Installed before whatever depends on it, so that no other build of torch is fetched as well.
TORCH ?= torch==2.13.0
# Environments of LLaMA-Factory and verl, about 2 GB each.
ENGINES ?= build/engines

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
BENCHES := $(sort $(wildcard benches/bench_*.py))
# One thread a worker: OpenMP threads of several workers would only wait for each other.
# Modules go to the workers in the order of tests/conftest.py, not by their number of tests.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope \
	--no-loadscope-reorder

.PHONY: help study test test-all test-engines lint bench gallery clean
.DEFAULT_GOAL := help

help:
	@echo "make study      run the built-in nano study and write its report"
	@echo "make test       fast tests"
	@echo "make test-all   all tests, minutes longer"
	@echo "make test-engines  hand-over against LLaMA-Factory and verl themselves, in $(ENGINES)"
	@echo "make lint       ruff check, ruff format --check, mypy"
	@echo "make bench      speed against peers, one JSON line a bench"
	@echo "make gallery    write docs/gallery.md again, after a family has changed"
	@echo "make clean      remove $(VENV), caches and build output; runs/ stays"
	@echo "settings        PYTHON=$(PYTHON) VENV=$(VENV) WORKERS=$(WORKERS) TORCH=$(TORCH)"

study: $(VENV)/.train
	@$(BIN)/metaprobe run

test: $(VENV)/.dev
	@$(PYTEST) -m "not slow and not engines"

test-all: $(VENV)/.dev
	@$(PYTEST) -m "not engines"

test-engines: $(VENV)/.dev
	@for engine in llamafactory verl; do \
		PYTHON="$(PYTHON)" TORCH="$(TORCH)" bash tests/engines/make_env.sh $$engine $(ENGINES) || exit 1; \
	done
	@METAPROBE_ENGINES=$(abspath $(ENGINES)) OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest -m engines tests/engines

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@MYPYPATH=src:benches $(BIN)/mypy --config-file pyproject.toml benches/*.py

bench: $(VENV)/.dev
	@test -n "$(BENCHES)" || { echo "no benches/bench_*.py"; exit 1; }
	@for bench in $(BENCHES); do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

gallery: $(VENV)/.dev
	@$(BIN)/python tools/docs/gallery.py

clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is not Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 2; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.torch: | $(VENV)/.python
	@$(BIN)/python -c 'import torch' 2>/dev/null || \
		{ echo "installing $(TORCH)"; $(PIP) install "$(TORCH)"; }
	@touch $@

$(VENV)/.train: pyproject.toml | $(VENV)/.torch
	@echo "installing metaprobe"
	@$(PIP) install -e '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.torch
	@echo "installing metaprobe and the tools that check it"
	@$(PIP) install -e '.[dev]'
	@touch $@ $(VENV)/.train
