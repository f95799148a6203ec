"""Places where a test may kill the process, to see what the next one makes of it.

`CAUKIEU_FAILPOINT=after_create` ends the process there as if the power had gone. Nothing happens in
production, whatever the environment says.
"""

import os

from django.conf import settings

from backend.core.clock import DEMO_ENVIRONMENTS

ENDED = 9


def fp(name: str) -> None:
    """End the process here, at once and without clean-up, when a test asked for it."""
    if settings.ENVIRONMENT in DEMO_ENVIRONMENTS and os.environ.get("CAUKIEU_FAILPOINT") == name:
        os._exit(ENDED)
