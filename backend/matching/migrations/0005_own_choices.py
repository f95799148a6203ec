from django.db import migrations, models


class Migration(migrations.Migration):
    """What a person had chosen is kept with each list; lists from before knew nothing of it."""

    dependencies = [("matching", "0004_first_policy")]

    operations = [
        migrations.AddField(
            model_name="matchlist", name="choices", field=models.JSONField(null=True)
        ),
    ]
