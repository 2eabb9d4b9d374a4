"""Drawings of a scenario: a model of boxes and links, a layered layout, and SVG, DOT and Mermaid made of them."""
