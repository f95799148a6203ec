"""Offices in versions. When an office was opened, and by whom, is read from the audit rows; of one
that the command line made nothing is known."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

OPENED = """
UPDATE accounts_cityoffice o SET
    written_at = (SELECT min(e.at) FROM core_auditevent e
        WHERE e.subject_id = o.public_id AND e.code = 'office.opened'),
    written_by_id = (SELECT u.id FROM core_auditevent e
        JOIN accounts_user u ON u.public_id = e.actor
        WHERE e.subject_id = o.public_id AND e.code = 'office.opened' ORDER BY e.at LIMIT 1);
"""


def data_fields():
    return [
        ("number", models.PositiveIntegerField(default=1)),
        (
            "written_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        (
            "written_at",
            models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), null=True
            ),
        ),
        ("reason", models.CharField(blank=True, default="", max_length=500)),
    ]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_key_with_code"), ("core", "0003_rules")]

    operations = [
        *(
            migrations.AddField(model_name="cityoffice", name=name, field=field)
            for name, field in data_fields()
        ),
        migrations.CreateModel(
            name="OfficeVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                *data_fields(),
                ("name_vi", models.CharField(max_length=200)),
                ("name_en", models.CharField(max_length=200)),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="accounts.cityoffice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("office", "number"), name="office_version_once"
                    )
                ]
            },
        ),
        migrations.RunSQL(OPENED, migrations.RunSQL.noop),
    ]
