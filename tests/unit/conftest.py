import pytest

from tests.unit.story import Story


@pytest.fixture
def story() -> Story:
    return Story()
