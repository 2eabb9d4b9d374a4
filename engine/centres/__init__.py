"""Agents and centres: who can take a call, and how the call is offered to them."""
