"""`hub dev`: the whole hub on embedded servers, fed by a simulator, in one terminal."""
