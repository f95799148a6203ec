"""What was said in public stands: updates never change, a question and an answer given neither."""

from django.db import migrations

RULES = """
CREATE TRIGGER update_append_only BEFORE UPDATE OR DELETE ON projects_projectupdate
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER question_set_append_only BEFORE UPDATE OR DELETE ON projects_questionset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE FUNCTION question_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.answered_at IS NOT NULL OR NEW.text <> OLD.text
            OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.project_id <> OLD.project_id THEN
        RAISE EXCEPTION 'a question and its answer stand once they are said'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER question_stands BEFORE UPDATE OR DELETE ON projects_question
    FOR EACH ROW EXECUTE FUNCTION question_guard();
"""
UNDO = """
DROP TRIGGER question_stands ON projects_question;
DROP FUNCTION question_guard();
DROP TRIGGER question_set_append_only ON projects_questionset;
DROP TRIGGER update_append_only ON projects_projectupdate;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0004_owner_side"), ("core", "0003_rules")]
    operations = [migrations.RunSQL(RULES, UNDO)]
