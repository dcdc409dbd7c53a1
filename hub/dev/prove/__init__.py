"""Long runs that prove a promise by figures."""
