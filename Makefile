# `make help` lists what there is. Everything runs through uv, which is fetched where it is missing.
.DEFAULT_GOAL := help
.ONESHELL:
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
export PYTHONSAFEPATH = 1

ifdef PYTHONDONTWRITEBYTECODE
# Told to leave no bytecode beside the source, each process would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/.home/bytecode
endif

UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/.tools/bin/uv)
export PATH := $(dir $(UV)):$(PATH)
RUN := uv run --no-sync

DEALERS ?= 300
PURCHASES ?= 50000
SEED ?= 1
SECONDS ?= 90
NODES ?= 1
SIZE_HOME ?= .home/size
# One worker more than the two cores that this is meant for: there is always one that waits.
PYTEST := $(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 20
FLAGS ?=

.PHONY: help
help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

$(CURDIR)/.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet uv

.PHONY: setup
setup: $(UV) ## Install everything at its locked version, explorer included
	uv sync --quiet --frozen
	$(RUN) sh web/setup.sh

.PHONY: demo
demo: setup ## A made-up Netherlands, imported, matched and served: DEALERS= PURCHASES= SEED=
	DEALERS=$(DEALERS) PURCHASES=$(PURCHASES) SEED=$(SEED) ./demo.sh

.PHONY: demo-check
demo-check: setup ## The same without a person: fails when planted hits are not found
	DEALERS=300 PURCHASES=20000 SEED=$(SEED) ./demo.sh --check

.PHONY: test
test: setup browser keycloak check ## Everything that must pass, in under ten minutes
	$(PYTEST) -m "not slow and not search" --hypothesis-profile quick

.PHONY: test-search
test-search: setup ## What asks an OpenSearch, on one node and on three with one killed
	$(RUN) python -m tests.search --durations 10 --hypothesis-profile quick

.PHONY: test-all
test-all: setup browser keycloak check ## And the slower proofs, of search too
	$(PYTEST) -m "not search" --hypothesis-profile thorough
	$(RUN) python -m tests.search --hypothesis-profile thorough

.PHONY: model
model: setup ## The stateful model against the real pipeline: SECONDS= SEED=
	MODEL_SECONDS=$(SECONDS) $(RUN) pytest -q tests/processes/test_matching_model.py --hypothesis-seed=$(SEED)

.PHONY: check
check: ## Style, types, the rooms' order, spelling, and what the schema may change
	$(RUN) ruff format --check --quiet
	$(RUN) ruff check --quiet
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) codespell
	$(RUN) python -m tests.graphql.gate

.PHONY: browser
browser: ## Chromium, for the tests of the page
	@command -v chromium >/dev/null || { \
	  apt-get update -q && apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core; } \
	  || { echo "The tests of the page need Chromium: install the package chromium." >&2; exit 1; }

.PHONY: keycloak
keycloak: ## An identity provider, for the tests of logging in
	@{ command -v mvn >/dev/null && command -v unzip >/dev/null || { apt-get update -q && \
	  apt-get install -q -y --no-install-recommends maven unzip default-jre-headless; } && \
	  sh tests/keycloak/get.sh; } \
	  || { echo "The tests of logging in need Keycloak: install mvn, unzip and a JDK of 17 or newer." >&2; \
	  exit 1; }

.PHONY: opensearch
opensearch: ## An OpenSearch on this machine: NODES=1 or 3; `./opensearch.sh stop` ends it
	./opensearch.sh start $(NODES)

.PHONY: bench
bench: setup ## Every bench, as ratios in one run
	for name in append rebuild match checks intake journal search; do $(RUN) python -m bench.$$name; done

.PHONY: bench-quality
bench-quality: setup ## What matching finds in three made-up worlds, by grade and stratum
	$(RUN) python -m bench.quality --seeds 14 15 16

.PHONY: bench-10m
bench-10m: setup ## The size of the nation, in hours: SIZE_HOME= FLAGS=--resume goes on with it
	$(RUN) python -m bench.size --purchases 10000000 --stolen 1700000 --home $(SIZE_HOME) $(FLAGS)

.PHONY: clean
clean: ## Remove what is made here: databases, caches, environments
	if [ -d .venv ]; then \
	  $(RUN) python -m herkomst.record.removal .home/demo .home/demo-check .home/size/register; fi
	rm -rf .home .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  web/node_modules web/assets/explorer
