# The front door of a checkout. Everything is made inside it: .venv (Python packages) and .mathagent (vLLM's CPU build,
# the embedded model, the server's state). Needs Python 3.11 to 3.13, or PYTHON=/path/to/one; uv is used if it is there.
#
#   make demo   install all, then solve a problem with the embedded model on vLLM
#   make test   install all, then run every test
#   make fast   the tests that need no vLLM
#   make lint   ruff and mypy
#   make clean  remove what was made here

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test fast lint clean server

export MATHAGENT_HOME ?= $(CURDIR)/.mathagent
# Bytecode makes the second start of everything several times faster.
unexport PYTHONDONTWRITEBYTECODE

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && command -v $$python && break; done)
BIN := .venv/bin
NATALIA := Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. \
	How many clips did she sell altogether?

help:
	@sed -n 's/^#   //p' Makefile

.venv/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c '$(SUPPORTED)' || { echo "$(PYTHON) is not Python 3.11 to 3.13" >&2; exit 1; }
	if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" .venv; \
	  uv pip install --quiet --python $(BIN)/python "uv>=0.10"; \
	else \
	  "$(PYTHON)" -m venv .venv; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.10"; \
	fi
	@touch $@

# uv does not read pip's configuration: hand on the index that it names, if it names one.
PIP_INDEX = $(shell "$(PYTHON)" -m pip config get global.index-url 2>/dev/null)
INSTALL = $(if $(PIP_INDEX),UV_DEFAULT_INDEX="$(PIP_INDEX)") $(BIN)/uv pip install --quiet --python $(BIN)/python

.venv/installed: .venv/made pyproject.toml
	$(INSTALL) --editable .
	@touch $@

.venv/dev: .venv/made pyproject.toml
	$(INSTALL) --editable . --group dev
	@touch $@ .venv/installed

server: .venv/installed
	$(BIN)/mathagent setup

demo: .venv/installed server
	$(BIN)/mathagent solve "$(NATALIA)"
	@echo "The server stays for half an hour: $(BIN)/mathagent serve stop" >&2

test: .venv/dev server
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations 15

fast: .venv/dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not vllm"

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	-test ! -x $(BIN)/mathagent || $(BIN)/mathagent serve stop
	rm -rf .venv .mathagent .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
