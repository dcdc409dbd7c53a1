"""The engine: offset, state and outgoing events of a batch commit together, or not at all."""
