"""Prompts, voices, tones, recordings: sound on its way to and from a leg."""
