"""What stands in a log: one JSON object a line, with the id of the request."""

import io
import json
import logging

import structlog


def test_lines_are_json_and_carry_the_request_id() -> None:
    formats = structlog.stdlib.ProcessorFormatter
    ours = [h for h in logging.getLogger().handlers if isinstance(h.formatter, formats)]
    assert len(ours) == 1, "the settings must set up logging"
    handler = ours[0]
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    try:
        with structlog.contextvars.bound_contextvars(request_id="0123456789abcdef"):
            structlog.get_logger("tests").warning("tests.happened", people=2)
            logging.getLogger("django.request").error("Internal Server Error: %s", "/vi/")
    finally:
        handler.setStream(before)
    own, foreign = map(json.loads, lines.getvalue().splitlines())
    assert (own["event"], own["people"], own["level"]) == ("tests.happened", 2, "warning")
    assert foreign["event"] == "Internal Server Error: /vi/"
    assert own["request_id"] == foreign["request_id"] == "0123456789abcdef"
