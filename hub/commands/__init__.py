"""What `hub` can be told, by who tells it: a supervisor, an operator, somebody with a file."""
