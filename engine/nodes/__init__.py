"""One file per node type: its parameters, its outcomes, its one coroutine.

A module dropped into this package is found by `engine.nodes.registry`; nothing central is edited.
"""
