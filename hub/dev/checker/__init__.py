"""Compares what was sent with what topics and tables hold; shares no line with what it checks."""

from .check import Installation, check
from .findings import Report

__all__ = ["Installation", "Report", "check"]
