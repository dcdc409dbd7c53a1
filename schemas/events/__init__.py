"""Facts, one file a noun."""
