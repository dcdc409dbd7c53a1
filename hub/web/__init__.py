"""The live page: what the hub does now, for the people who run it, in one look."""
