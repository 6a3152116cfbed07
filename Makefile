# `make demo` shows what bevseg does, `make check` is for while you work, `make test` is for before you share it.
# Each makes the environment when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two threads that spin while they wait are many times slower beside a busy neighbour.
export OMP_WAIT_POLICY ?= passive

.PHONY: demo pictures docs house-pictures check test lint types tests fast-tests format bench bench-ground default-model model-card bench-model simulator clean

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "bevseg needs Python 3.11 or newer; name one with: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# Labels at once, with the model that ships; then a small training from nothing, to show one.
demo: $(VENV)/installed
	$(BIN)/bevseg run sample_data/test -o build/demo/at_once --classes shrec20 --overwrite
	$(BIN)/bevseg run sample_data/test -o build/demo/trained --train-on sample_data/train --classes shrec20 \
		--init none --max-minutes 5.5 --work build/demo/work --overwrite
	@echo "The reports: build/demo/at_once/report.html and build/demo/trained/report.html. Open them in a browser."
	@echo "To look at the points and correct them: $(BIN)/bevseg view build/demo/at_once"

# The pictures of the README, from the demo; those of its pages need chromium and chromium-driver.
pictures: demo
	$(BIN)/python docs/pictures.py build/demo/work build/demo/trained docs/images
	$(BIN)/python docs/page_pictures.py build/demo/at_once docs/images

$(VENV)/docs-installed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

# The documentation site: build/site/index.html opens from the disk. Building it needs no network either.
docs: $(VENV)/docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The pictures of docs/architecture.md: folders and imports, of the code before the plan of today and of today's.
house-pictures: $(VENV)/installed
	$(BIN)/python docs/house_pictures.py docs/images/house/after.svg bevseg

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

# Tests run in so many processes: make test PROCESSES=8
PROCESSES ?= 2
PYTEST := $(BIN)/pytest --numprocesses $(PROCESSES) --dist worksteal
# pytest rewrites every test file before it runs it. What it has written is kept, whatever the shell says.
tests fast-tests: export PYTHONDONTWRITEBYTECODE :=
# The processes share the cores: while you work, torch gets one thread in each.
fast-tests: export OMP_NUM_THREADS ?= 1

tests: $(VENV)/installed
	$(PYTEST)

fast-tests: $(VENV)/installed
	$(PYTEST) -m "not slow" --hypothesis-profile quick

# A minute on two cores, once kernels are compiled.
check: $(VENV)/installed
	$(MAKE) --jobs 3 lint types fast-tests

# Everything: a few minutes.
test: lint types tests

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python benchmarks/end_to_end.py --json build/end_to_end.json

# All numbers and pictures of docs/ground.md. The data lie in $BEVSEG_DATA/data (default ../shared/data).
BEVSEG_DATA ?= ../shared
ISPRS := $(BIN)/python benchmarks/ground_isprs.py $(BEVSEG_DATA)/data/isprs_filtertest
STREET := $(BIN)/python benchmarks/ground_street.py $(BEVSEG_DATA)/data
bench-ground: $(VENV)/installed
	$(ISPRS) --peers --turned --leave-one-out --json build/ground/isprs.json
	$(ISPRS) --method flat-zones --json build/ground/isprs_flat-zones.json
	$(STREET) --peers --json build/ground/street.json
	$(STREET) --method smrf --json build/ground/street_smrf.json
	$(STREET) --method flat-zones --json build/ground/street_flat-zones.json
	$(BIN)/python benchmarks/ground_simulated.py --json build/ground/simulated.json
	$(BIN)/python benchmarks/ground_time.py --points 3000000 30000000 --json build/ground/time.json
	$(BIN)/python docs/ground_tables.py build/ground docs/ground.md
	$(BIN)/python docs/ground_pictures.py $(BEVSEG_DATA)/data docs/images/ground

# The model that ships, from the one before and simulated streets to its file and its card: an hour on two cores.
MODEL := build/default_model
FIRST := c8a8790
TRAIN := OMP_NUM_THREADS=1 $(BIN)/python benchmarks/default_model.py -o $(MODEL)/default.safetensors \
	--clouds $(MODEL)/clouds --init $(MODEL)/first.safetensors
default-model: $(VENV)/installed
	mkdir -p $(MODEL)
	git show $(FIRST):bevseg/weights/default.safetensors > $(MODEL)/first.safetensors
	$(TRAIN) --slice low & low=$$!; $(TRAIN) --slice high && wait $$low
	$(TRAIN)
	cp $(MODEL)/default.safetensors bevseg/weights/
	$(MAKE) model-card

# Its scores. The real clouds lie in $BEVSEG_DATA/data: add a line to the log of scorings in the card.
model-card: $(VENV)/installed
	$(BIN)/python benchmarks/transfer.py --clouds 4 --data $(BEVSEG_DATA)/data --json $(MODEL)/transfer.json
	$(BIN)/python benchmarks/steady.py $(MODEL)/default.safetensors --set oakland --data $(BEVSEG_DATA)/data \
		--json $(MODEL)/steady.json
	$(BIN)/python benchmarks/model_card.py $(MODEL) bevseg/weights/README.md README.md docs/accuracy.md

# What labelled clouds add to it; the ablation pair of training streets. Each a night on two cores.
bench-model: $(VENV)/installed
	$(BIN)/python benchmarks/fine_tuning.py $(MODEL)/fine_tuning --alone --data $(BEVSEG_DATA)/data/oakland3d \
		--json $(MODEL)/fine_tuning.json
	$(BIN)/python benchmarks/init_worth.py --data $(BEVSEG_DATA)/data/oakland3d --json $(MODEL)/init_worth.json
	for half in with without; do $(BIN)/python benchmarks/default_model.py benchmarks/configs/robust_$$half.toml \
		-o $(MODEL)/$$half/$$half.safetensors || exit; done
	$(BIN)/python benchmarks/robustness.py $(MODEL)/with/with.safetensors $(MODEL)/without/without.safetensors \
		--data $(BEVSEG_DATA)/data --json $(MODEL)/robustness.json
	$(BIN)/python benchmarks/model_card.py $(MODEL) docs/measurements.md

# All numbers and pictures of docs/simulator.md; a quarter of an hour.
SIMULATE := $(BIN)/bevseg simulate --seed 6000
simulator: $(VENV)/installed
	rm -rf build/simulator
	$(SIMULATE) -o build/simulator/oakland --preset oakland --clouds 60 \
		--compare $(BEVSEG_DATA)/data/oakland3d --json build/simulator/comparison.json
	for preset in shrec20 terrestrial mixed drums backpack survey_car; do $(SIMULATE) -o build/simulator/$$preset --preset $$preset --points 4e5 || exit 1; done
	$(BIN)/python docs/simulator_tables.py build/simulator docs/simulator.md
	$(BIN)/python docs/simulator_pictures.py build/simulator $(BEVSEG_DATA)/data docs/images/simulator

clean:
	rm -rf build dist *.egg-info
