# Everything starts from a clean checkout with Python 3.11 or newer; nothing outside .venv is changed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= data
PORT ?= 8080
DEMO_SERVE ?= 1
PYTEST_ARGS ?= -n auto
BENCH_ARGS ?=
SOAK_ARGS ?=
KILLS_ARGS ?=
CLUSTER_SOAK_ARGS ?= --kills 200 --rebalances 50 --away 600 --drills
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test check lint types bench bench-peers evaluate soak up down

demo: $(VENV)/.installed ## load the demo gym and the shipped exports, print the roster, serve the pages
	$(BIN)/spotter demo --data $(DATA)
	$(BIN)/spotter roster --data $(DATA)
	$(BIN)/spotter alerts --open --data $(DATA)
	@if [ "$(DEMO_SERVE)" != 0 ]; then exec $(BIN)/spotter up --data $(DATA) --port $(PORT); fi

test: $(VENV)/.installed-test ## every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint types test ## lint, types, every test

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

bench: $(VENV)/.installed-test ## measure, write bench/results, print a table
	$(BIN)/python -m bench.run $(BENCH_ARGS)

bench-peers: $(VENV)/.installed-test ## the cluster's worker beside other ways from Kafka into DuckDB
	$(BIN)/python -m bench.peers $(BENCH_ARGS)

evaluate: $(VENV)/.installed-test ## synthetic athletes of known state through the pipeline, write docs/evaluation.md
	$(BIN)/python -m bench.evaluate $(EVALUATE_ARGS)

soak: $(VENV)/.installed-test ## many random histories with crashes, against a replay and the oracle; kills; a cluster under faults
	$(BIN)/python -m tests.sim.soak $(SOAK_ARGS)
	$(BIN)/python -m tests.sim.kills $(KILLS_ARGS)
	$(BIN)/python -m tests.broker.soak $(CLUSTER_SOAK_ARGS)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[cluster,test]'
	@touch $@ $(VENV)/.installed

# the plug-in of newer Docker, else the program of its own
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

up: ## the cluster of docker-compose.yml: Kafka, gateway, two workers, relay
	$(COMPOSE) up -d --build
	@echo "a key for devices: $(COMPOSE) exec gateway spotter keys create --scope ingest"
	@echo "a key for the pages, http://127.0.0.1:8081: $(COMPOSE) exec gateway spotter keys create --scope read"

down: ## stop it; data stay in the volumes
	$(COMPOSE) down
