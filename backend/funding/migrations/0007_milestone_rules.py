"""What the database keeps of milestones and payments to owners: legal edges, facts that stand.

The edges are literal here, as they were when this migration was written; a test compares the
functions in the database with funding.workflow.
"""

from django.db import migrations

EDGES = {
    "milestone": [
        ("planned", "due"), ("planned", "evidence_in"), ("due", "evidence_in"), ("due", "late"),
        ("due", "failed"), ("late", "evidence_in"), ("late", "failed"), ("evidence_in", "due"),
        ("evidence_in", "verified"), ("evidence_in", "failed"),
    ],
    "tranche": [("held", "released"), ("held", "returned")],
    "disbursement": [
        ("proposed", "approved"), ("proposed", "refused"), ("approved", "instructed"),
        ("approved", "refused"), ("instructed", "confirmed"), ("instructed", "returned"),
    ],
    "bank_receipt": [("recorded", "confirmed"), ("recorded", "refused")],
}
TABLES = {
    "milestone": "projects_milestone",
    "tranche": "funding_tranche",
    "disbursement": "funding_disbursement",
    "bank_receipt": "funding_bankreceipt",
}


def listed(edges):
    return ", ".join(f"('{a}', '{b}')" for a, b in edges)


def guard(name):
    start = EDGES[name][0][0]
    return f"""
CREATE FUNCTION {name}_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({listed(EDGES[name])})
$$;
CREATE FUNCTION {name}_guard_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> '{start}' THEN
            RAISE EXCEPTION 'a {name} does not start as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.status <> OLD.status AND NOT {name}_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a {name} does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {name}_status_guard BEFORE INSERT OR UPDATE OF status ON {TABLES[name]}
    FOR EACH ROW EXECUTE FUNCTION {name}_guard_status();
"""


def undo(name):
    return f"""
DROP TRIGGER {name}_status_guard ON {TABLES[name]};
DROP FUNCTION {name}_guard_status();
DROP FUNCTION {name}_edge_is_legal(text, text);
"""


FACTS = """
CREATE TRIGGER evidence_immutable BEFORE UPDATE OR DELETE ON funding_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_file_immutable BEFORE UPDATE OR DELETE ON funding_evidencefile
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disbursement_line_immutable BEFORE UPDATE OR DELETE ON funding_disbursementline
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE FUNCTION disbursement_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.tranche_id, NEW.account_id, NEW.maker_id, NEW.body_sha256)
        IS DISTINCT FROM (OLD.tranche_id, OLD.account_id, OLD.maker_id, OLD.body_sha256)
        OR OLD.checker_id IS NOT NULL AND NEW.checker_id IS DISTINCT FROM OLD.checker_id THEN
        RAISE EXCEPTION 'what was proposed does not change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disbursement_keep BEFORE UPDATE ON funding_disbursement
    FOR EACH ROW EXECUTE FUNCTION disbursement_keep();
-- A part is released only when its milestone was verified.
CREATE FUNCTION tranche_needs_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM projects_milestone m WHERE m.id = NEW.milestone_id AND m.status = 'verified'
    ) THEN
        RAISE EXCEPTION 'the milestone is not verified'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tranche_needs_verified BEFORE UPDATE OF status ON funding_tranche
    FOR EACH ROW WHEN (NEW.status = 'released') EXECUTE FUNCTION tranche_needs_verified();
CREATE FUNCTION share_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.tranche_id, NEW.pledge_id, NEW.amount_minor, NEW.currency)
        IS DISTINCT FROM (OLD.tranche_id, OLD.pledge_id, OLD.amount_minor, OLD.currency)
        OR NEW.returned_minor < OLD.returned_minor THEN
        RAISE EXCEPTION 'a share does not change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER share_keep BEFORE UPDATE OR DELETE ON funding_trancheshare
    FOR EACH ROW EXECUTE FUNCTION share_keep();
"""
UNDO_FACTS = """
DROP TRIGGER share_keep ON funding_trancheshare;
DROP FUNCTION share_keep();
DROP TRIGGER tranche_needs_verified ON funding_tranche;
DROP FUNCTION tranche_needs_verified();
DROP TRIGGER disbursement_keep ON funding_disbursement;
DROP FUNCTION disbursement_keep();
DROP TRIGGER disbursement_line_immutable ON funding_disbursementline;
DROP TRIGGER evidence_file_immutable ON funding_evidencefile;
DROP TRIGGER evidence_immutable ON funding_evidence;
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0006_milestones"), ("core", "0003_rules")]
    operations = [
        *[migrations.RunSQL(guard(name), undo(name)) for name in EDGES],
        migrations.RunSQL(FACTS, UNDO_FACTS),
    ]
