"""How fast is it? `python -m tools.bench` starts a server of its own and loads it."""
