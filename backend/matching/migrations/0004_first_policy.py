from datetime import UTC, datetime

from django.db import migrations

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def set_first(apps, schema_editor):
    apps.get_model("matching", "ExposurePolicy").objects.get_or_create(
        in_force_from=SINCE,
        defaults={
            "floor_percent": 40,
            "places": 2,
            "window_days": 30,
            "source_vi": "Giá trị ban đầu của phần mềm, dùng cho tới khi Thành phố quyết định",
            "source_en": "The software's first value, in use until the city decides",
        },
    )


def forget_first(apps, schema_editor):
    apps.get_model("matching", "ExposurePolicy").objects.filter(in_force_from=SINCE).delete()


class Migration(migrations.Migration):
    """Data, so that the city can change it: what each listed project is owed."""

    dependencies = [("matching", "0003_exposure_and_choices")]
    operations = [migrations.RunPython(set_first, forget_first)]
