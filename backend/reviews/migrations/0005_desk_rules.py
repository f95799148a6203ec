"""What the database refuses of reviews, decisions and letters, whoever asks.

Two different reviewers and no third; scores fixed once handed in; a decision only on two reviews, by
somebody who is neither a reviewer nor of the owner's people; a letter signed by a fourth person,
along its edges only, never changed once sent; rules, notes and reasons append-only; a frozen project
stays where it is.
"""

from django.db import migrations

REVIEWS = """
CREATE FUNCTION review_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.submitted_at IS NOT NULL AND (
        SELECT count(*) FROM reviews_review r
        WHERE r.version_id = NEW.version_id AND r.submitted_at IS NOT NULL AND r.id <> NEW.id
    ) >= 2 THEN
        RAISE EXCEPTION 'two reviews of this version are in'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_two_seats BEFORE INSERT OR UPDATE OF submitted_at ON reviews_review
    FOR EACH ROW EXECUTE FUNCTION review_seats();
CREATE FUNCTION score_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM reviews_review r WHERE r.submitted_at IS NOT NULL
        AND r.id = CASE WHEN TG_OP = 'DELETE' THEN OLD.review_id ELSE NEW.review_id END
    ) THEN
        RAISE EXCEPTION 'the scores of a review that is in cannot be changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER score_fixed BEFORE INSERT OR UPDATE OR DELETE ON reviews_score
    FOR EACH ROW EXECUTE FUNCTION score_fixed();
"""
UNDO_REVIEWS = """
DROP TRIGGER score_fixed ON reviews_score;
DROP FUNCTION score_fixed();
DROP TRIGGER review_two_seats ON reviews_review;
DROP FUNCTION review_seats();
"""

DECISIONS = """
CREATE OR REPLACE FUNCTION decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM reviews_review r
        WHERE r.version_id = NEW.version_id AND r.reviewer_id = NEW.decided_by_id
        AND r.submitted_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'who reviewed a version does not decide on it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM projects_projectversion v
        JOIN projects_project p ON p.id = v.project_id
        JOIN accounts_organisationmembership m ON m.organisation_id = p.owner_id
        WHERE v.id = NEW.version_id AND m.user_id = NEW.decided_by_id
    ) THEN
        RAISE EXCEPTION 'who decides does not belong to the organisation under review'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (
        SELECT count(DISTINCT r.reviewer_id) FROM reviews_review r
        WHERE r.version_id = NEW.version_id AND r.submitted_at IS NOT NULL
    ) < 2 THEN
        RAISE EXCEPTION 'a decision needs two reviews'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER decision_by_another ON reviews_decision;
CREATE TRIGGER decision_by_another BEFORE INSERT ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION decision_guard();
CREATE FUNCTION decision_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open text[] := ARRAY['undone_at', 'undone_by_id', 'undone_reason', 'conditions_accepted_at'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL
        OR (to_jsonb(NEW) - open) <> (to_jsonb(OLD) - open)
        OR (OLD.conditions_accepted_at IS NOT NULL
            AND NEW.conditions_accepted_at IS DISTINCT FROM OLD.conditions_accepted_at)
        OR (NEW.undone_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM reviews_letter l WHERE l.decision_id = NEW.id AND l.status = 'sent'))
    THEN
        RAISE EXCEPTION 'a decision is not changed; it can be undone until its letter is sent'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER decision_immutable ON reviews_decision;
CREATE TRIGGER decision_immutable BEFORE UPDATE OR DELETE ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION decision_fixed();
"""
UNDO_DECISIONS = """
DROP TRIGGER decision_immutable ON reviews_decision;
DROP FUNCTION decision_fixed();
CREATE TRIGGER decision_immutable BEFORE UPDATE OR DELETE ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP TRIGGER decision_by_another ON reviews_decision;
CREATE OR REPLACE FUNCTION decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# Literal, as on the day this was written; tests/reviews compares it with reviews.workflow.LETTER.
LETTERS = """
CREATE FUNCTION letter_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN (
        ('prepared', 'signed'), ('prepared', 'undone'), ('signed', 'sent'), ('signed', 'undone')
    )
$$;
CREATE FUNCTION letter_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made CONSTANT text[] := ARRAY['status', 'year', 'number', 'signed_by_id', 'signed_at',
                                  'goes_out_at', 'sent_at', 'pdf', 'pdf_sha256'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'prepared' THEN
            RAISE EXCEPTION 'a letter starts as prepared, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.status IN ('sent', 'undone')
        OR (to_jsonb(NEW) - made) <> (to_jsonb(OLD) - made) THEN
        RAISE EXCEPTION 'what a letter says is not changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.status <> OLD.status AND NOT letter_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a letter does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.signed_by_id IS NOT NULL AND NEW.signed_by_id IS DISTINCT FROM OLD.signed_by_id THEN
        RAISE EXCEPTION 'a signature stays'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.signed_by_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM reviews_decision d
        JOIN projects_projectversion v ON v.id = d.version_id
        JOIN projects_project p ON p.id = v.project_id
        WHERE d.id = NEW.decision_id AND (
            d.decided_by_id = NEW.signed_by_id
            OR EXISTS (SELECT 1 FROM reviews_review r WHERE r.version_id = d.version_id
                       AND r.reviewer_id = NEW.signed_by_id AND r.submitted_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM accounts_organisationmembership m
                       WHERE m.organisation_id = p.owner_id AND m.user_id = NEW.signed_by_id)
        )
    ) THEN
        RAISE EXCEPTION 'a letter is signed by somebody who neither reviewed, decided nor owns'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER letter_guard BEFORE INSERT OR UPDATE OR DELETE ON reviews_letter
    FOR EACH ROW EXECUTE FUNCTION letter_guard();
"""
UNDO_LETTERS = """
DROP TRIGGER letter_guard ON reviews_letter;
DROP FUNCTION letter_guard();
DROP FUNCTION letter_edge_is_legal(text, text);
"""

APPEND_ONLY = """
CREATE TRIGGER ruleset_append_only BEFORE UPDATE OR DELETE ON reviews_ruleset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER note_append_only BEFORE UPDATE OR DELETE ON reviews_note
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gap_reason_append_only BEFORE UPDATE OR DELETE ON reviews_gapreason
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNDO_APPEND_ONLY = """
DROP TRIGGER gap_reason_append_only ON reviews_gapreason;
DROP TRIGGER note_append_only ON reviews_note;
DROP TRIGGER ruleset_append_only ON reviews_ruleset;
"""

FROZEN = """
CREATE FUNCTION project_frozen_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a frozen project stays where it is'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER project_frozen_stays BEFORE UPDATE OF status ON projects_project
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL AND NEW.status <> OLD.status)
    EXECUTE FUNCTION project_frozen_stays();
"""
UNDO_FROZEN = """
DROP TRIGGER project_frozen_stays ON projects_project;
DROP FUNCTION project_frozen_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_desk")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE reviews_reference", "DROP SEQUENCE reviews_reference"),
        migrations.RunSQL(REVIEWS, UNDO_REVIEWS),
        migrations.RunSQL(DECISIONS, UNDO_DECISIONS),
        migrations.RunSQL(LETTERS, UNDO_LETTERS),
        migrations.RunSQL(APPEND_ONLY, UNDO_APPEND_ONLY),
        migrations.RunSQL(FROZEN, UNDO_FROZEN),
    ]
