"""Moodle XML read back: what a question means, and how its author would have written it."""
