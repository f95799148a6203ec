"""The table that lists, search and facets read, kept in step with the project by a trigger."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

# Vectors stand outside the row (uncompressed): a pass over all rows reads some 100 bytes each.
STORAGE = """
ALTER TABLE projects_projectsearch SET (toast_tuple_target = 128);
ALTER TABLE projects_projectsearch ALTER COLUMN vector SET STORAGE EXTERNAL;
ALTER TABLE projects_projectsearch ALTER COLUMN title_key_vi SET STORAGE PLAIN;
ALTER TABLE projects_projectsearch ALTER COLUMN title_key_en SET STORAGE PLAIN;
"""

# Nothing that was withdrawn, suspended or frozen may be found, whoever changed it.
FOLLOW = """
CREATE FUNCTION search_shelf(status text, is_frozen boolean) RETURNS smallint
LANGUAGE sql IMMUTABLE AS $$
    SELECT (CASE
        WHEN is_frozen THEN 0
        WHEN status = 'listed' THEN 1
        WHEN status IN ('completed', 'stopped') THEN 2
        ELSE 0
    END)::smallint
$$;
CREATE FUNCTION search_status_code(public_status text) RETURNS smallint
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_position(ARRAY['upcoming', 'open', 'reached', 'not_reached', 'running',
        'late', 'stopped', 'completed', 'call'], public_status), 0)::smallint
$$;
CREATE FUNCTION search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE projects_projectsearch
    SET shelf = search_shelf(NEW.status, NEW.frozen_at IS NOT NULL),
        status_code = search_status_code(NEW.public_status)
    WHERE project_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER project_search_follows
    AFTER UPDATE OF status, public_status, frozen_at ON projects_project
    FOR EACH ROW WHEN (
        (OLD.status, OLD.public_status, OLD.frozen_at)
        IS DISTINCT FROM (NEW.status, NEW.public_status, NEW.frozen_at)
    ) EXECUTE FUNCTION search_follow();
"""
UNDO_FOLLOW = """
DROP TRIGGER project_search_follows ON projects_project;
DROP FUNCTION search_follow();
DROP FUNCTION search_status_code(text);
DROP FUNCTION search_shelf(text, boolean);
"""
ON_THE_LIST = Q(shelf=1)


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_rules")]
    operations = [
        migrations.CreateModel(
            name="ProjectSearch",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_row",
                        serialize=False,
                        to="projects.project",
                    ),
                ),
                ("listed_at", models.DateTimeField()),
                ("tie", models.BigIntegerField()),
                ("goal_up", models.BigIntegerField()),
                ("goal_down", models.BigIntegerField()),
                ("open_ticket_minor", models.BigIntegerField(null=True)),
                ("place_code", models.IntegerField()),
                ("pillar_bits", models.IntegerField()),
                ("technology_bits", models.IntegerField()),
                ("shelf", models.SmallIntegerField()),
                ("field_code", models.SmallIntegerField()),
                ("instrument_code", models.SmallIntegerField()),
                ("status_code", models.SmallIntegerField()),
                ("origin_code", models.SmallIntegerField()),
                ("trl", models.SmallIntegerField()),
                ("language_bits", models.SmallIntegerField()),
                ("currency_code", models.SmallIntegerField()),
                ("title_key_vi", models.TextField(db_collation="C")),
                ("title_key_en", models.TextField(db_collation="C")),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=ON_THE_LIST,
                        fields=["-listed_at", "-tie"],
                        name="search_newest",
                    ),
                    models.Index(
                        condition=ON_THE_LIST,
                        fields=["place_code", "-listed_at", "-tie"],
                        name="search_place",
                    ),
                    models.Index(
                        condition=ON_THE_LIST, fields=["goal_up", "tie"], name="search_goal_up"
                    ),
                    models.Index(
                        condition=ON_THE_LIST,
                        fields=["-goal_down", "-tie"],
                        name="search_goal_down",
                    ),
                    models.Index(
                        condition=ON_THE_LIST,
                        fields=["title_key_vi", "tie"],
                        name="search_title_vi",
                    ),
                    models.Index(
                        condition=ON_THE_LIST,
                        fields=["title_key_en", "tie"],
                        name="search_title_en",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["vector"], name="search_vector"
                    ),
                ],
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(FOLLOW, UNDO_FOLLOW),
    ]
