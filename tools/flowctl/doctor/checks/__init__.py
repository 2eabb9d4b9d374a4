"""One file a check: `CHECK`, and the coroutine that it runs."""
