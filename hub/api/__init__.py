"""The HTTP API: parse, authorise, act through what was passed in, answer."""
