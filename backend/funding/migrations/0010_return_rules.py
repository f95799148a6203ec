"""What the database keeps of money that goes back by bank: legal edges, and sums that stand."""

from django.db import migrations

EDGES = [("owed", "recorded"), ("recorded", "owed"), ("recorded", "paid")]
LISTED = ", ".join(f"('{a}', '{b}')" for a, b in EDGES)
RULES = f"""
CREATE FUNCTION bank_return_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({LISTED})
$$;
CREATE FUNCTION bank_return_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'owed' THEN
            RAISE EXCEPTION 'a bank_return does not start as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT bank_return_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a bank_return does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.pledge_id, NEW.key, NEW.reason, NEW.amount_minor, NEW.currency)
        IS DISTINCT FROM (OLD.pledge_id, OLD.key, OLD.reason, OLD.amount_minor, OLD.currency)
        OR OLD.status = 'paid' OR OLD.status = 'recorded' AND NEW.sealed <> OLD.sealed THEN
        RAISE EXCEPTION 'what is owed, and where it was sent, does not change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_return_guard BEFORE INSERT OR UPDATE ON funding_bankreturn
    FOR EACH ROW EXECUTE FUNCTION bank_return_guard();
"""
UNDO = """
DROP TRIGGER bank_return_guard ON funding_bankreturn;
DROP FUNCTION bank_return_guard();
DROP FUNCTION bank_return_edge_is_legal(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0009_professional_claims"), ("core", "0003_rules")]
    operations = [migrations.RunSQL(RULES, UNDO)]
