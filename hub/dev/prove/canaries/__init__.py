"""`python -m hub.dev.prove.canaries`: made-up people go in at every door, and are looked for everywhere."""
