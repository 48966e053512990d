# One list of commands. `make` prints it. Every command first makes .venv ready, from nothing if need be.
PYTHON ?= python3
VENV := .venv/bin/python
COURSE := @$(PYTHON) scripts/setup_environment.py course
DEV := @$(PYTHON) scripts/setup_environment.py dev

.DEFAULT_GOAL := help
.PHONY: help course test site pdf exercises grade-demo links serve notebooks format test-slow benchmark gpu lighthouse clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

course: ## build the site, the exercises and the graded demonstration class
	$(COURSE)
	@$(VENV) scripts/make_course.py

test: ## check and test everything (not the slow tests)
	$(DEV)
	@$(VENV) scripts/run_checks.py

site: ## build the site alone, into _build/html
	$(COURSE)
	@$(VENV) scripts/make_course.py site

pdf: ## build the site with a PDF file of each chapter (needs Chromium)
	$(DEV)
	@$(VENV) scripts/make_course.py pdf

exercises: ## generate exercises/ from solutions/
	$(COURSE)
	@$(VENV) scripts/make_course.py exercises

grade-demo: ## build and grade the demonstration class alone
	$(COURSE)
	@$(VENV) scripts/make_course.py grade-demo

links: ## ask every address in the book whether it still answers
	$(COURSE)
	@$(VENV) scripts/make_course.py links

serve: site ## show the site at http://127.0.0.1:8000 (PORT=... for another port)
	@$(VENV) -m http.server --bind 127.0.0.1 --directory _build/html $(or $(PORT),8000)

notebooks: ## run the chapters again and store their outputs
	$(DEV)
	@$(VENV) scripts/notebooks.py execute book/*.ipynb

format: ## lay out and tidy the code with ruff
	$(DEV)
	@$(VENV) -m ruff check --fix --exit-zero --quiet .
	@$(VENV) -m ruff format .

test-slow: ## run the slow tests
	$(DEV)
	@$(VENV) -m pytest -m slow tests

benchmark: ## time the NumPy library against torch and others
	$(DEV)
	@$(VENV) -m tests.benchmarks

gpu: ## with an NVIDIA GPU (TORCH=cuda make gpu): its tests, its times, and both on the page
	$(DEV)
	@$(VENV) -m pytest -m gpu tests
	@$(VENV) -m tests.benchmarks.bench_gpu --numbers tests/benchmarks/gpu.json
	@$(VENV) -m tests.benchmarks --page tests/benchmarks/cpu.json --gpu tests/benchmarks/gpu.json --write book/benchmarks-cpu.md

lighthouse: ## ask Lighthouse about three pages (needs npx and the network)
	$(DEV)
	@$(VENV) scripts/lighthouse.py

clean: ## remove what was built, but keep .venv and class/
	@rm -rf _build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
