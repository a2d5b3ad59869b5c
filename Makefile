# Two commands from a fresh clone: `make ask Q="…"` (or `make chat`) and `make test`.
# Python 3.11 or newer and a C++ compiler are needed; .ci/setup does the rest, once.

# The library is the one that .venv/bin/dateline takes by itself; LIBRARY=DIR names another.
ifdef LIBRARY
export DATELINE_LIBRARY := $(LIBRARY)
endif
TEST_MODELS = all-MiniLM-L6-v2 qwen2.5-coder-1.5b-instruct smollm2-135m-instruct
DATELINE = .venv/bin/dateline
PYTEST = .venv/bin/python -m pytest
# As it was typed: make would read a $ in it as a variable, and so would the shell.
export QUESTION := $(value Q)

.PHONY: help ask chat setup models sample test test-fast test-models lint newest clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  .venv/bin/dateline --help lists what else there is (. .venv/bin/activate makes it: dateline)"

ask: ## Answer a question: make ask Q="How large was trade between Russia and China in 2023?"
	@test -n "$$QUESTION" || { echo 'Say what to ask, as in: make ask Q="Who came along?"' >&2; exit 2; }
	@$(MAKE) --no-print-directory sample
	@$(DATELINE) ask -- "$$QUESTION"

chat: sample ## Open the chat page in a browser
	@$(DATELINE) chat --open

setup: ## Make the environment in .venv
	@.ci/setup run

models: setup ## Get the default encoder and generator
	@.venv/bin/dateline models pull > /dev/null

sample: models ## Put the sample articles into an empty library
	@.ci/setup sample

test: lint test-fast test-models ## All tests, ruff and mypy

test-fast: ## The tests that need no model and no browser
	@.ci/setup test
	$(PYTEST) -m "not models and not browser" -n auto --dist loadfile

test-models: ## The tests with real models and a real browser
	@.ci/setup test
	@.venv/bin/dateline models pull $(TEST_MODELS) > /dev/null
	$(PYTEST) -m "models and not browser"
	$(PYTEST) -m browser

lint: ## ruff and mypy
	@.ci/setup test
	.venv/bin/ruff check .
	.venv/bin/mypy

newest: ## The fast tests with the newest libraries that pyproject.toml allows, in .venv-newest
	@NEWEST=1 VENV=.venv-newest .ci/setup test
	.venv-newest/bin/python -m pytest -m "not models and not browser" -n auto --dist loadfile

clean: ## Remove the environment and caches; models and libraries stay
	rm -rf .venv .venv-newest build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
