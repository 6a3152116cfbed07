# Two commands do everything: `make demo` and `make test`. Both make the environment when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two threads that spin while they wait are many times slower beside a busy neighbour.
export OMP_WAIT_POLICY ?= passive

.PHONY: demo pictures test lint types tests format bench clean

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "bevseg needs Python 3.11 or newer; name one with: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/bevseg run sample_data/test -o build/demo --train-on sample_data/train --classes shrec20 \
		--max-minutes 6 --work build/demo/work --overwrite

# The pictures of the README, from the demo.
pictures: demo
	$(BIN)/python docs/pictures.py build/demo/work build/demo docs/images

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

tests: $(VENV)/installed
	$(BIN)/pytest

test: lint types tests

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python benchmarks/end_to_end.py --json build/end_to_end.json

clean:
	rm -rf build dist *.egg-info
