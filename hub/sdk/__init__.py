"""The ports, and all that a processor or projection of a third party may import from the hub."""
