"""What a night's check found is never changed; the kept sums are, part by part."""

from django.db import migrations

KEEP = """
CREATE TRIGGER snapshotcheck_immutable BEFORE UPDATE OR DELETE ON insights_snapshotcheck
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON insights_snapshotcheck FROM caukieu_app;
REVOKE DELETE ON insights_ledgersum, insights_ledgermark FROM caukieu_app;
"""
UNDO = """
GRANT DELETE ON insights_ledgersum, insights_ledgermark TO caukieu_app;
GRANT UPDATE, DELETE ON insights_snapshotcheck TO caukieu_app;
DROP TRIGGER snapshotcheck_immutable ON insights_snapshotcheck;
"""


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_sums_and_checks")]
    operations = [migrations.RunSQL(KEEP, UNDO)]
