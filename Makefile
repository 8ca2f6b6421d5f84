# Short names for the scripts; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo data up test unit bench audit faults soak conformance lint format doctor stop lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## everything from a fresh clone to a running service, with the embedded sample
	scripts/demo

data:  ## the same with a folder of real data: make data FOLDER=...
	scripts/demo $(FOLDER)

up:  ## prepare and serve, without looking for system packages
	.venv/bin/geo-service up

test:  ## everything that is checked before a change is accepted
	scripts/test

unit:  ## the quick tests: no database, no browser
	scripts/test -q tests/unit

bench:  ## vector layers beside peers, and the H3 indexer; ARGS="--quick tiles" for parts
	scripts/setup --tests
	.venv/bin/python -m tests.bench.run $(ARGS)

faults:  ## kill, freeze and fill what the service stands on, the slow ways too
	scripts/test -q tests/faults

soak:  ## half an hour of mixed load: does anything grow? ARGS="--minutes 5" for less
	scripts/setup --tests
	scripts/soak $(ARGS)

conformance:  ## official suites and real clients (optional, long; says what is missing)
	scripts/conformance

audit:  ## try to work out what is withheld, from what anybody is given
	scripts/audit

lint:  ## style, types and import directions only
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

format:  ## let ruff put the code in order
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

doctor:  ## examine this installation
	.venv/bin/geo-service doctor

stop:  ## stop the private database
	.venv/bin/geo-service db stop

lock:  ## pin the dependencies anew (needs the network)
	scripts/lock

clean:  ## stop the private database and delete it with all it holds
	-.venv/bin/geo-service db stop
	rm -rf "$$(readlink -f .data/postgres)" .data
