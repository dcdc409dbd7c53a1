"""Where what outside systems say comes in: pushed, pulled or dropped; kept as it came, then translated."""
