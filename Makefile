# Every command of the project. `make help` lists them. Two of them do all the set-up: `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
DASHBOARD := dashboard/dist/index.html
SOURCES := consumers infra producers projections replay schemas

##@ Run
run: install $(DASHBOARD) ## Everything on this machine, seeded with demo data: http://127.0.0.1:8000/ (Ctrl-C stops it)
	$(BIN)/leadflow up

dev: install ## Servers, processes and the dashboard's own server with hot reload: http://127.0.0.1:5173/
	$(BIN)/leadflow up --no-demo & trap 'kill %1; wait' EXIT; cd dashboard && npm run dev

start: install $(DASHBOARD) ## The gateway alone, against servers named by the environment
	$(BIN)/leadflow gateway

up: ## The same servers as containers (needs Docker)
	docker compose -f infra/deploy/compose.yaml up -d --wait

down: ## Stop the containers
	docker compose -f infra/deploy/compose.yaml down

##@ Set up
install: $(VENV)/.installed ## Python packages, locked by hash
$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

lock: install ## Choose package versions anew and write requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group servers --group dev --group bench --universal --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --upgrade --quiet -o requirements.lock

dashboard/node_modules/.installed: dashboard/package-lock.json
	cd dashboard && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DASHBOARD): dashboard/node_modules/.installed $(shell find dashboard/src dashboard/index.html -type f 2>/dev/null)
	cd dashboard && npm run build

build: $(DASHBOARD) ## The dashboard, for production

##@ Database (servers named by the environment)
migrate: install ## Bring the database to the newest revision
	$(BIN)/leadflow migrate

migration: install ## Make an empty migration: make migration FOLDER=scoring MESSAGE="add a column"
	$(BIN)/leadflow migration "$(FOLDER)" "$(MESSAGE)"

rollback: install ## Undo the last revision
	$(BIN)/leadflow rollback

seed: install ## Demo data, through the intake of the gateway that is running
	$(BIN)/leadflow seed

##@ Check
test: install test-unit test-integration test-dashboard test-e2e ## Every test (15 minutes at most on 2 cores)

test-unit: install ## What needs no server, and the simulation of the runtime
	$(PYTEST) tests -m "not integration and not e2e and not long" -q -n 2 --dist worksteal

test-integration: install ## Against real servers, started for you
	$(PYTEST) tests -m "integration and not long" -q

test-dashboard: dashboard/node_modules/.installed ## The dashboard's own tests
	cd dashboard && npm test -- --silent

test-e2e: install $(DASHBOARD) ## The whole system and a real browser
	$(PYTEST) tests/e2e -m "e2e and not long" -q

test-long: install ## Minutes to hours: more seeds, more cases
	$(PYTEST) tests -m long -q

test-faults: install ## Kills on the real stack, under load
	$(PYTEST) tests/faults -m "long" -q

coverage: install ## Unit coverage, 90 % at least
	$(PYTEST) tests -m "not e2e and not long" -q --cov --cov-report=term --cov-fail-under=90

lint: install ## ruff, import contracts, and the house's own rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

typecheck: install ## mypy, strict
	$(BIN)/mypy

lint-dashboard: dashboard/node_modules/.installed ## eslint and the TypeScript compiler
	cd dashboard && npm run lint && npm run typecheck

format: install ## ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Figures beside peers, in one run
	$(BIN)/python -m benchmarks

schemas: install dashboard/node_modules/.installed ## Published JSON Schemas, the topology picture and the dashboard's client, from the code
	$(BIN)/python -m schemas.publishing
	$(BIN)/python -m infra.wiring.catalogue
	$(BIN)/python -m infra.wiring.openapi
	cd dashboard && npm run generate

##@ This list
help: ## Show it
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run dev start up down install lock build migrate migration rollback seed test test-unit test-integration test-dashboard \
  test-e2e test-long test-faults coverage lint typecheck lint-dashboard format bench schemas help
