"""A snapshot is never changed and never deleted, nor is a correction."""

from django.db import migrations

KEEP = """
CREATE TRIGGER snapshot_immutable BEFORE UPDATE OR DELETE ON insights_snapshot
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER correction_immutable BEFORE UPDATE OR DELETE ON insights_correction
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON insights_snapshot, insights_correction FROM caukieu_app;
"""
UNDO = """
GRANT UPDATE, DELETE ON insights_snapshot, insights_correction TO caukieu_app;
DROP TRIGGER correction_immutable ON insights_correction;
DROP TRIGGER snapshot_immutable ON insights_snapshot;
"""


class Migration(migrations.Migration):
    dependencies = [("insights", "0001_snapshots"), ("core", "0003_rules")]
    operations = [migrations.RunSQL(KEEP, UNDO)]
