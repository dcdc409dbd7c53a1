"""A processor of the long runs' own: it counts per key, and what it needs may be away or broken."""
