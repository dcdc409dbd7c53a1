"""What metrics have in common: the buckets of a time, and the labels of a partition."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
PART = ("topic", "partition")
