"""The language server: what an editor asks about a scenario. Everything but `server` knows no protocol."""
