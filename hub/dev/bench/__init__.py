"""Measures the hub beside two bare loops that do the same work on the same servers."""
