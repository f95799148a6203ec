import json
import zlib

from django.db import migrations, models


def pack(apps, schema_editor):
    for row in apps.get_model("matching", "CatalogueSnapshot").objects.iterator():
        document = {"vocabulary": None, "listings": row.listings}
        row.content = zlib.compress(json.dumps(document).encode(), 1)
        row.save(update_fields=["content"])


def unpack(apps, schema_editor):
    for row in apps.get_model("matching", "CatalogueSnapshot").objects.iterator():
        row.listings = json.loads(zlib.decompress(bytes(row.content)))["listings"]
        row.save(update_fields=["listings"])


class Migration(migrations.Migration):
    """What a past order and a past measure need: packed snapshots, the measured model, the rules."""

    dependencies = [("matching", "0001_tables")]

    operations = [
        migrations.AddField(
            "cataloguesnapshot", "content", models.BinaryField(default=b""), preserve_default=False
        ),
        migrations.AlterField("cataloguesnapshot", "listings", models.JSONField(default=list)),
        migrations.RunPython(pack, unpack),
        migrations.RemoveField("cataloguesnapshot", "listings"),
        migrations.AddField("matchrun", "trial", models.BinaryField(default=b"")),
        migrations.AddField("matchlist", "explore", models.BooleanField(default=False)),
        migrations.AddField("matchlist", "with_calls", models.BooleanField(default=True)),
    ]
