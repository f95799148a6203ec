"""Legal edges of the state machine, and submitted versions that cannot be changed.

The edges are literal here, as they were when this migration was written; a house test compares the
function in the database with projects.workflow.
"""

from django.db import migrations

EDGES = [
    ("draft", "submitted"), ("draft", "withdrawn"),
    ("submitted", "screening"), ("submitted", "withdrawn"),
    ("screening", "in_review"), ("screening", "returned"), ("screening", "withdrawn"),
    ("in_review", "decided"), ("in_review", "returned"), ("in_review", "declined"),
    ("in_review", "withdrawn"),
    ("returned", "submitted"), ("returned", "withdrawn"),
    ("decided", "listed"),
    ("listed", "suspended"), ("listed", "withdrawn"), ("listed", "completed"),
    ("listed", "stopped"),
    ("suspended", "listed"), ("suspended", "stopped"),
]
VALUES = ", ".join(f"('{a}', '{b}')" for a, b in EDGES)

STATES = f"""
CREATE FUNCTION project_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({VALUES})
$$;
CREATE FUNCTION project_guard_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' AND NOT (NEW.status = 'listed' AND NEW.origin = 'published_call') THEN
            RAISE EXCEPTION 'a project starts as a draft, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.origin <> OLD.origin THEN
        RAISE EXCEPTION 'the origin of a project does not change'
            USING ERRCODE = 'integrity_constraint_violation';
    ELSIF NEW.status <> OLD.status AND NOT project_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a project does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER project_status_guard BEFORE INSERT OR UPDATE OF status, origin ON projects_project
    FOR EACH ROW EXECUTE FUNCTION project_guard_status();
"""
UNDO_STATES = """
DROP TRIGGER project_status_guard ON projects_project;
DROP FUNCTION project_guard_status();
DROP FUNCTION project_edge_is_legal(text, text);
"""

VERSIONS = """
CREATE FUNCTION version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a submitted version cannot be changed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER version_immutable BEFORE UPDATE OR DELETE ON projects_projectversion
    FOR EACH ROW WHEN (OLD.submitted_at IS NOT NULL) EXECUTE FUNCTION version_guard();
"""
UNDO_VERSIONS = """
DROP TRIGGER version_immutable ON projects_projectversion;
DROP FUNCTION version_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_tables"), ("core", "0003_rules")]
    operations = [
        migrations.RunSQL(STATES, UNDO_STATES),
        migrations.RunSQL(VERSIONS, UNDO_VERSIONS),
    ]
