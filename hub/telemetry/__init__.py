"""Logs, the metrics catalogue and health."""
