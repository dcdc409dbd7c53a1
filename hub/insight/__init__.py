"""Live windows over what is decided, on Faust: for the eye, where a lost count harms nobody."""
