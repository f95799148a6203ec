"""One's own cases in the order of their due day, a seat at a time; marks of texts at once."""

import django.contrib.postgres.indexes
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0005_desk_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # From samples of marks that hardly ever repeat PostgreSQL expects a fifth of all cases to
        # share one of some forty, and reads them all; without samples it takes the index.
        migrations.RunSQL(
            "ALTER TABLE reviews_case ALTER COLUMN signature SET STATISTICS 0",
            "ALTER TABLE reviews_case ALTER COLUMN signature SET STATISTICS -1",
        ),
        # New rows go into the index at once: a list of waiting ones is read by every search.
        migrations.RemoveIndex(model_name="case", name="case_signature"),
        migrations.AddIndex(
            model_name="case",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["signature"], name="case_signature"
            ),
        ),
        migrations.RemoveIndex(model_name="case", name="case_of_first"),
        migrations.RemoveIndex(model_name="case", name="case_of_second"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["first", "due_on", "id"],
                name="case_first_due",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["second", "due_on", "id"],
                name="case_second_due",
            ),
        ),
    ]
