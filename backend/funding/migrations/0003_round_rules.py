"""What the database itself keeps of rounds and pledges: legal edges, frozen terms, the cap.

The edges are literal here, as they were when this migration was written; a test compares the
functions in the database with funding.workflow.
"""

from django.db import migrations

ROUND_EDGES = [
    ("draft", "open"), ("draft", "cancelled"),
    ("open", "closing"), ("open", "cancelled"),
    ("closing", "charging"), ("closing", "failed"),
    ("charging", "settling"),
    ("settling", "funded"), ("settling", "shortfall_failed"),
]
PLEDGE_EDGES = [
    ("draft", "card_pending"), ("draft", "active"), ("draft", "lapsed"),
    ("card_pending", "active"), ("card_pending", "withdrawn"), ("card_pending", "lapsed"),
    ("active", "withdrawn"), ("active", "lapsed"), ("active", "due"),
    ("due", "withdrawn"), ("due", "collected"), ("due", "action_required"), ("due", "retry_wait"),
    ("due", "dropped"),
    ("action_required", "collected"), ("action_required", "retry_wait"),
    ("action_required", "dropped"),
    ("retry_wait", "collected"), ("retry_wait", "action_required"), ("retry_wait", "dropped"),
    ("collected", "refunding"),
    ("refunding", "refunded"), ("refunding", "part_refunded"), ("refunding", "collected"),
    ("part_refunded", "refunding"),
]


def listed(edges):
    return ", ".join(f"('{a}', '{b}')" for a, b in edges)


EDGES = f"""
CREATE FUNCTION round_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({listed(ROUND_EDGES)})
$$;
CREATE FUNCTION pledge_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({listed(PLEDGE_EDGES)})
$$;
CREATE FUNCTION pledge_is_live(status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT status IN ('card_pending', 'active', 'due', 'action_required', 'retry_wait',
        'collected', 'refunding', 'part_refunded')
$$;
"""
UNDO_EDGES = """
DROP FUNCTION pledge_is_live(text);
DROP FUNCTION pledge_edge_is_legal(text, text);
DROP FUNCTION round_edge_is_legal(text, text);
"""

ROUNDS = """
CREATE FUNCTION round_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' OR NEW.reserved_minor <> 0 OR NEW.reserved_people <> 0 THEN
            RAISE EXCEPTION 'a round starts as an empty draft'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT round_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a round does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status = 'open' AND NEW.status = 'closing' AND app_now() < OLD.closes_at THEN
        RAISE EXCEPTION 'the round is open until %', OLD.closes_at
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status <> 'draft' AND
        (NEW.project_id, NEW.version_id, NEW.route, NEW.instrument, NEW.terms, NEW.currency,
         NEW.target_minor, NEW.hard_cap_minor, NEW.min_pledge_minor, NEW.enough_bps,
         NEW.grace_days, NEW.cooling_off_days, NEW.platform_fee_bps, NEW.people_limit,
         NEW.opens_at, NEW.closes_at)
        IS DISTINCT FROM
        (OLD.project_id, OLD.version_id, OLD.route, OLD.instrument, OLD.terms, OLD.currency,
         OLD.target_minor, OLD.hard_cap_minor, OLD.min_pledge_minor, OLD.enough_bps,
         OLD.grace_days, OLD.cooling_off_days, OLD.platform_fee_bps, OLD.people_limit,
         OLD.opens_at, OLD.closes_at) THEN
        RAISE EXCEPTION 'the terms of a round do not change after it opened'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER round_guard BEFORE INSERT OR UPDATE ON funding_round
    FOR EACH ROW EXECUTE FUNCTION round_guard();
CREATE TRIGGER round_close_immutable BEFORE UPDATE OR DELETE ON funding_roundclose
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO_ROUNDS = """
DROP TRIGGER round_close_immutable ON funding_roundclose;
DROP TRIGGER round_guard ON funding_round;
DROP FUNCTION round_guard();
"""

PLEDGES = """
ALTER TABLE funding_pledge ADD CONSTRAINT pledge_whole_dollars
    CHECK (currency <> 'TWD' OR amount_minor % 100 = 0);
CREATE FUNCTION pledge_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'a pledge starts as a draft, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT pledge_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a pledge does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.round_id, NEW.investor_id, NEW.client_token, NEW.route)
        IS DISTINCT FROM (OLD.round_id, OLD.investor_id, OLD.client_token, OLD.route)
        OR OLD.status <> 'draft' AND
        (NEW.amount_minor, NEW.currency, NEW.target_minor, NEW.rate, NEW.rate_as_of, NEW.country,
         NEW.is_professional, NEW.rule_ids, NEW.mandate_sha256, NEW.cooling_until,
         NEW.confirmed_at)
        IS DISTINCT FROM
        (OLD.amount_minor, OLD.currency, OLD.target_minor, OLD.rate, OLD.rate_as_of, OLD.country,
         OLD.is_professional, OLD.rule_ids, OLD.mandate_sha256, OLD.cooling_until,
         OLD.confirmed_at) THEN
        RAISE EXCEPTION 'a pledge does not change after it was confirmed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledge_guard BEFORE INSERT OR UPDATE ON funding_pledge
    FOR EACH ROW EXECUTE FUNCTION pledge_guard();

-- The round's row is locked before anything is counted: two pledges for the last place queue here.
CREATE FUNCTION pledge_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    r funding_round%ROWTYPE;
    others integer;
    sign integer := CASE WHEN pledge_is_live(NEW.status) THEN 1 ELSE -1 END;
BEGIN
    SELECT * INTO r FROM funding_round WHERE id = NEW.round_id FOR UPDATE;
    IF sign = 1 AND (r.status <> 'open' OR r.route <> NEW.route
        OR app_now() < r.opens_at OR app_now() >= r.closes_at) THEN
        RAISE EXCEPTION 'the round takes no pledges now'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT count(*) INTO others FROM funding_pledge p
        WHERE p.round_id = NEW.round_id AND p.investor_id = NEW.investor_id AND p.id <> NEW.id
        AND pledge_is_live(p.status) AND NOT p.is_professional;
    UPDATE funding_round SET
        reserved_minor = reserved_minor + sign * NEW.target_minor,
        reserved_people = reserved_people
            + CASE WHEN others = 0 AND NOT NEW.is_professional THEN sign ELSE 0 END
        WHERE id = NEW.round_id;
    RETURN NULL;
END $$;
CREATE TRIGGER pledge_reserve AFTER UPDATE OF status ON funding_pledge
    FOR EACH ROW WHEN (pledge_is_live(OLD.status) <> pledge_is_live(NEW.status))
    EXECUTE FUNCTION pledge_reserve();
CREATE FUNCTION pledge_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a confirmed pledge is never deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER pledge_keep BEFORE DELETE ON funding_pledge
    FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION pledge_keep();
"""
UNDO_PLEDGES = """
DROP TRIGGER pledge_keep ON funding_pledge;
DROP FUNCTION pledge_keep();
DROP TRIGGER pledge_reserve ON funding_pledge;
DROP FUNCTION pledge_reserve();
DROP TRIGGER pledge_guard ON funding_pledge;
DROP FUNCTION pledge_guard();
ALTER TABLE funding_pledge DROP CONSTRAINT pledge_whole_dollars;
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0002_rounds"), ("core", "0003_rules")]
    operations = [
        migrations.RunSQL(EDGES, UNDO_EDGES),
        migrations.RunSQL(ROUNDS, UNDO_ROUNDS),
        migrations.RunSQL(PLEDGES, UNDO_PLEDGES),
    ]
