"""Tests that tell a story in which a certain consumer plays a part: without it there is nothing to tell, and they are skipped.

A consumer can be taken out with its folder and its own tests, so a test elsewhere names the consumers that it can't do without.
"""

import pytest

from infra.wiring import discovery


def needs(*consumers: str) -> pytest.MarkDecorator:
    """Skips a test where one of these consumers was taken out."""
    missing = [name for name in consumers if name not in discovery.consumer_names()]
    return pytest.mark.skipif(bool(missing), reason=f"there is no {', '.join(missing)} here")
