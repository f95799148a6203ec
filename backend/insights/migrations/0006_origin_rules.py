"""Origins are kept under the same mark as the turnovers: the first night adds the whole chain up
again, for both."""

from django.db import migrations

BEGIN_AGAIN = """
DELETE FROM insights_ledgermark;
DELETE FROM insights_ledgersum;
REVOKE DELETE ON insights_ledgerorigin FROM caukieu_app;
"""
UNDO = """
GRANT DELETE ON insights_ledgerorigin TO caukieu_app;
"""


class Migration(migrations.Migration):
    dependencies = [("insights", "0005_origins")]
    operations = [migrations.RunSQL(BEGIN_AGAIN, UNDO)]
