"""Claims: filed, staged until proven, decided under a stored rule, and what that leads to."""
