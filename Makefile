# Legation: what to type. `make` alone prints this list.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test conformance-all lint type check lock openapi clean

PYTHON ?= python3
# Wheels of the tests' database are there for Python 3.10 to 3.13.
MONGO_PYTHON ?= $(PYTHON)
BIN := .venv/bin
# Two workers suit small machines; a larger one may say WORKERS=auto.
WORKERS ?= 2

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Legation needs Python 3.11 or newer; name one with PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/.development: .venv/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/.runtime ## make .venv with the command .venv/bin/legation

# The database of the tests has an environment of its own: it is under another licence, a process of its own, and no part of this project.
.venv-mongo/.ready: tests/mongo/requirements.lock
	$(MONGO_PYTHON) -m venv .venv-mongo
	.venv-mongo/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r tests/mongo/requirements.lock
	@touch $@

setup-dev: .venv/.development .venv-mongo/.ready ## the same, with everything the tests need

run: setup ## start the demonstration: a model alliance shares, then the server goes on
	$(BIN)/legation demo

test: setup-dev ## run the whole suite
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) --dist loadfile
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --skip-covered --fail-under=95

conformance-all: setup-dev ## the conformance tests over every store; `make test` runs a sample of them over MongoDB
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --every-store tests/conformance

.PHONY: prove
prove: setup-dev ## prove every promise long, by all cores; PROVE=10000 says how many histories, PROVE=--help more
	PYTHONPATH=tests $(BIN)/python -m property.prove $(PROVE)

lint: setup-dev ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

type: setup-dev ## mypy and pyright, strict, on app/
	$(BIN)/mypy app
	$(BIN)/pyright app

check: lint type test ## everything that must pass before a change lands

openapi: setup-dev ## write openapi/legation.json anew from the running app
	$(BIN)/python -m app.api.openapi > openapi/legation.json

.PHONY: bench
bench: setup ## measure beside floors and peers, which it installs; BENCH=--quick takes minutes
	$(BIN)/python -m benchmarks.run $(BENCH)

.PHONY: capacity
capacity: setup ## simulate how many clients how many workers bear; CAPACITY="--measure all" measures this machine first
	$(BIN)/python -m benchmarks.capacity $(CAPACITY)

.PHONY: missed crash
missed: setup-dev ## count what followers miss while servers are killed; MISSED=--help tells the sizes
	$(BIN)/python -m benchmarks.missed $(MISSED)

crash: setup-dev ## kill the server in the midst of writing, 200 times, and look what is left; CRASH=--help tells the sizes
	$(BIN)/python -m benchmarks.crash $(CRASH)

lock: setup-dev ## resolve the dependencies anew, with hashes (needs uv on the path)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -c requirements.lock --upgrade -q -o requirements-dev.lock
	uv pip compile tests/mongo/requirements.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -q -o tests/mongo/requirements.lock

clean: ## remove what can be made anew
	rm -rf .venv .venv-mongo build *.egg-info .coverage* htmlcov .hypothesis .mypy_cache .ruff_cache .pytest_cache
