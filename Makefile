# Everything a developer or operator types. `make` alone lists it.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST_ARGS ?=
# Where nothing may be kept, each of the dozens of processes would compile everything anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest

MODEL ?= best

.PHONY: help run model test test-ml test-cluster lint fmt docs lock migrate clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Start the bot: a local Telegram in the browser, or the real one with a token in .env
	@exec $(BIN)/python -m bot

model: $(READY) ## Fetch the best model for this machine's memory; a bot that runs changes over to it
	@exec $(BIN)/python -m inference fetch $(MODEL)

test: $(VENV)/.ready-dev ## Run the tests of bot and inference (PYTEST_ARGS="-k name" picks some)
	@$(PYTEST) -n 3 --dist loadscope --no-loadscope-reorder --durations=15 $(PYTEST_ARGS)

test-ml: ## Check and test what needs torch and LMDeploy, in an environment of its own
	@PYTHON=$(PYTHON) tests/ml/install.sh
	@.venv-ml/bin/python -m mypy -p training -p inference.quantize
	@.venv-ml/bin/python -m pytest tests/ml --confcutdir=tests/ml -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-cluster: .venv-cluster/.ready ## Test preparing on DataTrove and Ray, in an environment of its own
	@.venv-cluster/bin/python -m pytest tests/cluster --confcutdir=tests/cluster $(PYTEST_ARGS)

lint: $(VENV)/.ready-dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fmt: $(VENV)/.ready-dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.ready-dev ## Build the documentation as a site into build/site
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs --quiet build --strict --config-file deploy/site/mkdocs.yml

lock: $(VENV)/.ready-dev ## Pin, with hashes, what production installs (LOCK_ARGS=--upgrade takes newer versions)
	@$(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-annotate \
	  --extra local --extra reader --extra tokens --custom-compile-command "make lock" \
	  --output-file deploy/requirements.lock $(LOCK_ARGS)

migrate: $(READY) ## Bring the database of DATABASE_URL up to date
	@$(BIN)/python -m bot migrate

clean: ## Remove the virtual environments and caches (never the data)
	@rm -rf $(VENV) .venv-ml .venv-cluster .mypy_cache .pytest_cache .ruff_cache *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Shudong needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	    "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is missing (on Debian and Ubuntu: apt install python3-venv)."; exit 2; }

$(READY): pyproject.toml | $(BIN)/python
	@echo "Installing what the bot needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,reader]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,reader,demo,dev,corpora,evaluate,feedback]'
	@touch $@ $(READY)

# Not .venv-ml: DataTrove asks for a newer huggingface-hub. Not .venv: Ray alone is 300 MB.
.venv-cluster/.ready: pyproject.toml
	@[ -x .venv-cluster/bin/python ] || $(PYTHON) -m venv .venv-cluster
	@echo "Installing DataTrove and Ray into .venv-cluster ..."
	@.venv-cluster/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[corpora-ray,test]'
	@touch $@
