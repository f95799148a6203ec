"""Two different reviewers outside the owner's organisation; nobody decides on an own review."""

from django.db import migrations

RULES = """
CREATE FUNCTION review_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM projects_projectversion v
        JOIN projects_project p ON p.id = v.project_id
        JOIN accounts_organisationmembership m ON m.organisation_id = p.owner_id
        WHERE v.id = NEW.version_id AND m.user_id = NEW.reviewer_id
    ) THEN
        RAISE EXCEPTION 'a reviewer does not belong to the organisation under review'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_not_own BEFORE INSERT OR UPDATE OF reviewer_id, version_id ON reviews_review
    FOR EACH ROW EXECUTE FUNCTION review_guard();
CREATE FUNCTION decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM reviews_review r
        WHERE r.version_id = NEW.version_id AND r.reviewer_id = NEW.decided_by_id
    ) THEN
        RAISE EXCEPTION 'who reviewed a version does not decide on it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_by_another BEFORE INSERT OR UPDATE ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION decision_guard();
CREATE TRIGGER review_immutable BEFORE UPDATE OR DELETE ON reviews_review
    FOR EACH ROW WHEN (OLD.submitted_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_immutable BEFORE UPDATE OR DELETE ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO = """
DROP TRIGGER decision_immutable ON reviews_decision;
DROP TRIGGER review_immutable ON reviews_review;
DROP TRIGGER decision_by_another ON reviews_decision;
DROP FUNCTION decision_guard();
DROP TRIGGER review_not_own ON reviews_review;
DROP FUNCTION review_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0001_tables"),
        ("projects", "0002_rules"),
        ("core", "0003_rules"),
    ]
    operations = [migrations.RunSQL(RULES, UNDO)]
