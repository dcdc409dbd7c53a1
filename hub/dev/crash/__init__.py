"""Kills everything under load and then asks the checker what became of it."""
