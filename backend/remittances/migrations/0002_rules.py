"""What the database itself keeps of plans: legal edges, the share, every cap, one pledge a line.

The edges are literal here, as they were when this migration was written; a test compares the
functions in the database with remittances.workflow.
"""

from django.db import migrations

PLAN_EDGES = [
    ("active", "paused"), ("active", "stopped"), ("paused", "active"), ("paused", "stopped"),
]
RUN_EDGES = [
    ("waiting", "proposed"), ("waiting", "empty"), ("waiting", "missed"), ("waiting", "skipped"),
    ("proposed", "confirmed"), ("proposed", "skipped"), ("proposed", "empty"),
    ("proposed", "waiting"),
]


def listed(edges):
    return ", ".join(f"('{a}', '{b}')" for a, b in edges)


GUARDS = f"""
CREATE FUNCTION plan_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT (before, after) IN ({listed(PLAN_EDGES)}) $$;
CREATE FUNCTION run_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT (before, after) IN ({listed(RUN_EDGES)}) $$;

CREATE FUNCTION plan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'active' OR NEW.carried_minor <> 0 THEN
            RAISE EXCEPTION 'a plan starts active and with nothing carried over'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT plan_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a plan does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.investor_id, NEW.currency) IS DISTINCT FROM (OLD.investor_id, OLD.currency) THEN
        RAISE EXCEPTION 'a plan keeps its person and its currency'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plan_guard BEFORE INSERT OR UPDATE ON remittances_remittanceplan
    FOR EACH ROW EXECUTE FUNCTION plan_guard();

-- The plan's row is locked before anything is compared with it: a change, a pause and a run queue.
CREATE FUNCTION run_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    p remittances_remittanceplan%ROWTYPE;
    most bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.plan_id, NEW.period) IS DISTINCT FROM (OLD.plan_id, OLD.period) THEN
            RAISE EXCEPTION 'a run keeps its plan and its period'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NEW.status <> OLD.status AND NOT run_edge_is_legal(OLD.status, NEW.status) THEN
            RAISE EXCEPTION 'a run does not go from % to %', OLD.status, NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.status <> 'waiting' THEN
        RAISE EXCEPTION 'a run starts waiting' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT * INTO p FROM remittances_remittanceplan WHERE id = NEW.plan_id FOR UPDATE;
    IF TG_OP = 'INSERT' OR (NEW.share_minor, NEW.carried_minor, NEW.available_minor)
        IS DISTINCT FROM (OLD.share_minor, OLD.carried_minor, OLD.available_minor) THEN
        most := coalesce(p.fixed_minor, p.sent_minor * p.share_bps / 10000);
        IF NEW.share_minor > most OR NEW.carried_minor > p.carried_minor
            OR NEW.available_minor > p.year_cap_minor THEN
            RAISE EXCEPTION 'a run may not pass the share, what was carried over or the year'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF NEW.status = 'confirmed' AND (TG_OP = 'INSERT' OR OLD.status <> 'confirmed')
        AND p.status <> 'active' THEN
        RAISE EXCEPTION 'a plan that is % makes no pledges', p.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_guard BEFORE INSERT OR UPDATE ON remittances_planrun
    FOR EACH ROW EXECUTE FUNCTION run_guard();
"""
UNDO_GUARDS = """
DROP TRIGGER run_guard ON remittances_planrun;
DROP FUNCTION run_guard();
DROP TRIGGER plan_guard ON remittances_remittanceplan;
DROP FUNCTION plan_guard();
DROP FUNCTION run_edge_is_legal(text, text);
DROP FUNCTION plan_edge_is_legal(text, text);
"""

LINES = """
CREATE FUNCTION line_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    r remittances_planrun%ROWTYPE;
    p remittances_remittanceplan%ROWTYPE;
    g funding_pledge%ROWTYPE;
    of_run bigint;
    of_field bigint;
    of_project bigint;
    of_year bigint;
BEGIN
    SELECT plan_id INTO r.plan_id FROM remittances_planrun WHERE id = NEW.run_id;
    SELECT * INTO p FROM remittances_remittanceplan WHERE id = r.plan_id FOR UPDATE;
    SELECT * INTO r FROM remittances_planrun WHERE id = NEW.run_id;
    IF TG_OP = 'UPDATE' AND (NEW.run_id, NEW.round_id, NEW.field, NEW.amount_minor)
        IS DISTINCT FROM (OLD.run_id, OLD.round_id, OLD.field, OLD.amount_minor) THEN
        RAISE EXCEPTION 'a line keeps its round and its sum'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.pledge_id IS NOT NULL THEN
        SELECT * INTO g FROM funding_pledge WHERE id = NEW.pledge_id;
        IF (g.investor_id, g.round_id, g.amount_minor, g.currency)
            IS DISTINCT FROM (p.investor_id, NEW.round_id, NEW.amount_minor, p.currency) THEN
            RAISE EXCEPTION 'a pledge of a plan is exactly its line'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF NEW.removed_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    SELECT coalesce(sum(amount_minor), 0),
        coalesce(sum(amount_minor) FILTER (WHERE field = NEW.field), 0)
        INTO of_run, of_field FROM remittances_planline
        WHERE run_id = NEW.run_id AND id <> NEW.id AND removed_at IS NULL;
    SELECT coalesce(sum(l.amount_minor), 0) INTO of_project
        FROM remittances_planline l JOIN remittances_planrun o ON o.id = l.run_id
        JOIN funding_round f ON f.id = l.round_id
        WHERE o.plan_id = p.id AND l.id <> NEW.id AND l.removed_at IS NULL
        AND l.refused_code = '' AND o.status IN ('waiting', 'proposed', 'confirmed')
        AND f.project_id = (SELECT project_id FROM funding_round WHERE id = NEW.round_id);
    SELECT coalesce(sum(l.amount_minor), 0) INTO of_year
        FROM remittances_planline l JOIN remittances_planrun o ON o.id = l.run_id
        WHERE o.plan_id = p.id AND l.id <> NEW.id AND l.removed_at IS NULL
        AND l.refused_code = '' AND o.status IN ('waiting', 'proposed', 'confirmed')
        AND date_trunc('year', o.period) = date_trunc('year', r.period);
    IF NEW.amount_minor > p.project_cap_minor
        OR of_run + NEW.amount_minor > r.available_minor
        OR of_field + NEW.amount_minor > coalesce(p.field_cap_minor, r.available_minor)
        OR of_project + NEW.amount_minor > coalesce(p.project_total_cap_minor, 2^62::bigint)
        OR of_year + NEW.amount_minor > p.year_cap_minor THEN
        RAISE EXCEPTION 'a line may not pass the plan''s share or caps'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER line_guard BEFORE INSERT OR UPDATE ON remittances_planline
    FOR EACH ROW EXECUTE FUNCTION line_guard();
CREATE FUNCTION line_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a line that became a pledge is never deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER line_keep BEFORE DELETE ON remittances_planline
    FOR EACH ROW WHEN (OLD.pledge_id IS NOT NULL) EXECUTE FUNCTION line_keep();
"""
UNDO_LINES = """
DROP TRIGGER line_keep ON remittances_planline;
DROP FUNCTION line_keep();
DROP TRIGGER line_guard ON remittances_planline;
DROP FUNCTION line_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("remittances", "0001_plans"), ("core", "0003_rules")]
    operations = [
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
        migrations.RunSQL(LINES, UNDO_LINES),
    ]
