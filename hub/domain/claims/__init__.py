"""Claims: what may follow on what, what a claim lacks, and what a rule makes of it."""
