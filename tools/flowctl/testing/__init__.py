"""Tests beside scenarios: files, expectations, coverage, reports."""
