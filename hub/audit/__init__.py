"""What came in and what was refused, kept without personal data: the logs that every trace is read from."""
