"""People: what is kept of them, for how long, under which key, and how they are forgotten."""
