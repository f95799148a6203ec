#!/usr/bin/env python
"""Django's command line, with the role that each command needs in the database."""

import os
import sys

# These change the schema, so they connect as its owner; everything else acts as `caukieu_app`.
OWNER_COMMANDS = {"migrate", "flush", "dbshell", "sqlmigrate", "makemigrations", "createcachetable"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["CAUKIEU_DB_ROLE"] = ""
    # After the role is chosen: Django reads the settings from here on.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
