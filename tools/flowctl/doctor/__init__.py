"""`flowctl doctor`: every part of a server is tried, and what is to be done is said.

A check is a file in `checks`, found by itself: see `tools.flowctl.doctor.check`.
"""
