"""The contract: every event, envelope and topic the hub speaks, and the only home of their shapes."""
