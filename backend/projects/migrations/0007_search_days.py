"""The day and the month of its listing in the vector of every row (projects.search_recent)."""

from django.db import migrations

# Without the index meanwhile: a vector has some two hundred words, and each would be moved in it.
ADD = """
DROP INDEX search_vector;
UPDATE projects_projectsearch SET vector = array_to_tsvector(
    tsvector_to_array(vector)
    || to_char(listed_at AT TIME ZONE 'UTC', '"@"YYYYMMDD')
    || to_char(listed_at AT TIME ZONE 'UTC', '"@"YYYYMM')
);
CREATE INDEX search_vector ON projects_projectsearch USING gin (vector) WITH (fastupdate = off);
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_high_value")]
    operations = [migrations.RunSQL(ADD, migrations.RunSQL.noop)]
