"""The way of each payload and event, made from the logs: what came, what it meant, what was decided."""
