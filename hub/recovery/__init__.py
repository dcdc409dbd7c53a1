"""What an operator does when something waits, stands still or is doubted."""
