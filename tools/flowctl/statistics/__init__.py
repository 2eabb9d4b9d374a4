"""Reports as text, JSON, CSV, sheets and plots."""
