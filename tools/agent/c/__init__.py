"""The C interface of an agent's client: a shared library with Python inside. Built by `build.py`; docs/agent-c.md."""
