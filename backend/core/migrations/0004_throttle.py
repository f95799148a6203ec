"""Counters of calls, shared by all processes. Unlogged: a crash forgets them, which is harmless."""

from django.db import migrations

THROTTLE = """
CREATE UNLOGGED TABLE core_throttle (
    key varchar(60) PRIMARY KEY,
    window_no bigint NOT NULL,
    hits integer NOT NULL,
    before integer NOT NULL,
    touched_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_rules")]
    operations = [migrations.RunSQL(THROTTLE, "DROP TABLE core_throttle")]
