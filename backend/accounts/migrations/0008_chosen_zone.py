"""Whether a person chose their time zone. Who has saved their details before saw it and kept it."""

from django.db import migrations, models

CHOSEN = """
UPDATE accounts_user SET has_chosen_zone = true
WHERE time_zone <> 'Asia/Ho_Chi_Minh' OR public_id IN (
    SELECT subject_id FROM core_auditevent WHERE code = 'user.details_changed'
)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_office_version_rules"), ("core", "0002_tables")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="has_chosen_zone",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(CHOSEN, migrations.RunSQL.noop),
    ]
