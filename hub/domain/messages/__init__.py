"""What customers are written: which words, and what they are about. Pure."""
