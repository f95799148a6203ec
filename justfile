# Everything a developer needs, by name. `just` lists it.
set shell := ["bash", "-euo", "pipefail", "-c"]

py := ".venv/bin/python"
bin := ".venv/bin"

_list:
    @just --list

# Start everything (PORT and CAUKIEU_VAR are honoured).
run:
    ./scripts/run

# The suite without a browser; arguments go to pytest.
test *args:
    ./scripts/test {{args}}

# Everything that needs no database, in under a minute.
check:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/lint-imports
    {{bin}}/mypy backend
    {{bin}}/djlint --lint --quiet frontend-templates
    {{py}} scripts/messages --check
    {{py}} scripts/workflow_diagrams --check
    {{py}} scripts/check_migrations

# Mend what can be mended by a program.
fix:
    {{bin}}/ruff check --fix .
    {{bin}}/ruff format .
    {{py}} scripts/workflow_diagrams

# Benchmarks: `just bench api`, `just bench all`.
bench *args:
    ./scripts/bench {{args}}

# Add what is missing of the sample data.
seed:
    {{py}} -m backend.local.manage seed

# Pin the dependencies again, with hashes and without addresses.
lock:
    for f in bootstrap runtime test bench; do \
        [ -e requirements/$f.in ] || continue; \
        {{bin}}/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
            --no-emit-index-url --no-header requirements/$f.in -o requirements/$f.txt; \
    done
