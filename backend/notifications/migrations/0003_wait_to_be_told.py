"""Each audit row that somebody may read about waits, in its own transaction, until it is told.

A trigger and not a call: audit rows are written by every slice, and none of them may know who
reads. Left out is what concerns one person's own account, and rows that come by the thousand.
"""

from django.db import migrations

WAIT = """
CREATE FUNCTION wait_to_be_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notifications_pendingevent (event_id, attempts, run_after) VALUES (NEW.id, 0, now());
    RETURN NULL;
END $$;
CREATE TRIGGER audit_is_told AFTER INSERT ON core_auditevent
    FOR EACH ROW WHEN (
        NEW.code !~ '^(user|token|consent|profile|match_run)[.]'
        AND NEW.code NOT IN (
            'project.call_imported', 'project.call_updated', 'project.edited', 'project.saved',
            'project.unsaved'
        )
    ) EXECUTE FUNCTION wait_to_be_told();
"""
UNDO = """
DROP TRIGGER audit_is_told ON core_auditevent;
DROP FUNCTION wait_to_be_told();
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_notices"), ("core", "0003_rules")]
    operations = [migrations.RunSQL(WAIT, UNDO)]
