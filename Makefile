# make run: a server that answers sip:32@127.0.0.1.  make test, make check, make bench, make soak, make lock, make clean.
# make agent-library: the C interface for programs at agents' desks, into build/agent.
# Everything is set up first where it is missing: .venv from the hashed lock, Debian packages when root.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check install

.PHONY: setup run test test-lines test-others check bench soak agent-library lock clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

# The builders first: two dependencies come as source, and are built with what is locked, not with the newest.
$(STAMP): requirements.txt requirements-build.txt pyproject.toml drivers/sip/media/_kernel.c
	@tools/need.sh python3=python3 && PYTHON="$(PYTHON)" tools/need.sh venv=python3-venv
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; $(PYTHON) is older. Say which: make PYTHON=python3.11" >&2; exit 2; }
	@echo "installing into $(VENV)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements-build.txt
	@$(PIP) --require-hashes --no-build-isolation -r requirements.txt
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

run: setup
	$(BIN)/flowctl serve --config server.yaml

test: setup
	@PYTHON=$(BIN)/python tools/need.sh gcc=gcc python-dev=python3-dev
	@tools/need.sh sipp=sip-tester espeak-ng=espeak-ng mariadbd=mariadb-server openssl=openssl \
		kamailio=kamailio kamailio-tls=kamailio-tls-modules baresip=baresip-core ip=iproute2
	@$(MAKE) --no-print-directory --jobs=2 test-lines test-others

# Two at a time, because tests of the wire mostly wait, and then want a processor at once; each has RTP ports of its own.
LINES := tests/sip tests/media tests/server tests/pyvoip tests/interop tests/e2e tests/faults

test-lines:
	FLOWCTL_TEST_PORTS=46000-46999 $(BIN)/python -m pytest -o cache_dir=.pytest_cache/lines $(LINES)

test-others:
	nice -n 10 $(BIN)/python -m pytest -o cache_dir=.pytest_cache/others $(LINES:%=--ignore=%)

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.docs.generate --check
	$(BIN)/python -m pytest tests/house/test_lock.py

bench: setup
	$(BIN)/python -m tools.bench
	$(BIN)/python -m tools.bench.offers

# Long runs: 100,000 hostile datagrams, 10,000 calls, 1,000 bridged ones, a stop with 400; statistics of 100,000 calls.
# Some seventeen minutes.
soak: setup
	@tools/need.sh sipp=sip-tester mariadbd=mariadb-server
	$(BIN)/python -m pytest tests/hostile/soak_lines.py tests/records/soak_statistics.py --log-cli-level=INFO

agent-library: setup
	@PYTHON=$(BIN)/python tools/need.sh gcc=gcc python-dev=python3-dev
	$(BIN)/python -m tools.agent.c.build build/agent

lock: setup
	$(COMPILE) --extra server --extra sip --extra pyvoip --extra dev --output-file requirements.txt pyproject.toml
	$(COMPILE) --output-file requirements-build.txt requirements-build.in

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
