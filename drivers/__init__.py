"""Implementations of `engine.lines`: how calls reach the engine. Each passes one contract suite."""
