"""A round counts its people once for each statement, not for each row.

A statement that ended two pledges of one person (a round that fell short, one that was cancelled)
took the person off twice: by the time a row's trigger ran, the other pledge had ended too. The count
went below zero, which is refused, so such a round could never close.
"""

from django.db import migrations

NEW = """
DROP TRIGGER pledge_reserve ON funding_pledge;
CREATE OR REPLACE FUNCTION pledge_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
    r funding_round%ROWTYPE;
    people integer;
BEGIN
    FOR change IN
        -- Each row beside itself by grouping: a join of the two would be planned for few rows once
        -- and kept for many.
        SELECT c.round_id AS id, array_agg(c.id) AS pledges,
            array_agg(DISTINCT c.investor_id) FILTER (WHERE NOT c.is_professional) AS persons,
            array_agg(DISTINCT c.investor_id) FILTER (WHERE NOT c.is_professional AND c.lived)
                AS lived,
            array_agg(DISTINCT c.route) FILTER (WHERE c.lives) AS begun,
            sum(CASE WHEN c.lives THEN c.target_minor ELSE -c.target_minor END)::bigint AS minor
        FROM (
            SELECT x.id, max(x.round_id) AS round_id, max(x.investor_id) AS investor_id,
                max(x.route) AS route, max(x.target_minor) FILTER (WHERE x.is_new) AS target_minor,
                bool_or(x.is_professional) FILTER (WHERE x.is_new) AS is_professional,
                bool_or(x.live) FILTER (WHERE x.is_new) AS lives,
                bool_or(x.live) FILTER (WHERE NOT x.is_new) AS lived
            FROM (
                SELECT id, round_id, investor_id, route, target_minor, is_professional,
                    pledge_is_live(status) AS live, true AS is_new FROM after
                UNION ALL
                SELECT id, round_id, investor_id, route, target_minor, is_professional,
                    pledge_is_live(status), false FROM before
            ) x GROUP BY x.id
        ) c WHERE c.lives <> c.lived
        GROUP BY c.round_id ORDER BY c.round_id
    LOOP
        -- The round's row is locked before anything is counted: two pledges for the last place
        -- queue here.
        SELECT * INTO r FROM funding_round WHERE id = change.id FOR UPDATE;
        IF change.begun IS NOT NULL AND (r.status <> 'open' OR change.begun <> ARRAY[r.route::text]
            OR app_now() < r.opens_at OR app_now() >= r.closes_at) THEN
            RAISE EXCEPTION 'the round takes no pledges now'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        -- Each person of the statement: there now, less there before.
        SELECT coalesce(sum(live.now::integer - live.was::integer), 0) INTO people
        FROM (
            SELECT coalesce(bool_or(pledge_is_live(p.status)), false) AS now,
                coalesce(person = ANY (change.lived), false) OR coalesce(
                    bool_or(pledge_is_live(p.status) AND p.id <> ALL (change.pledges)), false
                ) AS was
            FROM unnest(change.persons) AS person
            LEFT JOIN funding_pledge p ON p.round_id = change.id AND p.investor_id = person
                AND NOT p.is_professional
            GROUP BY person
        ) live;
        UPDATE funding_round SET
            reserved_minor = reserved_minor + change.minor,
            reserved_people = reserved_people + people
            WHERE id = change.id;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER pledge_reserve AFTER UPDATE ON funding_pledge
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION pledge_reserve();
"""
OLD = """
DROP TRIGGER pledge_reserve ON funding_pledge;
CREATE OR REPLACE FUNCTION pledge_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0011_rate_proposals")]
    operations = [migrations.RunSQL(NEW, OLD)]
