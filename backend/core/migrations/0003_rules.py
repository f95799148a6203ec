"""What the database itself refuses: changing audit rows; and the one clock."""

from django.db import migrations

CLOCK = """
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT now() + coalesce((SELECT "offset" FROM core_clockoffset WHERE id = 1), interval '0')
$$;
"""

AUDIT = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core_auditevent
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON core_auditevent FROM caukieu_app;
"""

UNDO_AUDIT = """
GRANT UPDATE, DELETE ON core_auditevent TO caukieu_app;
DROP TRIGGER audit_append_only ON core_auditevent;
DROP FUNCTION refuse_change();
"""

# The table of Django's database cache (settings.CACHES): unlogged, it may be lost.
CACHE = """
CREATE UNLOGGED TABLE core_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX core_cache_expires ON core_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_tables")]
    operations = [
        migrations.RunSQL(CLOCK, "DROP FUNCTION app_now()"),
        migrations.RunSQL(AUDIT, UNDO_AUDIT),
        migrations.RunSQL(CACHE, "DROP TABLE core_cache"),
    ]
