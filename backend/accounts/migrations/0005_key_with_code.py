from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_invitations")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="made_with_code",
            field=models.BooleanField(db_default=False, default=False),
        )
    ]
