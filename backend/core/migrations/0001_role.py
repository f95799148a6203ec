"""The role that web, workers and tests act as: it changes rows, never the schema.

Runs before every other migration, so that the default privileges reach each table.
"""

from django.db import migrations

CREATE = """
DO $$
BEGIN
    CREATE ROLE caukieu_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
DO $$
BEGIN
    EXECUTE format('GRANT caukieu_app TO %I', current_user);
EXCEPTION WHEN OTHERS THEN
    IF NOT pg_has_role(current_user, 'caukieu_app', 'MEMBER') THEN
        RAISE;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO caukieu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO caukieu_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO caukieu_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO caukieu_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO caukieu_app;
"""

# The role stays: other databases of the cluster may use it.
DROP = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM caukieu_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    REVOKE USAGE, SELECT ON SEQUENCES FROM caukieu_app;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    run_before = [
        ("contenttypes", "0001_initial"),
        ("sessions", "0001_initial"),
        ("accounts", "0001_tables"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
