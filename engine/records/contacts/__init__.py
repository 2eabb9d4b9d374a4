"""The company's table of contacts: who calls, by their number."""
