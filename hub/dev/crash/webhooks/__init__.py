"""Webhooks under fire: systems that are told what is decided, and write down whatever they are told."""
