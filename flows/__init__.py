"""Ready-made scenarios: files, no code. `flowctl init` copies them, `make run` serves them."""
