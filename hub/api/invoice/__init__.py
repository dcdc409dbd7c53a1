"""Send Warranty with Invoice: a published API of its own path, names, answers and errors."""
