"""An office changes only as its next version, by somebody, with a reason, once what it was is kept;
what is kept is what it was, and stays."""

from django.db import migrations

RULES = """
CREATE FUNCTION office_keeps_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> OLD.number + 1 OR NEW.written_by_id IS NULL OR NEW.written_at IS NULL
        OR NEW.reason = '' OR NOT EXISTS (
            SELECT 1 FROM accounts_officeversion v
            WHERE v.office_id = OLD.id AND v.number = OLD.number
        )
    THEN
        RAISE EXCEPTION 'an office changes as its next version, with the one before it kept'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER office_keeps_versions BEFORE UPDATE ON accounts_cityoffice
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION office_keeps_versions();
CREATE FUNCTION office_version_is_true() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM accounts_cityoffice o WHERE o.id = NEW.office_id
        AND (o.number, o.name_vi, o.name_en, o.fields, o.written_by_id, o.written_at, o.reason)
            IS NOT DISTINCT FROM (NEW.number, NEW.name_vi, NEW.name_en, NEW.fields,
                NEW.written_by_id, NEW.written_at, NEW.reason)
    ) THEN
        RAISE EXCEPTION 'a version of an office is the office as it stands'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER office_version_is_true BEFORE INSERT ON accounts_officeversion
    FOR EACH ROW EXECUTE FUNCTION office_version_is_true();
CREATE TRIGGER office_version_append_only BEFORE UPDATE OR DELETE ON accounts_officeversion
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO = """
DROP TRIGGER office_version_append_only ON accounts_officeversion;
DROP TRIGGER office_version_is_true ON accounts_officeversion;
DROP FUNCTION office_version_is_true();
DROP TRIGGER office_keeps_versions ON accounts_cityoffice;
DROP FUNCTION office_keeps_versions();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_office_versions")]
    operations = [migrations.RunSQL(RULES, UNDO)]
