"""The rules of `flowctl validate`: one file each. A new rule is one new file here; nothing else is edited."""
