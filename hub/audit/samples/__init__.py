"""The monthly sample: records that were closed in a month, drawn so that anybody can draw them again, and reviewed."""
