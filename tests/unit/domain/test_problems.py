from hub.domain.problems import MEDIA_TYPE, problem


def test_says_what_went_wrong_and_what_to_do_next() -> None:
    said = problem(413, "too_large", "Too large", "send at most 2 MiB", limit=2_097_152)

    assert MEDIA_TYPE == "application/problem+json"
    assert said == {
        "type": "urn:warranty-hub:problem:too_large",
        "title": "Too large",
        "status": 413,
        "detail": "send at most 2 MiB",
        "code": "too_large",
        "limit": 2_097_152,
    }
