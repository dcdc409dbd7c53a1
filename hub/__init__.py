"""Warranty Hub: takes warranty events from any source, decides, and tells everyone who needs to know."""
