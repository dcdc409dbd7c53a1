"""Faults against a real hub under a real Prometheus: the right alert fires in time, and none without one."""
