"""Pictures and papers that people send: cleaned in a process of their own, sealed, and kept by our names."""
