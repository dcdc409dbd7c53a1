"""Read models that can be thrown away and made again from the ledger, one file a table."""
