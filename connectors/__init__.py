"""From what an outside system says to what the hub understands: one file a source."""
