"""Which version of a policy counts, what differs between two, and what a customer reads of it."""
