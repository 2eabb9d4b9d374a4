"""The composition of one running server."""
