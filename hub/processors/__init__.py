"""Processors: keyed state and a pure `decide`, one an intake topic."""
