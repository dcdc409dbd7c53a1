"""Ending in good order."""

import asyncio


def is_ending() -> bool:
    """Whether the task is asked to end, even where an error took the place of its cancellation."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
