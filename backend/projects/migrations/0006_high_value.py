from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_owner_rules")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="is_high_value",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="projectsearch",
            name="high_value_code",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="questionset",
            name="reason",
            field=models.CharField(blank=True, max_length=500),
        ),
    ]
