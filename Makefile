# Two commands are all a newcomer needs: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
SUPPORTED_PYTHON := >=3.11,<3.13
UV := .uv/bin/uv
VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(UV) pip install --quiet --python $(RUN) --no-deps
# TORCH=cpu (or cu126, ...) is uv's torch backend; unset: what the lock file names.
TORCH ?=
TORCH_VERSION := $(shell sed -n 's/^torch==\([0-9.]*\).*/\1/p' requirements/torch.txt)
# The CPU build needs nothing that dev.txt does not pin; a CUDA build brings its own libraries, within those pins.
TORCH_SCOPE := $(if $(filter cpu,$(TORCH)),--no-deps,--constraint requirements/dev.txt)

# What `make test-python` runs.
TESTS ?= tests/unit

.PHONY: help demo demo-learning test test-python serve dev peers check mutants model lock schemas compose-smoke clean

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: serve ## Start the whole stack, play patient messages, show them decided live (ONCE=1: end when all are)
	@$(VENV)/bin/triage demo $(if $(ONCE),--once)

demo-learning: dev ## Corrections become a promoted version and back, on a stack of its own, checked step by step
	@$(VENV)/bin/triage demo learning

test: dev check ## Everything: lint, types, import contracts, unit, contract and integration tests, the short delivery proof
	$(RUN) -m pytest -n 2 --dist loadfile tests/contract
	$(RUN) -m pytest --durations=12 tests/integration tests/chaos

check: dev ## The fast part: lint, types, import contracts, unit tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m pytest -n 2 --dist loadfile tests/unit

# An environment of its own; PYTHON names a version here, which uv finds or brings, and elsewhere the interpreter of make.
test-python: ## The unit tests on another Python (PYTHON=3.12; TESTS=tests/unit/streams)
	@$(MAKE) --no-print-directory dev PYTHON=python3 VENV=.venv-$(PYTHON) SUPPORTED_PYTHON=$(PYTHON)
	.venv-$(PYTHON)/bin/python -m pytest -n 2 --dist loadfile -p no:cacheprovider $(TESTS)

mutants: dev ## Take each repair of Faust out of a copy of the engine, and see its test fail (three minutes)
	$(RUN) -m tests.mutants

serve: $(VENV)/.serve ## Only the environment that the stack runs in (no torch)
dev: $(VENV)/.dev ## The whole environment: training, tests, checks
peers: $(VENV)/.peers ## The engines that `triage bench stream` compares with

compose-smoke: dev ## Bring up docker-compose.yml, send 1,000 messages, kill a worker, count what became of them
	$(RUN) -m ops.docker.smoke

model: dev ## Fine-tune, evaluate and export the default model anew (about an hour on two cores)
	$(RUN) -m trainer.pipeline

schemas: dev ## Write schemas/json and schemas/asyncapi.json from the contracts and the map of topics
	$(RUN) -m schemas.export
	$(RUN) -m ops.asyncapi

$(UV): requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or 3.12 is needed: install it, or name one with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is needed (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "Preparing the installer ..."
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# An interpreter that is on the machine, else one that uv brings.
$(RUN): | $(UV)
	@$(UV) venv --quiet --python "$(SUPPORTED_PYTHON)" $(VENV)

$(VENV)/.serve: requirements/serve.txt requirements/binaries.txt pyproject.toml | $(RUN)
	@echo "Installing what the stack needs ..."
	@$(INSTALL) --require-hashes -r requirements/serve.txt -r requirements/binaries.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/torch.txt $(VENV)/.serve
	@echo "Installing what training and tests need ..."
ifeq ($(TORCH),)
	@$(INSTALL) --require-hashes -r requirements/torch.txt
else
	@$(UV) pip install --quiet --python $(RUN) $(TORCH_SCOPE) --torch-backend $(TORCH) torch==$(TORCH_VERSION)
endif
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.peers: requirements/bench.txt $(VENV)/.serve
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

lock: $(UV) ## Resolve the pinned, hashed requirements anew
	@PATH=$(CURDIR)/.uv/bin:$$PATH bash requirements/lock.sh

# Released versions, rounds and runs are nowhere else.
KEPT = $(wildcard .env runs rounds $(filter-out model_repo/triage_bert/1,$(wildcard model_repo/*/[0-9]*)) model_repo/.retired)

clean: ## Remove what this checkout has built and recorded; says what it keeps
	rm -rf $(VENV) .venv-* .uv .triage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@$(if $(KEPT),echo "Kept; remove by hand what nothing needs: $(KEPT)",true)
