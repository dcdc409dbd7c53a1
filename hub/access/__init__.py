"""Who may do what, and the keys that keep personal data apart."""
