# `make demo` and `make test` are the two commands of a fresh machine: Python >= 3.11 and make.
# uv is used when it is there, pip otherwise.
PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements.lock
BIN := $(VENV)/bin
CORES ?= all
# Where `make test-real` keeps what it fetches.
REAL_DATA ?= downloads/real
INSTALLED := $(VENV)/.installed
UV := $(shell command -v uv 2>/dev/null)
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links
export UV_PYTHON_DOWNLOADS := never
# The workflow calls `lotwise` by name, as it does on a cluster.
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: long-tests demo gse150969 check test test-unit coverage lint docs readme-figures bench lock tools audit faults test-real wheel wheel-test install clean help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo   run the whole workflow offline, from simulated reads; results in results/demo
demo: $(INSTALLED)
	$(BIN)/lotwise simulate results/demo/input --as reads --de-genes 150 --switches 60 --threads 2
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml
	@echo "lot1 and lot2 are alike. In lot3, 150 genes are changed 4-fold and 60 use other isoforms."
	@echo "Open the report: results/demo/report.html"

## make gse150969   the series of Bloor et al. 2020, from GEO to figures (needs the network)
gse150969: $(INSTALLED)
	$(BIN)/snakemake --cores $(CORES)
	@$(BIN)/lotwise verify --config config.yaml --results results/gse150969
	@echo "Open the report: results/gse150969/report.html"

## make test   lint, types, layers, examples and all tests
test: lint
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

## make check  style, types, layers, examples and the unit tests that take little time
check: lint
	$(BIN)/python -m pytest -n auto -m "not slow and not long" src tests/unit $(PYTEST_ARGS)

## make long-tests   measure all unit tests: `make check` leaves out those that take long
long-tests: $(INSTALLED)
	$(BIN)/python -m pytest -n auto -m "not slow" --durations=0 tests/unit | $(BIN)/python tests/long_tests.py

## make test-unit   the unit tests alone, without lint
test-unit: $(INSTALLED)
	$(BIN)/python -m pytest -n auto src tests/unit $(PYTEST_ARGS)

## make coverage  branch coverage of src; fails below 92 per cent
coverage: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --cov --cov-report=term --cov-fail-under=92 src tests/unit tests/golden tests/falsification \
	  tests/services/test_accession.py tests/services/test_deposited_shapes.py tests/services/test_download_faults.py \
	  tests/services/test_fetch_faults.py $(PYTEST_ARGS)

## make docs   this documentation, every notebook run; docs/_build/html/index.html
docs: $(INSTALLED)
	$(BIN)/python -m sphinx -W --keep-going -n -E -q -j auto docs docs/_build/html

## make readme-figures   the README's figures anew: make demo, and its figures made small
readme-figures: demo
	$(BIN)/python docs/readme_figures.py results/demo/figures docs/images

## make lint   style, types and layers alone
lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow

## make bench  timings beside the peers (needs R with tximport for some)
bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

## make faults   inject faults of network, disk, process and foreign files; their count at the end
faults: $(INSTALLED)
	$(BIN)/python -m pytest -q -n auto -m fault tests $(PYTEST_ARGS)

## make audit  licences of all dependencies (none GPL), known vulnerabilities, and sbom.json
audit: $(INSTALLED)
	$(BIN)/python docs/audit.py --sbom sbom.json

## make lock   resolve the dependencies anew into requirements.lock (needs uv)
lock:
	$(COMPILE) --extra all --extra test --extra docs --extra cluster --extra de --extra lint --extra build -o requirements.lock pyproject.toml
	$(COMPILE) --extra all --extra multiqc --extra crate --extra build -o requirements-tools.lock pyproject.toml

## make tools  MultiQC and the RO-Crate validator beside lotwise, in an environment of their own
tools:
	@$(MAKE) --no-print-directory install VENV=.venv-tools LOCK=requirements-tools.lock

## make test-real   fetch public quantifications and reads by SHA-256; check the known coefficients on them
test-real: $(INSTALLED)
	$(BIN)/python tests/real/fetch.py $(REAL_DATA)
	LOTWISE_REAL_DATA=$(abspath $(REAL_DATA)) $(BIN)/python -m pytest -m shared tests/golden $(PYTEST_ARGS)

## make wheel  dist/lotwise-*.whl, with the workflow inside
wheel: $(INSTALLED)
	rm -rf dist
	$(BIN)/hatchling build --target wheel

## make wheel-test   build the wheel; install it in an empty environment and run the demo from it
wheel-test: wheel
	bash tests/wheel.sh dist/lotwise-*.whl $(PYTHON)

## make clean  remove the environment
clean:
	rm -rf $(VENV) .venv-tools

install: $(INSTALLED)

$(INSTALLED): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "lotwise needs Python >= 3.11: make PYTHON=/path/to/python3.12 ..."; exit 2; }
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(LOCK)
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python cannot make an environment: apt install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@
