"""Pure rules: no clock, no random, no IO."""
