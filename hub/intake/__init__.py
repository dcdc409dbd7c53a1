"""Where what outside systems say comes in: files today, doors and pollers to come."""
