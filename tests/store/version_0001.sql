-- An invented oblast of 12 000 people as the version before revisions stored it, reduced to a few rows (pg_dump).
CREATE SCHEMA access;
CREATE SCHEMA ledger;
CREATE SCHEMA serving;
CREATE SCHEMA vault;
CREATE TABLE serving.edition_in_force (
    only_row boolean DEFAULT true NOT NULL,
    edition text NOT NULL,
    CONSTRAINT edition_in_force_only_row_check CHECK (only_row)
);
CREATE TABLE serving.snapshot_in_force (
    period text NOT NULL,
    revision integer NOT NULL,
    edition text NOT NULL
);
CREATE FUNCTION access.current_edition() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN COALESCE((SELECT f.edition FROM serving.snapshot_in_force f ORDER BY f.period DESC LIMIT 1), (SELECT e.edition FROM serving.edition_in_force e));
CREATE TABLE access.account (
    principal text NOT NULL,
    password_hash text NOT NULL,
    display_name text NOT NULL,
    language text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    failed_sign_ins integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    last_sign_in_at timestamp with time zone,
    CONSTRAINT account_language_check CHECK ((language = ANY (ARRAY['kk'::text, 'ru'::text, 'en'::text]))),
    CONSTRAINT account_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT account_principal_check CHECK (((octet_length(principal) >= 1) AND (octet_length(principal) <= 63)))
);
CREATE FUNCTION access.principal() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN CASE WHEN (SESSION_USER <> 'auyl_portal'::name) THEN (SESSION_USER)::text ELSE (SELECT a.principal FROM access.account a WHERE ((a.principal = current_setting('auyl.principal'::text, true)) AND (a.disabled_at IS NULL))) END;
CREATE TABLE access.grant_ (
    grant_id bigint NOT NULL,
    principal text NOT NULL,
    role text NOT NULL,
    territory_prefix text NOT NULL,
    edition text NOT NULL,
    valid_from timestamp with time zone DEFAULT now() NOT NULL,
    valid_to timestamp with time zone,
    granted_by text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    reason text NOT NULL,
    revoked_by text,
    revoke_reason text,
    CONSTRAINT grant__check CHECK ((valid_to >= valid_from)),
    CONSTRAINT grant__check1 CHECK (((role <> 'akim'::text) OR (length(territory_prefix) = 6))),
    CONSTRAINT grant__check2 CHECK (((role <> 'district_staff'::text) OR (length(territory_prefix) >= 4))),
    CONSTRAINT grant__principal_check CHECK (((octet_length(principal) >= 1) AND (octet_length(principal) <= 63))),
    CONSTRAINT grant__reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT grant__role_check CHECK ((role = ANY (ARRAY['akim'::text, 'district_staff'::text, 'oblast_staff'::text, 'ambulance_coordinator'::text, 'veterinary_coordinator'::text, 'auditor'::text, 'engineer'::text]))),
    CONSTRAINT grant__territory_prefix_check CHECK ((territory_prefix ~ '^[0-9]{2}([0-9]{2}){0,2}$'::text))
);
CREATE TABLE serving.territory (
    kato text NOT NULL,
    edition text NOT NULL,
    level text NOT NULL,
    kind text,
    parent_kato text,
    okrug_kato text,
    district_kato text,
    oblast_kato text NOT NULL,
    name_ru text NOT NULL,
    name_kk text,
    is_rural_akimat boolean NOT NULL,
    is_main_settlement boolean NOT NULL,
    CONSTRAINT territory_kato_check CHECK ((kato ~ '^\d{9}$'::text)),
    CONSTRAINT territory_level_check CHECK ((level = ANY (ARRAY['oblast'::text, 'district'::text, 'okrug'::text, 'settlement'::text])))
);
CREATE VIEW access.scope AS
 SELECT g.grant_id,
    g.principal,
    g.role,
    g.territory_prefix,
    g.valid_to,
    okrug.kato
   FROM ((access.grant_ g
     CROSS JOIN ( SELECT access.current_edition() AS edition) now_)
     JOIN serving.territory okrug ON (((okrug.edition = now_.edition) AND (okrug.level = 'okrug'::text) AND ((okrug.kato >= rpad(g.territory_prefix, 9, '0'::text)) AND (okrug.kato <= rpad(g.territory_prefix, 9, '9'::text))))))
  WHERE ((g.valid_from <= statement_timestamp()) AND ((g.valid_to IS NULL) OR (g.valid_to > statement_timestamp())) AND ((g.edition = now_.edition) OR (EXISTS ( SELECT
           FROM ((serving.territory then_okrug
             JOIN serving.territory then_district ON (((then_district.kato = then_okrug.district_kato) AND (then_district.edition = then_okrug.edition))))
             JOIN serving.territory district ON (((district.kato = okrug.district_kato) AND (district.edition = okrug.edition))))
          WHERE ((then_okrug.kato = okrug.kato) AND (then_okrug.edition = g.edition) AND (then_okrug.name_ru = okrug.name_ru) AND (then_district.name_ru = district.name_ru))))));
CREATE FUNCTION access.allowed(roles text[]) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN COALESCE((SELECT array_agg(DISTINCT s.kato) AS array_agg FROM access.scope s WHERE ((s.principal = access.principal()) AND (s.role = ANY (allowed.roles)))), '{}'::text[]);
CREATE FUNCTION access.begin_sign_in(who text) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 UPDATE access.account a SET failed_sign_ins =
         CASE
             WHEN (a.locked_until IS NULL) THEN (a.failed_sign_ins + 1)
             ELSE 1
         END, locked_until =
         CASE
             WHEN ((a.locked_until IS NULL) AND ((a.failed_sign_ins + 1) >= 5)) THEN (now() + '00:15:00'::interval)
             ELSE NULL::timestamp with time zone
         END
   WHERE ((a.principal = begin_sign_in.who) AND (a.disabled_at IS NULL) AND ((a.locked_until IS NULL) OR (a.locked_until <= now())))
   RETURNING a.password_hash;
END;
CREATE TABLE access.audit (
    audit_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    principal text,
    login text DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL,
    object text DEFAULT ''::text NOT NULL,
    outcome text NOT NULL,
    purpose text,
    client_address inet,
    CONSTRAINT audit_action_check CHECK ((action <> ''::text)),
    CONSTRAINT audit_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'failed'::text])))
);
CREATE FUNCTION access.write_audit(what text, which text, how_it_ended text, why text DEFAULT NULL::text, address inet DEFAULT NULL::inet, who text DEFAULT NULL::text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 INSERT INTO access.audit (principal, action, object, outcome, purpose, client_address)
   VALUES (COALESCE(write_audit.who, access.principal()), write_audit.what, write_audit.which, write_audit.how_it_ended, write_audit.why, write_audit.address);
END;
CREATE TABLE access.session (
    token_sha256 bytea NOT NULL,
    principal text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT session_token_sha256_check CHECK ((octet_length(token_sha256) = 32))
);
CREATE FUNCTION access.end_session(token bytea, address inet) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 WITH ended AS (
          DELETE FROM access.session
           WHERE (session.token_sha256 = end_session.token)
           RETURNING session.principal
         )
  SELECT access.write_audit('sign_out'::text, ''::text, 'done'::text, NULL::text, end_session.address, e.principal) AS write_audit
    FROM ended e;
END;
CREATE FUNCTION access.finish_sign_in(who text, token bytea, lifetime interval, address inet) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 UPDATE access.account SET failed_sign_ins = 0, locked_until = NULL::timestamp with time zone, last_sign_in_at = now()
   WHERE (account.principal = finish_sign_in.who);
 DELETE FROM access.session
   WHERE ((session.principal = finish_sign_in.who) AND (session.expires_at <= now()));
 INSERT INTO access.session (token_sha256, principal, expires_at)
   VALUES (finish_sign_in.token, finish_sign_in.who, (now() + LEAST(finish_sign_in.lifetime, '24:00:00'::interval)));
 SELECT access.write_audit('sign_in'::text, ''::text, 'done'::text, NULL::text, address, who) AS write_audit;
END;
CREATE FUNCTION access.readers_of(subject text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN CASE subject WHEN 'snapshot'::text THEN ARRAY['akim'::text, 'district_staff'::text, 'oblast_staff'::text, 'auditor'::text] WHEN 'ambulance'::text THEN ARRAY['ambulance_coordinator'::text, 'oblast_staff'::text] WHEN 'veterinary'::text THEN ARRAY['veterinary_coordinator'::text, 'oblast_staff'::text] WHEN 'quality'::text THEN ARRAY['district_staff'::text, 'oblast_staff'::text, 'auditor'::text] ELSE '{}'::text[] END;
CREATE TABLE access.owner (
    owner_id bigint NOT NULL,
    principal text NOT NULL,
    registry text NOT NULL,
    given_by text NOT NULL,
    reason text NOT NULL,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT owner_principal_check CHECK (((octet_length(principal) >= 1) AND (octet_length(principal) <= 63))),
    CONSTRAINT owner_reason_check CHECK ((reason <> ''::text))
);
CREATE FUNCTION access.registries() RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN COALESCE((SELECT array_agg(DISTINCT o.registry) AS array_agg FROM access.owner o WHERE ((o.principal = access.principal()) AND (o.ended_at IS NULL))), '{}'::text[]);
CREATE FUNCTION access.session_of(token bytea) RETURNS TABLE(principal text, display_name text, language text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT a.principal,
     a.display_name,
     a.language
    FROM (access.session s
      JOIN access.account a USING (principal))
   WHERE ((s.token_sha256 = session_of.token) AND (s.expires_at > now()) AND (a.disabled_at IS NULL));
END;
ALTER TABLE access.audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access.audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE access.grant_ ALTER COLUMN grant_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access.grant__grant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE access.owner ALTER COLUMN owner_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access.owner_owner_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.batch (
    batch_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    rules_digest text NOT NULL,
    raw_path text NOT NULL,
    stage_path text NOT NULL,
    quarantine_path text NOT NULL,
    rows_in bigint NOT NULL,
    staged bigint NOT NULL,
    quarantined bigint NOT NULL,
    duplicates bigint NOT NULL,
    warned bigint NOT NULL,
    notes jsonb NOT NULL,
    accepted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT balances CHECK ((rows_in = ((staged + quarantined) + duplicates)))
);
ALTER TABLE ledger.batch ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.batch_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.batch_column (
    batch_id bigint NOT NULL,
    name text NOT NULL,
    heading text,
    place integer,
    filled bigint NOT NULL,
    share_unreadable double precision,
    categories text[]
);
CREATE TABLE ledger.delivery (
    delivery_id bigint NOT NULL,
    registry text NOT NULL,
    period text NOT NULL,
    digest text NOT NULL,
    files integer NOT NULL,
    size_bytes bigint NOT NULL,
    extracted_at timestamp with time zone NOT NULL,
    watermark text,
    source text NOT NULL,
    landing_path text NOT NULL,
    arrived_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    corrects_batch_id bigint,
    CONSTRAINT delivery_period_check CHECK ((period ~ '^\d{4}-(0[1-9]|1[0-2])$'::text))
);
CREATE VIEW ledger.batch_standing AS
 SELECT b.batch_id,
    b.delivery_id,
    b.rules_digest,
    b.raw_path,
    b.stage_path,
    b.quarantine_path,
    b.rows_in,
    b.staged,
    b.quarantined,
    b.duplicates,
    b.warned,
    b.notes,
    b.accepted_at,
    d.registry,
    d.period,
    d.extracted_at,
    d.digest,
    row_number() OVER (PARTITION BY d.registry, d.period ORDER BY d.extracted_at DESC, d.delivery_id DESC, b.batch_id DESC) AS standing,
    row_number() OVER (PARTITION BY d.delivery_id ORDER BY b.batch_id DESC) AS standing_in_delivery,
    (EXISTS ( SELECT 1
           FROM ((ledger.delivery c
             JOIN ledger.batch made ON ((c.delivery_id = made.delivery_id)))
             JOIN ledger.batch base ON ((c.corrects_batch_id = base.batch_id)))
          WHERE (base.delivery_id = b.delivery_id))) AS is_corrected
   FROM (ledger.batch b
     JOIN ledger.delivery d ON ((b.delivery_id = d.delivery_id)));
CREATE TABLE ledger.build (
    build_id bigint NOT NULL,
    period text NOT NULL,
    inputs_digest text NOT NULL,
    outcome text NOT NULL,
    revision integer,
    details jsonb NOT NULL,
    built_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT build_outcome_check CHECK ((outcome = ANY (ARRAY['published'::text, 'unchanged'::text, 'refused'::text])))
);
ALTER TABLE ledger.build ALTER COLUMN build_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.build_build_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.build_input (
    build_id bigint NOT NULL,
    batch_id bigint NOT NULL
);
ALTER TABLE ledger.delivery ALTER COLUMN delivery_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.delivery_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.delivery_file (
    delivery_id bigint NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL
);
CREATE TABLE ledger.digest (
    day date NOT NULL,
    composed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    since timestamp with time zone,
    has_news boolean NOT NULL,
    content jsonb NOT NULL,
    text text NOT NULL
);
CREATE TABLE ledger.digest_mail (
    day date NOT NULL,
    recipients integer NOT NULL,
    sent_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE ledger.drift (
    drift_id bigint NOT NULL,
    batch_id bigint NOT NULL,
    kind text NOT NULL,
    name text,
    expected text NOT NULL,
    found text NOT NULL,
    CONSTRAINT drift_kind_check CHECK ((kind = ANY (ARRAY['column_new'::text, 'column_gone'::text, 'column_renamed'::text, 'column_reordered'::text, 'column_retyped'::text, 'category_new'::text, 'null_share'::text, 'volume'::text, 'same_bytes'::text])))
);
ALTER TABLE ledger.drift ALTER COLUMN drift_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.drift_drift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.entity_set (
    set_id bigint NOT NULL,
    kind text NOT NULL,
    period text NOT NULL,
    inputs_digest text NOT NULL,
    batches_digest text NOT NULL,
    path text NOT NULL,
    entities bigint NOT NULL,
    attributes bigint NOT NULL,
    disputed bigint NOT NULL,
    size_bytes bigint NOT NULL,
    built_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ledger.entity_set ALTER COLUMN set_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.entity_set_set_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.hash_key (
    key_no integer NOT NULL,
    fingerprint text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    put_by text DEFAULT CURRENT_USER NOT NULL,
    reason text NOT NULL,
    changed text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT hash_key_reason_check CHECK ((length(TRIM(BOTH FROM reason)) > 0))
);
CREATE TABLE ledger.hash_key_settled (
    key_no integer NOT NULL,
    settled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE ledger.link_decision (
    decision_id bigint NOT NULL,
    record_key uuid NOT NULL,
    person_key uuid NOT NULL,
    is_same boolean NOT NULL,
    reason text NOT NULL,
    decided_by text DEFAULT CURRENT_USER NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT link_decision_reason_check CHECK ((length(TRIM(BOTH FROM reason)) > 0))
);
ALTER TABLE ledger.link_decision ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.link_decision_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW ledger.link_decision_standing AS
 SELECT DISTINCT ON (record_key, person_key) record_key,
    person_key,
    is_same,
    reason,
    decided_by,
    decided_at
   FROM ledger.link_decision
  ORDER BY record_key, person_key, decision_id DESC;
CREATE TABLE ledger.link_run (
    run_id bigint NOT NULL,
    period text NOT NULL,
    inputs_digest text NOT NULL,
    path text NOT NULL,
    records integer NOT NULL,
    linked integer NOT NULL,
    reviewed integer NOT NULL,
    finished_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    contents jsonb DEFAULT '{}'::jsonb NOT NULL
);
ALTER TABLE ledger.link_run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.link_run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.pull_note (
    note_id bigint NOT NULL,
    registry text NOT NULL,
    period text NOT NULL,
    note text,
    noted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ledger.pull_note ALTER COLUMN note_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.pull_note_note_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.refusal (
    refusal_id bigint NOT NULL,
    registry text NOT NULL,
    period text NOT NULL,
    delivery_id bigint,
    rules_digest text,
    reason text NOT NULL,
    details jsonb NOT NULL,
    quarantine_path text,
    refused_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ledger.refusal ALTER COLUMN refusal_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.refusal_refusal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ledger.rule_outcome (
    batch_id bigint NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    failed bigint NOT NULL
);
CREATE TABLE serving.ambulance_by_settlement (
    period text NOT NULL,
    revision integer NOT NULL,
    okrug_kato text NOT NULL,
    settlement_kato text NOT NULL,
    settlement_ru text,
    settlement_kk text,
    calls integer NOT NULL,
    calls_urgent integer NOT NULL,
    calls_measured integer NOT NULL,
    calls_within_norm integer NOT NULL,
    arrival_median_min numeric,
    arrival_p90_min numeric,
    residents integer NOT NULL,
    residents_65_plus integer NOT NULL,
    residents_under_1 integer NOT NULL
);
CREATE VIEW serving.ambulance_current WITH (security_invoker='true') AS
 SELECT v.period,
    v.revision,
    v.okrug_kato,
    v.settlement_kato,
    v.settlement_ru,
    v.settlement_kk,
    v.calls,
    v.calls_urgent,
    v.calls_measured,
    v.calls_within_norm,
    v.arrival_median_min,
    v.arrival_p90_min,
    v.residents,
    v.residents_65_plus,
    v.residents_under_1
   FROM (serving.ambulance_by_settlement v
     JOIN serving.snapshot_in_force f ON (((f.period = v.period) AND (f.revision = v.revision))));
CREATE TABLE serving.contradiction (
    period text NOT NULL,
    type_id text NOT NULL,
    owner_registry text NOT NULL,
    subject_kind text NOT NULL,
    subject_key text NOT NULL,
    okrug_kato text,
    left_file text,
    left_record bigint,
    left_value text,
    left_date date,
    right_file text,
    right_record bigint,
    right_value text,
    right_date date,
    people bigint,
    tenge numeric(18,2),
    affected numeric(18,4)
);
CREATE TABLE serving.contradiction_judged (
    period text NOT NULL,
    type_id text NOT NULL
);
CREATE VIEW serving.contradiction_history WITH (security_invoker='true') AS
 WITH judged AS (
         SELECT contradiction_judged.type_id,
            contradiction_judged.period,
            row_number() OVER (PARTITION BY contradiction_judged.type_id ORDER BY contradiction_judged.period) AS nth,
            lead(contradiction_judged.period) OVER (PARTITION BY contradiction_judged.type_id ORDER BY contradiction_judged.period) AS next_period
           FROM serving.contradiction_judged
        ), placed AS (
         SELECT c.period,
            c.type_id,
            c.owner_registry,
            c.subject_kind,
            c.subject_key,
            c.okrug_kato,
            c.left_file,
            c.left_record,
            c.left_value,
            c.left_date,
            c.right_file,
            c.right_record,
            c.right_value,
            c.right_date,
            c.people,
            c.tenge,
            c.affected,
            j.next_period,
            (j.nth - row_number() OVER (PARTITION BY c.type_id, c.subject_kind, c.subject_key ORDER BY c.period)) AS stretch
           FROM (serving.contradiction c
             JOIN judged j ON (((c.type_id = j.type_id) AND (c.period = j.period))))
        )
 SELECT type_id,
    subject_kind,
    subject_key,
    (array_agg(owner_registry ORDER BY period DESC))[1] AS owner_registry,
    (array_agg(okrug_kato ORDER BY period DESC))[1] AS okrug_kato,
    min(period) AS opened_period,
    max(period) AS last_period,
    (array_agg(next_period ORDER BY period DESC))[1] AS closed_period
   FROM placed
  GROUP BY type_id, subject_kind, subject_key, stretch;
CREATE TABLE serving.contradiction_set (
    period text NOT NULL,
    inputs_digest text NOT NULL,
    edition text NOT NULL,
    lake_path text NOT NULL,
    contradictions bigint NOT NULL,
    computed_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE serving.contradiction_source (
    period text NOT NULL,
    registry text NOT NULL,
    batch_id bigint NOT NULL
);
CREATE TABLE serving.contradiction_type (
    type_id text NOT NULL,
    "position" integer NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    owner_registry text NOT NULL,
    left_registry text NOT NULL,
    right_registry text NOT NULL,
    severity text NOT NULL,
    affected_unit text,
    CONSTRAINT contradiction_type_severity_check CHECK ((severity = ANY (ARRAY['high'::text, 'medium'::text, 'low'::text])))
);
CREATE TABLE serving.indicator (
    indicator_id text NOT NULL,
    theme text NOT NULL,
    "position" integer NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    unit text NOT NULL,
    unit_kk text NOT NULL,
    unit_ru text NOT NULL,
    unit_en text NOT NULL,
    decimals integer NOT NULL,
    better text NOT NULL,
    responsible_kk text NOT NULL,
    responsible_ru text NOT NULL,
    responsible_en text NOT NULL,
    level text NOT NULL,
    registries text[] NOT NULL,
    definition_kk text NOT NULL,
    definition_ru text NOT NULL,
    definition_en text NOT NULL,
    CONSTRAINT indicator_better_check CHECK ((better = ANY (ARRAY['up'::text, 'down'::text, 'none'::text])))
);
CREATE TABLE serving.quality (
    registry text NOT NULL,
    period text NOT NULL,
    level text NOT NULL,
    kato text,
    edition text NOT NULL,
    rows_in bigint NOT NULL,
    staged bigint NOT NULL,
    quarantined bigint NOT NULL,
    duplicates bigint NOT NULL,
    warned bigint NOT NULL,
    completeness_pct numeric(6,3),
    validity_pct numeric(6,3),
    duplicates_pct numeric(6,3),
    days_late numeric(8,2) NOT NULL,
    measured_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT balances CHECK ((rows_in = ((staged + quarantined) + duplicates))),
    CONSTRAINT quality_level_check CHECK ((level = ANY (ARRAY['registry'::text, 'okrug'::text, 'unplaced'::text])))
);
CREATE VIEW serving.quality_trend WITH (security_invoker='true') AS
 SELECT registry,
    period,
    level,
    kato,
    edition,
    rows_in,
    staged,
    quarantined,
    duplicates,
    warned,
    completeness_pct,
    validity_pct,
    duplicates_pct,
    days_late,
    measured_at,
    (rows_in - lag(rows_in) OVER former) AS rows_in_change,
    (completeness_pct - lag(completeness_pct) OVER former) AS completeness_change_pct,
    (validity_pct - lag(validity_pct) OVER former) AS validity_change_pct
   FROM serving.quality q
  WINDOW former AS (PARTITION BY registry, level, COALESCE(kato, ''::text) ORDER BY period);
CREATE TABLE serving.snapshot (
    period text NOT NULL,
    revision integer NOT NULL,
    edition text NOT NULL,
    inputs_digest text NOT NULL,
    content_sha256 text NOT NULL,
    published_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT snapshot_period_check CHECK ((period ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT snapshot_revision_check CHECK ((revision > 0))
);
CREATE TABLE serving.snapshot_value (
    period text NOT NULL,
    revision integer NOT NULL,
    kato text NOT NULL,
    indicator_id text NOT NULL,
    value numeric,
    numerator numeric,
    denominator numeric,
    flag text NOT NULL,
    coverage_pct numeric,
    as_of date,
    CONSTRAINT snapshot_value_check CHECK (((value IS NULL) = (flag = ANY (ARRAY['missing'::text, 'suppressed'::text])))),
    CONSTRAINT snapshot_value_flag_check CHECK ((flag = ANY (ARRAY['ok'::text, 'estimated'::text, 'suppressed'::text, 'missing'::text])))
);
CREATE VIEW serving.snapshot_current WITH (security_invoker='true') AS
 SELECT v.period,
    v.revision,
    v.kato,
    v.indicator_id,
    v.value,
    v.numerator,
    v.denominator,
    v.flag,
    v.coverage_pct,
    v.as_of
   FROM (serving.snapshot_value v
     JOIN serving.snapshot_in_force f ON (((f.period = v.period) AND (f.revision = v.revision))));
CREATE TABLE serving.snapshot_missing (
    period text NOT NULL,
    revision integer NOT NULL,
    registry text NOT NULL,
    last_period text,
    reason text NOT NULL,
    CONSTRAINT snapshot_missing_reason_check CHECK ((reason = ANY (ARRAY['late'::text, 'refused'::text, 'never'::text])))
);
CREATE TABLE serving.snapshot_source (
    period text NOT NULL,
    revision integer NOT NULL,
    registry text NOT NULL,
    batch_id bigint NOT NULL,
    extracted_at timestamp with time zone NOT NULL,
    source_period text NOT NULL,
    rows_staged bigint NOT NULL,
    rows_quarantined bigint NOT NULL
);
CREATE TABLE serving.theme (
    theme text NOT NULL,
    "position" integer NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL
);
CREATE TABLE serving.veterinary_by_settlement (
    period text NOT NULL,
    revision integer NOT NULL,
    okrug_kato text NOT NULL,
    settlement_kato text NOT NULL,
    settlement_ru text,
    settlement_kk text,
    species text NOT NULL,
    heads integer NOT NULL,
    owners integer NOT NULL,
    heads_vaccinated_12_months integer NOT NULL,
    heads_vaccination_due integer NOT NULL,
    heads_tested_brucellosis integer NOT NULL,
    heads_positive_brucellosis integer NOT NULL,
    CONSTRAINT veterinary_by_settlement_species_check CHECK ((species = ANY (ARRAY['cattle'::text, 'small_ruminants'::text, 'horses'::text, 'camels'::text, 'pigs'::text])))
);
CREATE VIEW serving.veterinary_current WITH (security_invoker='true') AS
 SELECT v.period,
    v.revision,
    v.okrug_kato,
    v.settlement_kato,
    v.settlement_ru,
    v.settlement_kk,
    v.species,
    v.heads,
    v.owners,
    v.heads_vaccinated_12_months,
    v.heads_vaccination_due,
    v.heads_tested_brucellosis,
    v.heads_positive_brucellosis
   FROM (serving.veterinary_by_settlement v
     JOIN serving.snapshot_in_force f ON (((f.period = v.period) AND (f.revision = v.revision))));
CREATE TABLE vault.link_review (
    period text NOT NULL,
    record_key uuid NOT NULL,
    person_key uuid NOT NULL,
    weight_bits numeric(8,4) NOT NULL,
    next_weight_bits numeric(8,4),
    levels jsonb NOT NULL,
    places jsonb NOT NULL,
    record jsonb NOT NULL,
    person jsonb NOT NULL
);
CREATE TABLE vault.person (
    person_key uuid NOT NULL,
    iin text NOT NULL,
    surname text,
    given_name text,
    patronymic text
);
CREATE TABLE vault.person_period (
    only_row boolean DEFAULT true NOT NULL,
    period text NOT NULL,
    revision integer NOT NULL,
    CONSTRAINT person_period_only_row_check CHECK (only_row)
);
INSERT INTO access.grant_ OVERRIDING SYSTEM VALUE VALUES
	(1, 'akim.a', 'akim', '191010', 'INVENTED-1_39dffbc6', '2026-11-30 07:28:00.946934+00', NULL, 'os:root', '2026-11-30 07:28:00.946934+00', 'order 1', NULL, NULL);
INSERT INTO ledger.batch OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '81acef88a16471346dc351d8fe26c469493bf2ddf3b98edef8fdbaa718a8d574', 'raw/budget_okrug/2026-10/d5f747a05d2806a0-8d0fecd9', 'stage/budget_okrug/2026-10/d5f747a05d2806a0-81acef88a1647134/stage.parquet', 'quarantine/budget_okrug/2026-10/d5f747a05d2806a0-81acef88a1647134/quarantine.parquet', 4204, 4176, 16, 12, 0, '{"files": {"budget_okrug_2026-10.csv": 4202}, "envelope": {}, "unknown_columns": []}', '2026-11-30 07:26:12.509439+00'),
	(2, 2, '77fa54dacd734da558382996343190318cee0f16b6f22e4b2d43b8fbcfdca2a5', 'raw/livestock/2026-10/02822ac23b7386b6-ead511be', 'stage/livestock/2026-10/02822ac23b7386b6-77fa54dacd734da5/stage.parquet', 'quarantine/livestock/2026-10/02822ac23b7386b6-77fa54dacd734da5/quarantine.parquet', 3623, 3588, 25, 10, 5, '{"files": {"livestock_2026-10.xlsx#КРС": 1064, "livestock_2026-10.xlsx#МРС": 2079, "livestock_2026-10.xlsx#Лошади": 428, "livestock_2026-10.xlsx#Верблюды": 52}, "envelope": {}, "unknown_columns": []}', '2026-11-30 07:26:12.533035+00'),
	(3, 3, '873bd922da099407e136951417caa5b52a1f73a0d3364cb362e51c957c510458', 'raw/population/2026-10/f0772cd4dd72bef2-ef9c40a7', 'stage/population/2026-10/f0772cd4dd72bef2-873bd922da099407/stage.parquet', 'quarantine/population/2026-10/f0772cd4dd72bef2-873bd922da099407/quarantine.parquet', 12011, 11891, 80, 40, 122, '{"files": {"population_2026-10_part001.xml": 12011}, "envelope": {"parts": "1", "period": "2026-10", "extracted_at": "2026-11-01T02:00:00.000+05:00"}, "unknown_columns": []}', '2026-11-30 07:26:12.534318+00'),
	(4, 5, '46c38a9f013e3b1657243ca15310af5a086755e11474e647d6ca8b5c0eb93678', 'raw/social_assistance/2026-10/1ab931d2b468c8fd-2fbcf800', 'stage/social_assistance/2026-10/1ab931d2b468c8fd-46c38a9f013e3b16/stage.parquet', 'quarantine/social_assistance/2026-10/1ab931d2b468c8fd-46c38a9f013e3b16/quarantine.parquet', 497, 484, 9, 4, 7, '{"files": {"social_assistance_2026-10.csv": 497}, "envelope": {}, "unknown_columns": []}', '2026-11-30 07:26:13.346931+00'),
	(5, 4, '03f20c36408f241b3f23639707b4f64d01593b4106cab7c24a758223bddf56eb', 'raw/ambulance/2026-10/b1189404635f646c-f906bf3b', 'stage/ambulance/2026-10/b1189404635f646c-03f20c36408f241b/stage.parquet', 'quarantine/ambulance/2026-10/b1189404635f646c-03f20c36408f241b/quarantine.parquet', 377, 376, 1, 0, 4, '{"files": {"ambulance_2026-10.csv": 377}, "envelope": {}, "unknown_columns": []}', '2026-11-30 07:26:13.389285+00'),
	(6, 6, 'd265c8b4b31be92820bfb2f7f4e072d553f056a6155548d33a412045bd07dfe6', 'raw/employment/2026-10/bca48c8fd8ebbc9c-00fb4cf2', 'stage/employment/2026-10/bca48c8fd8ebbc9c-d265c8b4b31be928/stage.parquet', 'quarantine/employment/2026-10/bca48c8fd8ebbc9c-d265c8b4b31be928/quarantine.parquet', 204, 200, 3, 1, 2, '{"files": {"page-00001.json": 204}, "envelope": {"period": "2026-10", "extracted_at": "2026-10-31"}, "unknown_columns": []}', '2026-11-30 07:26:13.390356+00');
INSERT INTO ledger.batch_column VALUES
	(1, 'kato', 'kato', 1, 4202, NULL, NULL),
	(1, 'line_id', 'id', 2, 4202, NULL, NULL),
	(1, 'line_code', 'code', 3, 3678, NULL, NULL),
	(1, 'line_name', 'name', 4, 4202, NULL, NULL),
	(1, 'approved_thousand_kzt', 'utv', 5, 4202, 0, NULL),
	(1, 'refined_thousand_kzt', 'utch', 6, 4202, 0, NULL),
	(1, 'plan_year_thousand_kzt', 'plg', 7, 4202, 0, NULL),
	(1, 'plan_period_thousand_kzt', 'plgp', 8, 4202, 0, NULL),
	(1, 'obligations_paid_thousand_kzt', 'plgo', 9, 4202, 0, NULL),
	(1, 'executed_thousand_kzt', 'sumrg', 10, 4202, 0.0019038553069966682, NULL),
	(1, 'obligations_thousand_kzt', 'obz', 11, 4202, 0, NULL),
	(1, 'obligations_executed_thousand_kzt', 'obzsumrg', 12, 4202, 0, NULL),
	(1, 'executed_of_period_pct', 'plgpsumrg', 13, 4202, 0, NULL),
	(1, 'executed_of_year_pct', 'plgsumrg', 14, 4202, 0, NULL),
	(1, 'line_level', 'level', 15, 4202, 0, NULL),
	(1, 'is_leaf', 'isLeaf', 16, 4202, NULL, '{False}'),
	(1, 'is_loaded', 'loaded', 17, 4202, NULL, '{True}'),
	(1, 'is_expanded', 'expanded', 18, 4202, NULL, '{False}'),
	(1, 'parent_code', 'parentCode', 19, 3415, NULL, NULL),
	(1, 'parent_id', 'parent_id', 20, 3939, NULL, NULL),
	(1, 'month', 'month', 21, 4202, NULL, NULL),
	(2, 'animal_number', 'ИНЖ', 1, 3623, NULL, NULL),
	(2, 'species_name', 'Вид', 2, 3623, NULL, '{верблюд,коза,"крупный рогатый скот",лошадь,овца}'),
	(2, 'sex_name', 'Пол', 3, 3623, NULL, '{самец,самка}'),
	(2, 'birth_date', 'Дата рождения', 4, 3623, 0.001380071763731714, NULL),
	(2, 'owner_number', 'Владелец ИИН/БИН', 5, 3618, NULL, NULL),
	(2, 'kato', 'КАТО', 6, 3623, NULL, NULL),
	(2, 'settlement_name', 'Населенный пункт', 7, 3623, NULL, NULL),
	(2, 'vaccinated_on', 'Дата вакцинации', 8, 3175, 0, NULL),
	(2, 'tested_on', 'Дата исследования на бруцеллез', 9, 2756, 0, NULL),
	(2, 'test_result', 'Результат исследования', 10, 2756, NULL, '{отрицательный,положительный,сомнительный}'),
	(2, 'reported_on', 'Дата отчета', 11, 3623, 0, NULL),
	(3, 'iin', 'iin', NULL, 11992, NULL, NULL),
	(3, 'surname', 'surname', NULL, 12011, NULL, NULL),
	(3, 'given_name', 'name', NULL, 12011, NULL, NULL),
	(3, 'patronymic', 'patronymic', NULL, 11513, NULL, NULL),
	(3, 'birth_date', 'birthDate', NULL, 12011, 0.0009158271584380984, NULL),
	(3, 'death_date', 'deathDate', NULL, 57, 0, NULL),
	(3, 'sex_code', 'gender/code', NULL, 12011, NULL, '{1,2}'),
	(3, 'life_status_code', 'lifeStatus/code', NULL, 12011, NULL, '{0,1}'),
	(3, 'district_code', 'regAddress/district/code', NULL, 12011, NULL, NULL),
	(3, 'settlement_name', 'regAddress/city', NULL, 12011, NULL, NULL),
	(3, 'street', 'regAddress/street', NULL, 12011, NULL, NULL),
	(3, 'building', 'regAddress/building', NULL, 12011, NULL, NULL),
	(3, 'flat', 'regAddress/flat', NULL, 2140, NULL, NULL),
	(3, 'registered_from', 'regAddress/beginDate', NULL, 12011, 0, NULL),
	(3, 'rca', 'regAddress/arCode', NULL, 10867, NULL, NULL),
	(3, 'is_removed', 'removed', NULL, 12011, NULL, '{false}'),
	(4, 'row_number', '№', 1, 497, NULL, NULL),
	(4, 'iin', 'ИИН', 2, 496, NULL, NULL),
	(4, 'surname', 'ФАМИЛИЯ', 3, 497, NULL, NULL),
	(4, 'given_name', 'ИМЯ', 4, 497, NULL, NULL),
	(4, 'patronymic', 'ОТЧЕСТВО', 5, 478, NULL, NULL),
	(4, 'birth_date', 'ДАТА РОЖДЕНИЯ', 6, 497, 0, NULL),
	(4, 'kind', 'ВИД ПОМОЩИ', 7, 497, NULL, '{АСП,ЖП,ИНВ,ПРОЧЕЕ,ПСД}'),
	(4, 'amount_kzt', 'СУММА, ТЕНГЕ', 8, 497, 0.002012072434607646, NULL),
	(4, 'month', 'ПЕРИОД', 9, 497, NULL, NULL),
	(4, 'assigned_on', 'ДАТА НАЗНАЧЕНИЯ', 10, 497, 0, NULL),
	(4, 'family_account', 'ЛИЦЕВОЙ СЧЕТ СЕМЬИ', 11, 497, NULL, NULL),
	(4, 'family_members', 'ЧЛЕНОВ СЕМЬИ', 12, 497, 0, NULL),
	(4, 'district_name', 'РАЙОН', 13, 497, NULL, '{"Ќонаев Г.А.","Алатау Г.А.","Балхашский р-н","Балхашский район","Енбекшиказахский р-н","Енбекшиказахский район","Жамбылский р-н","Жамбылский район","Илийский р-н","Илийский район","Карасайский р-н","Карасайский район","Кегенский р-н","Кегенский район","Райымбекский р-н","Райымбекский район","Талгарский р-н","Талгарский район","Уйгурский р-н","Уйгурский район"}'),
	(4, 'okrug_name', 'СЕЛЬСКИЙ ОКРУГ', 14, 497, NULL, NULL),
	(4, 'settlement_name', 'НАСЕЛЕННЫЙ ПУНКТ', 15, 497, NULL, NULL),
	(5, 'call_id', 'call_id', 1, 377, NULL, NULL),
	(5, 'received_at', 'received_at', 2, 377, 0, NULL),
	(5, 'category', 'category', 3, 377, 0, NULL),
	(5, 'address', 'address', 4, 377, NULL, NULL),
	(5, 'patient_iin', 'patient_iin', 5, 159, NULL, NULL),
	(5, 'patient_age', 'patient_age', 6, 351, 0, NULL),
	(5, 'patient_sex', 'patient_sex', 7, 355, NULL, '{Ж,М}'),
	(5, 'reason', 'reason', 8, 377, NULL, '{ДТП,аллергия,"боль в груди","боль в животе","высокая температура",головокружение,"дене қызуы","затрудненное дыхание",отравление,"повышенное давление","потеря сознания",роды,судороги,травма,"укус животного","қан қысымы көтерілген"}'),
	(5, 'brigade', 'brigade', 9, 377, NULL, NULL),
	(5, 'dispatched_at', 'dispatched_at', 10, 377, 0, NULL),
	(5, 'arrived_at', 'arrived_at', 11, 366, 0, NULL),
	(5, 'finished_at', 'finished_at', 12, 368, 0, NULL),
	(5, 'outcome', 'outcome', 13, 377, NULL, '{госпитализирован,"ложный вызов","оказана помощь на месте","отказ от госпитализации","смерть до прибытия"}'),
	(5, 'updated_at', 'updated_at', 14, 377, 0, NULL),
	(6, 'jobseeker_id', 'id', NULL, 204, NULL, NULL),
	(6, 'iin', 'iin', NULL, 204, NULL, NULL),
	(6, 'surname', 'lastName', NULL, 204, NULL, NULL),
	(6, 'given_name', 'firstName', NULL, 204, NULL, NULL),
	(6, 'patronymic', 'middleName', NULL, 197, NULL, NULL),
	(6, 'birth_date', 'birthDate', NULL, 204, 0, NULL),
	(6, 'registered_on', 'registeredAt', NULL, 204, 0, NULL),
	(6, 'status', 'status', NULL, 204, NULL, '{PAUSED,PLACED,REMOVED,SEEKING,UNEMPLOYED}'),
	(6, 'placed_on', 'placedAt', NULL, 57, 0, NULL),
	(6, 'placement_kind', 'placementKind', NULL, 57, NULL, '{BUSINESS,PERMANENT,PUBLIC_WORKS,SUBSIDISED}'),
	(6, 'kato', 'katoCode', NULL, 204, NULL, NULL),
	(6, 'settlement_name', 'settlement', NULL, 204, NULL, NULL),
	(6, 'education', 'education', NULL, 204, NULL, '{BASIC,HIGHER,SECONDARY,VOCATIONAL}'),
	(6, 'profession', 'profession', NULL, 204, NULL, '{агроном,"без профессии",бухгалтер,ветеринар,водитель,доярка,медсестра,механизатор,охранник,повар,продавец,разнорабочий,сварщик,строитель,учитель,чабан,швея,электрик}');
INSERT INTO ledger.build OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-10', '182c4f7b74db1ac5e761a30b61fe2c50acf15841fc784a8eaf0cddc338796225', 'published', 1, '{"missing": [], "content_sha256": "48a76e3d54436521caa331d838aab41b58a7d339d025f9413663aff78ab84506"}', '2026-11-30 07:26:17.737637+00');
INSERT INTO ledger.build_input VALUES
	(1, 5),
	(1, 1),
	(1, 6),
	(1, 2),
	(1, 3),
	(1, 4);
INSERT INTO ledger.delivery OVERRIDING SYSTEM VALUE VALUES
	(1, 'budget_okrug', '2026-10', 'd5f747a05d2806a0425e8e7295f50fa6cc853f528760aaf102c5ebd877b3f67f', 1, 867929, '2026-11-30 07:26:03.66025+00', NULL, 'by hand', 'landing/budget_okrug/2026-10/d5f747a05d2806a0', '2026-11-30 07:26:07.391805+00', NULL),
	(2, 'livestock', '2026-10', '02822ac23b7386b697452b7536fd66a0cfd511b8cd8f5e5b2940705ab79bdef6', 1, 322470, '2026-11-30 07:26:02.843318+00', NULL, 'by hand', 'landing/livestock/2026-10/02822ac23b7386b6', '2026-11-30 07:26:07.420373+00', NULL),
	(3, 'population', '2026-10', 'f0772cd4dd72bef2e4fddfdcdaee65ec70a16ce0b00935ba8bd18f03943cbb1d', 1, 11083047, '2026-10-31 21:00:00+00', NULL, 'by hand', 'landing/population/2026-10/f0772cd4dd72bef2', '2026-11-30 07:26:07.449011+00', NULL),
	(4, 'ambulance', '2026-10', 'b1189404635f646c18645223324da62d3f3a76c42640353fe0c82b801b1ee196', 1, 97627, '2026-11-30 07:26:03.22425+00', NULL, 'by hand', 'landing/ambulance/2026-10/b1189404635f646c', '2026-11-30 07:26:12.596318+00', NULL),
	(5, 'social_assistance', '2026-10', '1ab931d2b468c8fd5a21719d224c92f5dd43eb84d505f3c91ff1bbbf014956fc', 1, 73656, '2026-11-30 07:26:02.675247+00', NULL, 'by hand', 'landing/social_assistance/2026-10/1ab931d2b468c8fd', '2026-11-30 07:26:12.598424+00', NULL),
	(6, 'employment', '2026-10', 'bca48c8fd8ebbc9c5650896d9ec1c34431e1b7d841920e9592295089240339c4', 1, 79278, '2026-10-30 19:00:00+00', NULL, 'by hand', 'landing/employment/2026-10/bca48c8fd8ebbc9c', '2026-11-30 07:26:12.621441+00', NULL);
INSERT INTO ledger.delivery_file VALUES
	(1, 'budget_okrug_2026-10.csv', 'd2074effbd7891f7af41c63648a07fd1bdc487d1dae051da12ff0bdac045a2c8', 867929),
	(2, 'livestock_2026-10.xlsx', '289d5715eb24d81cf9a64c73c68a0b62ee8c7d1d7128682eed6475f91cf343d8', 322470),
	(3, 'population_2026-10_part001.xml', 'e2193f892a1dd8b90d3f677d33ae10cfce0e56a2a2dc740bdbc128c5cc0f6a57', 11083047),
	(4, 'ambulance_2026-10.csv', 'ca6294ee6c2bb380da732ed5cf530b86cf71a39daf208d06df0a4ad06e8a29b5', 97627),
	(5, 'social_assistance_2026-10.csv', '57cc9559492d2049f3a4ae936df0532b6599c6a9e4eeca5b6a6e5a553f3831ee', 73656),
	(6, 'page-00001.json', 'a78b941b2d49024c17758ed2e7ffebaeb1d50e346e0646b31fbc13676f611906', 79278);
INSERT INTO ledger.digest VALUES
	('2026-11-05', '2026-11-30 07:26:18.970063+00', NULL, true, '{"day": "2026-11-05", "late": [{"owner": "АО «Национальные информационные технологии»", "state": "late", "title": "Адресный регистр, addresses", "due_on": "2026-11-02", "period": "2026-10", "reason": "nothing ever came", "registry": "address_register", "late_days": 3, "stands_in": null}, {"owner": "Комитет по правовой статистике и специальным учетам Генпрокуратуры РК", "state": "late", "title": "e-Otinish, appeals of residents", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "appeals", "late_days": 31, "stands_in": null}, {"owner": "Министерство финансов РК / Казначейство", "state": "late", "title": "Budget of the oblast, public export", "due_on": "2026-10-10", "period": "2026-09", "reason": "nothing ever came", "registry": "budget_oblast", "late_days": 26, "stands_in": null}, {"owner": "Бюро национальной статистики АСПР РК", "state": "late", "title": "Статистический бизнес-регистр, organisations and sole traders", "due_on": "2026-10-12", "period": "2026-09", "reason": "nothing ever came", "registry": "business_register", "late_days": 24, "stands_in": null}, {"owner": "Министерство юстиции РК", "state": "late", "title": "АИС ЗАГС, acts of civil status", "due_on": "2026-11-03", "period": "2026-10", "reason": "nothing ever came", "registry": "civil_acts", "late_days": 2, "stands_in": null}, {"owner": "Агентство РК по делам государственной службы", "state": "late", "title": "е-Қызмет, posts of the akimats", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "civil_service", "late_days": 31, "stands_in": null}, {"owner": "Министерство здравоохранения РК", "state": "late", "title": "РПН, attachment of residents to clinics", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "clinic_attachment", "late_days": 31, "stands_in": null}, {"owner": "Министерство труда и социальной защиты РК", "state": "late", "title": "ЦБДИ, persons with disabilities", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "disability", "late_days": 31, "stands_in": null}, {"owner": "Министерство просвещения РК", "state": "late", "title": "НОБД, schools and pupils", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "education", "late_days": 31, "stands_in": null}, {"owner": "Министерство труда и социальной защиты РК", "state": "late", "title": "Цифровая карта семьи, well-being of families", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "family_card", "late_days": 31, "stands_in": null}, {"owner": "акимы сельских округов / Бюро национальной статистики", "state": "late", "title": "Похозяйственный учёт, household books", "due_on": "2026-07-15", "period": "2026-06", "reason": "nothing ever came", "registry": "household_book", "late_days": 113, "stands_in": null}, {"owner": "Управление строительства области / управление координации занятости", "state": "late", "title": "«Из города – в село», housing and infrastructure of settlements", "due_on": "2026-10-10", "period": "2026-09", "reason": "nothing ever came", "registry": "housing", "late_days": 26, "stands_in": null}, {"owner": "Министерство искусственного интеллекта и цифрового развития РК", "state": "late", "title": "Internet coverage of villages", "due_on": "2026-10-20", "period": "2026-09", "reason": "nothing ever came", "registry": "internet", "late_days": 16, "stands_in": null}, {"owner": "Комитет по управлению земельными ресурсами МСХ РК / Госкорпорация «Правительство для граждан»", "state": "late", "title": "ЕГКН, plots of land", "due_on": "2026-10-07", "period": "2026-09", "reason": "nothing ever came", "registry": "land", "late_days": 29, "stands_in": null}, {"owner": "Социально-предпринимательская корпорация области", "state": "late", "title": "«Ауыл аманаты», applications and loans", "due_on": "2026-10-10", "period": "2026-09", "reason": "nothing ever came", "registry": "loans", "late_days": 26, "stands_in": null}, {"owner": "Министерство экологии и природных ресурсов РК", "state": "late", "title": "tanba, registered pets", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "pets", "late_days": 31, "stands_in": null}, {"owner": "Управление экономики и бюджетного планирования области", "state": "late", "title": "Regional road map and development plans of villages", "due_on": "2026-10-15", "period": "2026-09", "reason": "nothing ever came", "registry": "road_map", "late_days": 21, "stands_in": null}, {"owner": "Министерство сельского хозяйства РК / Qoldau", "state": "late", "title": "gosagro / Qoldau, farm subsidies", "due_on": "2026-11-03", "period": "2026-10", "reason": "nothing ever came", "registry": "subsidies", "late_days": 2, "stands_in": null}, {"owner": "управление внутренней политики области", "state": "late", "title": "Resident survey, waves of a quarter", "due_on": "2026-10-20", "period": "2026-09", "reason": "nothing ever came", "registry": "survey", "late_days": 16, "stands_in": null}, {"owner": "Комитет государственных доходов МФ РК", "state": "late", "title": "ИНИС / ИСНА, taxes of the payers of an okrug", "due_on": "2026-10-10", "period": "2026-09", "reason": "nothing ever came", "registry": "taxes", "late_days": 26, "stands_in": null}, {"owner": "Бюро национальной статистики АСПР РК", "state": "late", "title": "КАТО, editions and renaming history", "due_on": "2026-10-05", "period": "2026-09", "reason": "nothing ever came", "registry": "territory", "late_days": 31, "stands_in": null}, {"owner": "управление ветеринарии области", "state": "late", "title": "Veterinary events", "due_on": "2026-11-03", "period": "2026-10", "reason": "nothing ever came", "registry": "veterinary_events", "late_days": 2, "stands_in": null}, {"owner": "Министерство экологии и природных ресурсов РК / АО «НК «Қазақстан Ғарыш Сапары»", "state": "late", "title": "Waste sites, official and seen from space", "due_on": "2026-10-20", "period": "2026-09", "reason": "nothing ever came", "registry": "waste_sites", "late_days": 16, "stands_in": null}], "since": null, "refused": [], "snapshot": {"period": "2026-10", "without": [], "revision": 1, "published_at": "2026-11-30T12:26:17+05:00"}, "quarantine": [{"rows": 1, "since": "2026-11-30T12:26:13+05:00", "newest": "2026-11-30T12:26:13+05:00", "registry": "ambulance"}, {"rows": 16, "since": "2026-11-30T12:26:12+05:00", "newest": "2026-11-30T12:26:12+05:00", "registry": "budget_okrug"}, {"rows": 3, "since": "2026-11-30T12:26:13+05:00", "newest": "2026-11-30T12:26:13+05:00", "registry": "employment"}, {"rows": 25, "since": "2026-11-30T12:26:12+05:00", "newest": "2026-11-30T12:26:12+05:00", "registry": "livestock"}, {"rows": 80, "since": "2026-11-30T12:26:12+05:00", "newest": "2026-11-30T12:26:12+05:00", "registry": "population"}, {"rows": 9, "since": "2026-11-30T12:26:13+05:00", "newest": "2026-11-30T12:26:13+05:00", "registry": "social_assistance"}]}', 'Ауыл: реестры на 05.11.2026
Срок прошёл, реестр не в силе: 23
  address_register за 2026-10: не поступил, срок 02.11.2026, опоздание 3 дн. (ещё не поступал ни разу). Отвечает: АО «Национальные информационные технологии»
  appeals за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Комитет по правовой статистике и специальным учетам Генпрокуратуры РК
  budget_oblast за 2026-09: не поступил, срок 10.10.2026, опоздание 26 дн. (ещё не поступал ни разу). Отвечает: Министерство финансов РК / Казначейство
  business_register за 2026-09: не поступил, срок 12.10.2026, опоздание 24 дн. (ещё не поступал ни разу). Отвечает: Бюро национальной статистики АСПР РК
  civil_acts за 2026-10: не поступил, срок 03.11.2026, опоздание 2 дн. (ещё не поступал ни разу). Отвечает: Министерство юстиции РК
  civil_service за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Агентство РК по делам государственной службы
  clinic_attachment за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Министерство здравоохранения РК
  disability за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Министерство труда и социальной защиты РК
  education за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Министерство просвещения РК
  family_card за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Министерство труда и социальной защиты РК
  household_book за 2026-06: не поступил, срок 15.07.2026, опоздание 113 дн. (ещё не поступал ни разу). Отвечает: акимы сельских округов / Бюро национальной статистики
  housing за 2026-09: не поступил, срок 10.10.2026, опоздание 26 дн. (ещё не поступал ни разу). Отвечает: Управление строительства области / управление координации занятости
  internet за 2026-09: не поступил, срок 20.10.2026, опоздание 16 дн. (ещё не поступал ни разу). Отвечает: Министерство искусственного интеллекта и цифрового развития РК
  land за 2026-09: не поступил, срок 07.10.2026, опоздание 29 дн. (ещё не поступал ни разу). Отвечает: Комитет по управлению земельными ресурсами МСХ РК / Госкорпорация «Правительство для граждан»
  loans за 2026-09: не поступил, срок 10.10.2026, опоздание 26 дн. (ещё не поступал ни разу). Отвечает: Социально-предпринимательская корпорация области
  pets за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Министерство экологии и природных ресурсов РК
  road_map за 2026-09: не поступил, срок 15.10.2026, опоздание 21 дн. (ещё не поступал ни разу). Отвечает: Управление экономики и бюджетного планирования области
  subsidies за 2026-10: не поступил, срок 03.11.2026, опоздание 2 дн. (ещё не поступал ни разу). Отвечает: Министерство сельского хозяйства РК / Qoldau
  survey за 2026-09: не поступил, срок 20.10.2026, опоздание 16 дн. (ещё не поступал ни разу). Отвечает: управление внутренней политики области
  taxes за 2026-09: не поступил, срок 10.10.2026, опоздание 26 дн. (ещё не поступал ни разу). Отвечает: Комитет государственных доходов МФ РК
  territory за 2026-09: не поступил, срок 05.10.2026, опоздание 31 дн. (ещё не поступал ни разу). Отвечает: Бюро национальной статистики АСПР РК
  veterinary_events за 2026-10: не поступил, срок 03.11.2026, опоздание 2 дн. (ещё не поступал ни разу). Отвечает: управление ветеринарии области
  waste_sites за 2026-09: не поступил, срок 20.10.2026, опоздание 16 дн. (ещё не поступал ни разу). Отвечает: Министерство экологии и природных ресурсов РК / АО «НК «Қазақстан Ғарыш Сапары»
Не приняты с прошлого отчёта: нет
На карантине, реестров: 6
  ambulance: строк 1, с 30.11.2026
  budget_okrug: строк 16, с 30.11.2026
  employment: строк 3, с 30.11.2026
  livestock: строк 25, с 30.11.2026
  population: строк 80, с 30.11.2026
  social_assistance: строк 9, с 30.11.2026
Снимок за 2026-10, выпуск 1, без реестров: нет');
INSERT INTO ledger.hash_key VALUES
	(1, '1203e83bd332790c', '2026-11-30 07:26:07.790081+00', 'auyl', 'the first', '{}');
INSERT INTO ledger.hash_key_settled VALUES
	(1, '2026-11-30 07:26:07.790256+00');
INSERT INTO ledger.link_decision OVERRIDING SYSTEM VALUE VALUES
	(1, '0038588f-7028-a32b-3a04-d43688b4932a', '0038588f-7028-a32b-3a04-d43688b4932a', false, 'not the same person', 'auyl', '2026-11-30 07:28:00.951933+00');
INSERT INTO ledger.link_run OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-10', '1f8606c8a5df82211659ed96010e4cd1dba06cf5da65ef82163ee310d263e558', 'linkage/2026-10/1f8606c8a5df8221/link.parquet', 4, 4, 0, '2026-11-30 07:26:15.767152+00', '{"social_assistance": "1ab7d9d959714490214f78c8d2bb5b3f578faf98108f9e648f40cf4257e0cb84"}');
INSERT INTO ledger.rule_outcome VALUES
	(1, 'executed_thousand_kzt_present', 'critical', 8),
	(1, 'month_is_the_period', 'critical', 4),
	(1, 'main_lines_not_negative', 'critical', 2),
	(1, 'column_count', 'critical', 2),
	(2, 'owner_number_present', 'critical', 5),
	(2, 'owner_checksum', 'critical', 11),
	(2, 'birth_date_readable', 'warning', 5),
	(2, 'dates_not_ahead', 'critical', 5),
	(2, 'test_result_readable', 'critical', 2),
	(2, 'month_is_the_period', 'critical', 2),
	(3, 'iin_present', 'critical', 19),
	(3, 'iin_checksum', 'critical', 37),
	(3, 'iin_birth_date_agrees', 'warning', 45),
	(3, 'not_a_test_row', 'critical', 7),
	(3, 'birth_date_present', 'critical', 11),
	(3, 'registered_from_not_ahead', 'warning', 17),
	(3, 'names_in_one_script', 'warning', 67),
	(3, 'one_row_per_key', 'critical', 6),
	(4, 'iin_present', 'critical', 1),
	(4, 'iin_checksum', 'critical', 3),
	(4, 'iin_birth_date_agrees', 'warning', 1),
	(4, 'kind_known', 'critical', 2),
	(4, 'amount_kzt_present', 'critical', 1),
	(4, 'month_is_the_period', 'critical', 2),
	(4, 'names_in_one_script', 'warning', 5),
	(4, 'letters_not_lost', 'warning', 1),
	(5, 'arrival_after_call', 'critical', 1),
	(5, 'patient_iin_checksum', 'warning', 2),
	(5, 'finished_within_two_days', 'warning', 1),
	(5, 'letters_not_lost', 'warning', 1),
	(6, 'iin_birth_date_agrees', 'warning', 1),
	(6, 'registered_on_not_ahead', 'critical', 1),
	(6, 'status_known', 'critical', 2),
	(6, 'names_in_one_script', 'warning', 1);
INSERT INTO serving.ambulance_by_settlement VALUES
	('2026-10', 1, '191030000', '191030100', 'с.Кумдала', 'Құмдала а.', 0, 0, 0, 0, NULL, NULL, 24, 0, 1),
	('2026-10', 1, '191030000', '191030200', 'с.Кумкол', 'Құмкөл а.', 0, 0, 0, 0, NULL, NULL, 6, 0, 0),
	('2026-10', 1, '191030000', '191030300', 'с.Жетижар', 'Жетіжар а.', 0, 0, 0, 0, NULL, NULL, 6, 0, 0),
	('2026-10', 1, '191030000', '191030400', 'с.Бозарык', 'Бозарық а.', 0, 0, 0, 0, NULL, NULL, 5, 0, 0),
	('2026-10', 1, '193630000', '193630100', 'с.Жамбыл', 'Жамбыл а.', 0, 0, 0, 0, NULL, NULL, 8, 0, 0),
	('2026-10', 1, '193630000', '193630200', 'с.Жетитал', 'Жетітал а.', 0, 0, 0, 0, NULL, NULL, 2, 0, 0),
	('2026-10', 1, '193630000', '193630300', 'с.Сарыкорган', 'Сарықорған а.', 0, 0, 0, 0, NULL, NULL, 6, 1, 0);
INSERT INTO serving.contradiction VALUES
	('2026-10', 'birth_date_assistance', 'social_assistance', 'person', '62919ae0-9e32-eafd-bb71-37c05d3b760e', '194040000', 'population_2026-10_part001.xml', 3352, '2016-06-19', '2016-07-14', 'social_assistance_2026-10.csv', 356, '2016-07-14', '2026-08-01', 1, NULL, NULL),
	('2026-10', 'birth_date_assistance', 'social_assistance', 'person', '4d0e1132-59fd-ba3f-c72a-6c3066042456', '194444000', 'population_2026-10_part001.xml', 2496, '1977-09-25', '2000-10-23', 'social_assistance_2026-10.csv', 484, '1977-09-23', '2026-07-06', 1, NULL, NULL),
	('2026-10', 'birth_date_assistance', 'social_assistance', 'person', 'c4beb542-2bdc-05e0-6b06-d1b44763b868', '194034000', 'population_2026-10_part001.xml', 1963, '1955-01-27', '2017-04-21', 'social_assistance_2026-10.csv', 299, '1955-02-19', '2026-08-10', 1, NULL, NULL),
	('2026-10', 'birth_date_assistance', 'social_assistance', 'person', '0eb010bc-17d5-09b7-fad4-71d697118f8b', '196238000', 'population_2026-10_part001.xml', 2700, '1999-10-25', '2009-03-19', 'social_assistance_2026-10.csv', 440, '1999-11-12', '2025-12-09', 1, NULL, NULL),
	('2026-10', 'birth_date_employment', 'employment', 'person', '009375a3-abe5-bf9c-4925-ffb340f61a3c', '194434000', 'population_2026-10_part001.xml', 10115, '1993-10-07', '2013-01-30', 'page-00001.json', 128, '1993-09-19', '2026-07-14', 1, NULL, NULL);
INSERT INTO serving.contradiction_judged VALUES
	('2026-10', 'dead_jobseeker'),
	('2026-10', 'paid_after_death'),
	('2026-10', 'dead_animal_owner'),
	('2026-10', 'paid_in_other_okrug'),
	('2026-10', 'jobseeker_in_other_okrug'),
	('2026-10', 'birth_date_assistance'),
	('2026-10', 'birth_date_employment');
INSERT INTO serving.contradiction_set VALUES
	('2026-10', '01a645b5dba9f56db8b01e4d09bb9b8473a8bbe5b93c8ddb1d39662fd69f7a66', 'INVENTED-1_39dffbc6', 'contradiction/2026-10/01a645b5dba9f56d/contradiction.parquet', 6, '2026-11-30 07:26:18.820662+00');
INSERT INTO serving.contradiction_source VALUES
	('2026-10', 'employment', 6),
	('2026-10', 'livestock', 2),
	('2026-10', 'population', 3),
	('2026-10', 'social_assistance', 4);
INSERT INTO serving.contradiction_type VALUES
	('death_not_entered', 1, 'Қайтыс болу актісі бар, тізілімде тірі', 'Акт о смерти есть, в регистре живой', 'Death act, yet living in the register', 'population', 'civil_acts', 'population', 'high', NULL),
	('death_without_act', 2, 'Тізілімде қайтыс болған, актісі жоқ', 'В регистре умер, акта нет', 'Dead in the register without an act', 'civil_acts', 'population', 'civil_acts', 'low', NULL),
	('dead_attached', 3, 'Қайтыс болған адам емханаға тіркелген', 'Умерший прикреплён к поликлинике', 'Dead and attached to a clinic', 'clinic_attachment', 'population', 'clinic_attachment', 'medium', NULL),
	('dead_disabled', 4, 'Қайтыс болған адам мүгедектігі бар тізімде', 'Умерший в списке лиц с инвалидностью', 'Dead and listed with a disability', 'disability', 'population', 'disability', 'medium', NULL),
	('dead_jobseeker', 5, 'Қайтыс болған адам жұмыссыз деп тіркелген', 'Умерший состоит на учёте безработным', 'Dead and registered as jobseeker', 'employment', 'population', 'employment', 'medium', NULL),
	('paid_after_death', 6, 'Қайтыс болғаннан кейінгі айға төлем', 'Выплата за месяц после смерти', 'Paid for a month after death', 'social_assistance', 'population', 'social_assistance', 'high', NULL),
	('dead_in_post', 7, 'Лауазымда қайтыс болған адам тұр', 'Должность числится за умершим', 'Post held by a dead person', 'civil_service', 'population', 'civil_service', 'medium', NULL),
	('dead_household_head', 8, 'Шаруашылық басшысы қайтыс болған', 'Глава хозяйства умер', 'Head of household is dead', 'household_book', 'population', 'household_book', 'low', NULL),
	('dead_family_head', 9, 'Отбасы картасындағы басшы қайтыс болған', 'Глава семьи в карте умер', 'Head on the family card is dead', 'family_card', 'population', 'family_card', 'low', NULL),
	('dead_land_holder', 10, 'Жер телімі қайтыс болған адамда', 'Участок числится за умершим', 'Plot held by a dead person', 'land', 'population', 'land', 'medium', 'hectares'),
	('dead_animal_owner', 11, 'Мал иесі қайтыс болған', 'Владелец животных умер', 'Owner of animals is dead', 'livestock', 'population', 'livestock', 'medium', 'heads'),
	('dead_pet_owner', 12, 'Үй жануарының иесі қайтыс болған', 'Владелец домашнего животного умер', 'Owner of a pet is dead', 'pets', 'population', 'pets', 'low', 'heads'),
	('dead_sole_trader', 13, 'Қайтыс болған адамның ЖК жұмыс істеп тұр', 'ИП умершего числится действующим', 'Sole trader is dead and active', 'business_register', 'population', 'business_register', 'medium', NULL),
	('attached_elsewhere', 14, 'Басқа округтегі емханаға тіркелген', 'Прикреплён к поликлинике другого округа', 'Attached to a clinic of another okrug', 'clinic_attachment', 'population', 'clinic_attachment', 'low', NULL),
	('family_in_other_okrug', 15, 'Отбасы картасы басқа округте', 'Карта семьи в другом округе', 'Family card in another okrug', 'family_card', 'population', 'family_card', 'medium', NULL),
	('household_in_other_okrug', 16, 'Шаруашылық басқа округтің кітабында', 'Хозяйство в книге другого округа', 'Household in the book of another okrug', 'household_book', 'population', 'household_book', 'medium', NULL),
	('paid_in_other_okrug', 17, 'Көмек басқа округте төленеді', 'Помощь выплачивается в другом округе', 'Paid in another okrug', 'social_assistance', 'population', 'social_assistance', 'medium', NULL),
	('jobseeker_in_other_okrug', 18, 'Жұмыссыз басқа округте тіркелген', 'Безработный на учёте в другом округе', 'Jobseeker registered in another okrug', 'employment', 'population', 'employment', 'low', NULL),
	('birth_not_entered', 19, 'Туу актісі бар, тізілімде жоқ', 'Акт о рождении есть, в регистре нет', 'Birth act, yet not in the register', 'population', 'civil_acts', 'population', 'medium', NULL),
	('birth_date_assistance', 20, 'Туған күні әлеуметтік көмекте басқа', 'Дата рождения в помощи другая', 'Birth date differs in assistance', 'social_assistance', 'population', 'social_assistance', 'low', NULL),
	('birth_date_employment', 21, 'Туған күні жұмыс іздеушіде басқа', 'Дата рождения у ищущего работу другая', 'Birth date differs at the jobseeker', 'employment', 'population', 'employment', 'low', NULL),
	('birth_date_disability', 22, 'Туған күні мүгедектік базасында басқа', 'Дата рождения в ЦБДИ другая', 'Birth date differs in the disability data base', 'disability', 'population', 'disability', 'low', NULL),
	('family_size_differs', 23, 'Отбасы саны көмекте және картада әртүрлі', 'Число членов семьи в помощи и карте разное', 'Family size differs', 'social_assistance', 'family_card', 'social_assistance', 'medium', NULL),
	('household_size_differs', 24, 'Шаруашылық мүшелері кітапта және картада әртүрлі', 'Число членов хозяйства в книге и карте разное', 'Household size differs', 'household_book', 'family_card', 'household_book', 'low', NULL),
	('household_head_unregistered', 25, 'Шаруашылық басшысы тізілімде жоқ', 'Главы хозяйства нет в регистре', 'Head of household not in the register', 'household_book', 'population', 'household_book', 'low', NULL),
	('poor_aid_beside_loan', 26, 'АӘК пен жұмыс істеп тұрған несие қатар', 'АСП при действующем займе', 'Targeted assistance beside a running loan', 'social_assistance', 'loans', 'social_assistance', 'high', NULL),
	('poor_aid_at_high_level', 27, 'АӘК төленеді, отбасы деңгейі жоғары', 'АСП при благополучном уровне семьи', 'Targeted assistance at a high family level', 'social_assistance', 'family_card', 'social_assistance', 'high', NULL),
	('disability_pay_without_record', 28, 'Мүгедектік төлемі бар, базада жоқ', 'Выплата по инвалидности без записи в ЦБДИ', 'Disability payment without a record', 'social_assistance', 'disability', 'social_assistance', 'high', NULL),
	('subsidy_to_closed', 29, 'Жабылған ұйымға субсидия', 'Субсидия закрытой организации', 'Subsidy for a closed organisation', 'subsidies', 'business_register', 'subsidies', 'high', NULL),
	('loan_to_closed', 30, 'Жабылған ұйымға несие', 'Заём закрытой организации', 'Loan to a closed organisation', 'loans', 'business_register', 'loans', 'high', NULL),
	('tax_of_closed', 31, 'Жабылған төлеушіге салық есептелген', 'Налог начислен закрытому плательщику', 'Tax charged to a closed payer', 'taxes', 'business_register', 'taxes', 'medium', NULL),
	('jobseeker_sole_trader', 32, 'Жұмыссыз адам жұмыс істеп тұрған ЖК', 'Безработный является действующим ИП', 'Jobseeker is an active sole trader', 'employment', 'business_register', 'employment', 'medium', NULL),
	('jobseeker_in_post', 33, 'Жұмыссыз адам лауазымда', 'Безработный занимает должность', 'Jobseeker holds a post', 'employment', 'civil_service', 'employment', 'medium', NULL),
	('heads_disagree', 34, 'Мал басы ИСЖ мен кітапта әртүрлі', 'Поголовье в ИСЖ и книге разное', 'Heads differ between ИСЖ and household book', 'household_book', 'livestock', 'household_book', 'medium', 'heads'),
	('animal_owner_unknown', 35, 'Мал иесі ешбір тізілімде жоқ', 'Владельца животных нет ни в одном регистре', 'Owner of animals is in no register', 'livestock', 'population', 'livestock', 'low', 'heads'),
	('animals_of_closed', 36, 'Мал жабылған ұйымда', 'Животные числятся за закрытой организацией', 'Animals of a closed organisation', 'livestock', 'business_register', 'livestock', 'medium', 'heads'),
	('vaccination_not_entered', 37, 'Егу ИСЖ-ге енгізілмеген', 'Вакцинация не внесена в ИСЖ', 'Vaccination not entered', 'livestock', 'veterinary_events', 'livestock', 'medium', 'heads'),
	('test_result_differs', 38, 'Зерттеу нәтижесі әртүрлі', 'Результат исследования разный', 'Test result differs', 'livestock', 'veterinary_events', 'livestock', 'high', 'heads'),
	('treated_animal_unknown', 39, 'Өңделген мал ИСЖ-де жоқ', 'Обработанного животного нет в ИСЖ', 'Treated animal is unknown', 'livestock', 'veterinary_events', 'livestock', 'low', 'heads'),
	('plot_area_differs', 40, 'Жер көлемі кадастр мен кітапта әртүрлі', 'Площадь участка в кадастре и книге разная', 'Area differs between cadastre and household book', 'household_book', 'land', 'household_book', 'low', 'hectares'),
	('plot_of_closed', 41, 'Жер телімі жабылған ұйымда', 'Участок числится за закрытой организацией', 'Plot of a closed organisation', 'land', 'business_register', 'land', 'medium', 'hectares'),
	('dump_removed_on_paper', 42, 'Қоқыс орны қағаз жүзінде жойылған', 'Свалка убрана на бумаге', 'Dump removed on paper only', 'waste_sites', 'waste_sites', 'waste_sites', 'high', 'hectares'),
	('dump_not_reported', 43, 'Ғарыштан көрінген қоқыс орны есепте жоқ', 'Свалка видна из космоса и не отчитана', 'Dump seen from space and not reported', 'waste_sites', 'waste_sites', 'waste_sites', 'medium', 'hectares'),
	('pupils_over_children', 44, 'Оқушы тіркелген баладан көп', 'Учеников больше, чем детей', 'More pupils than children', 'education', 'population', 'education', 'medium', NULL),
	('water_done_not_there', 45, 'Су құбыры салынған, паспортта жоқ', 'Водопровод построен по отчёту, в паспорте нет', 'Water main reported, yet not in the passport', 'road_map', 'housing', 'road_map', 'high', NULL);
INSERT INTO serving.edition_in_force VALUES
	(true, 'INVENTED-1_39dffbc6');
INSERT INTO serving.indicator VALUES
	('population.residents', 'population', 1, 'Тіркелген халық', 'Зарегистрированное население', 'Registered population', 'persons', 'адам', 'чел.', 'persons', 0, 'none', 'ҚР Ішкі істер министрлігі', 'Министерство внутренних дел РК', 'Ministry of Internal Affairs', 'republic', '{population}', 'Округте тіркелген тірі адамдар, кезең соңына.', 'Живые люди с регистрацией в округе, на конец периода.', 'Living persons registered in the okrug at the end of the period.'),
	('population.children_share', 'population', 2, 'Балалардың үлесі (0–15 жас)', 'Доля детей (0–15 лет)', 'Share of children (0–15)', 'pct', '%', '%', '%', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{population}', '15 жасқа дейінгілер халыққа шаққанда.', 'Жители до 15 лет включительно ко всем жителям.', 'Residents up to 15 years of all residents.'),
	('population.working_age_share', 'population', 3, 'Еңбекке жарамды жастағылар үлесі (16–62)', 'Доля жителей трудоспособного возраста (16–62)', 'Share of working age (16–62)', 'pct', '%', '%', '%', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{population}', '16–62 жастағылар халыққа шаққанда.', 'Жители 16–62 лет ко всем жителям.', 'Residents of 16–62 years of all residents.'),
	('population.elders_share', 'population', 4, '63 жас және одан үлкендер үлесі', 'Доля жителей 63 лет и старше', 'Share aged 63 and over', 'pct', '%', '%', '%', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{population}', '63 жастан бастап халыққа шаққанда.', 'Жители от 63 лет ко всем жителям.', 'Residents from 63 years of all residents.'),
	('population.dependency', 'population', 5, 'Еңбекке жарамды 100 адамға балалар мен қарттар', 'Детей и пожилых на 100 трудоспособных', 'Children and elders per 100 of working age', 'per_100', '100-ге шаққанда', 'на 100', 'per 100', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{population}', '0–15 және 63+ жастағылар 16–62 жастағы 100 адамға.', 'Жители 0–15 и 63+ на 100 жителей 16–62 лет.', 'Residents 0–15 and 63+ per 100 residents of 16–62.'),
	('population.infants', 'population', 6, 'Бір жасқа дейінгі балалар', 'Дети до года', 'Infants under one year', 'persons', 'адам', 'чел.', 'persons', 0, 'none', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{population}', 'Кезең соңына бір жасқа толмағандар.', 'Не достигшие года на конец периода.', 'Not yet one year old at the end of the period.'),
	('population.women_15_49', 'population', 7, '15–49 жастағы әйелдер', 'Женщины 15–49 лет', 'Women of 15–49 years', 'persons', 'адам', 'чел.', 'persons', 0, 'none', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{population}', 'Репродуктивті жастағы әйелдер.', 'Женщины репродуктивного возраста.', 'Women of reproductive age.'),
	('population.arrivals_12_months', 'population', 8, '12 айда тіркелгендер', 'Зарегистрировались за 12 месяцев', 'Registered within 12 months', 'per_1000', '1 000 адамға шаққанда', 'на 1 000 чел.', 'per 1,000 persons', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{population}', 'Тіркелуі соңғы 12 айда басталғандар, 1 жасқа дейінгілерсіз.', 'Регистрация началась за последние 12 месяцев, без детей до года.', 'Registration began within the last 12 months, infants left out.'),
	('social.asp_recipients', 'social', 1, 'АӘК алушылар', 'Получатели АСП', 'Recipients of targeted assistance', 'persons', 'адам', 'чел.', 'persons', 0, 'down', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'Айда атаулы әлеуметтік көмек алғандар.', 'Получили адресную социальную помощь за месяц.', 'Received targeted social assistance in the month.'),
	('social.asp_share', 'social', 2, 'АӘК алушылар үлесі', 'Доля получателей АСП', 'Share of recipients of targeted assistance', 'pct', '%', '%', '%', 1, 'down', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'АӘК алушылар халыққа шаққанда.', 'Получатели АСП ко всем жителям.', 'Recipients of all residents.'),
	('social.asp_amount', 'social', 3, 'АӘК сомасы', 'Сумма АСП', 'Sum of targeted assistance', 'thousand_kzt', 'мың теңге', 'тыс. тенге', 'thousand KZT', 1, 'none', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'Айда төленген АӘК.', 'Выплачено АСП за месяц.', 'Targeted assistance paid in the month.'),
	('social.asp_average', 'social', 4, 'Бір алушыға АӘК', 'АСП на одного получателя', 'Targeted assistance per recipient', 'kzt', 'теңге', 'тенге', 'KZT', 0, 'none', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'АӘК сомасы алушылар санына.', 'Сумма АСП к числу получателей.', 'Sum of assistance per recipient.'),
	('social.disability_recipients', 'social', 5, 'Мүгедектік бойынша жәрдемақы алушылар', 'Получатели пособий по инвалидности', 'Recipients of disability benefit', 'persons', 'адам', 'чел.', 'persons', 0, 'none', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'Айда мүгедектік бойынша жәрдемақы алғандар.', 'Получили пособие по инвалидности за месяц.', 'Received a disability benefit in the month.'),
	('social.supported_share', 'social', 6, 'Кез келген көмек алушылар үлесі', 'Доля получателей любой помощи', 'Share receiving any support', 'pct', '%', '%', '%', 1, 'none', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{social_assistance,population}', 'Кемінде бір төлем алғандар халыққа шаққанда.', 'Получившие хотя бы одну выплату ко всем жителям.', 'Received at least one payment, of all residents.'),
	('employment.jobseekers', 'employment', 1, 'Жұмыс іздеушілер', 'Ищут работу', 'Jobseekers', 'persons', 'адам', 'чел.', 'persons', 0, 'down', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{employment,population}', 'Кезең соңына тіркеуде тұрғандар.', 'Состоят на учёте на конец периода.', 'On the register at the end of the period.'),
	('employment.jobseekers_share', 'employment', 2, 'Жұмыс іздеушілер үлесі', 'Доля ищущих работу', 'Share of jobseekers', 'pct', '%', '%', '%', 1, 'down', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{employment,population}', 'Жұмыс іздеушілер 16–62 жастағыларға.', 'Ищущие работу к жителям 16–62 лет.', 'Jobseekers of residents of 16–62.'),
	('employment.youth_share', 'employment', 3, 'Жұмыс іздеушілер арасында жастар (35-ке дейін)', 'Молодёжь до 35 среди ищущих работу', 'Under 35 among jobseekers', 'pct', '%', '%', '%', 1, 'down', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{employment,population}', '35 жасқа толмағандар жұмыс іздеушілерге.', 'Не достигшие 35 лет к ищущим работу.', 'Under 35 of all jobseekers.'),
	('employment.placed', 'employment', 4, 'Айда жұмысқа орналасқандар', 'Трудоустроены за месяц', 'Placed in work in the month', 'persons', 'адам', 'чел.', 'persons', 0, 'up', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{employment,population}', 'Орналасу күні осы айда.', 'Дата трудоустройства в этом месяце.', 'Date of placement in this month.'),
	('employment.placement', 'employment', 5, 'Жұмысқа орналастыру үлесі', 'Доля трудоустройства', 'Placement rate', 'pct', '%', '%', '%', 1, 'up', 'Аудандық жұмыспен қамту бөлімі', 'Районный отдел занятости и социальных программ', 'District department of employment and social programmes', 'district', '{employment,population}', 'Айда орналасқандар оларға және іздеп жүргендерге.', 'Трудоустроенные за месяц к ним и ищущим работу вместе.', 'Placed in the month of those placed and still seeking.'),
	('livestock.cattle', 'livestock', 1, 'Ірі қара', 'Крупный рогатый скот', 'Cattle', 'heads', 'бас', 'голов', 'heads', 0, 'none', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Бірдейлендірілген мал, кезең соңына.', 'Идентифицированные животные на конец периода.', 'Identified animals at the end of the period.'),
	('livestock.small_ruminants', 'livestock', 2, 'Қой мен ешкі', 'Овцы и козы', 'Sheep and goats', 'heads', 'бас', 'голов', 'heads', 0, 'none', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Бірдейлендірілген мал, кезең соңына.', 'Идентифицированные животные на конец периода.', 'Identified animals at the end of the period.'),
	('livestock.horses', 'livestock', 3, 'Жылқы', 'Лошади', 'Horses', 'heads', 'бас', 'голов', 'heads', 0, 'none', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Бірдейлендірілген мал, кезең соңына.', 'Идентифицированные животные на конец периода.', 'Identified animals at the end of the period.'),
	('livestock.camels', 'livestock', 4, 'Түйе', 'Верблюды', 'Camels', 'heads', 'бас', 'голов', 'heads', 0, 'none', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Бірдейлендірілген мал, кезең соңына.', 'Идентифицированные животные на конец периода.', 'Identified animals at the end of the period.'),
	('livestock.conditional_heads', 'livestock', 5, 'Шартты мал басы', 'Условное поголовье', 'Conditional heads', 'conditional_heads', 'шартты бас', 'усл. голов', 'conditional heads', 1, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{livestock}', 'Ірі қара 1, жылқы 1,2, түйе 1,4, қой мен ешкі 0,2.', 'КРС 1, лошадь 1,2, верблюд 1,4, овца и коза 0,2.', 'Cattle 1, horse 1.2, camel 1.4, sheep and goat 0.2.'),
	('livestock.vaccinated', 'livestock', 6, '12 айда вакцина алған мал', 'Вакцинировано за 12 месяцев', 'Vaccinated within 12 months', 'pct', '%', '%', '%', 1, 'up', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Соңғы 12 айда вакцина алғандар барлық малға.', 'Вакцинированные за 12 месяцев ко всему поголовью.', 'Vaccinated within 12 months of all heads.'),
	('livestock.brucellosis_positive', 'livestock', 7, 'Бруцеллезге оң нәтиже', 'Положительных на бруцеллёз', 'Positive for brucellosis', 'heads', 'бас', 'голов', 'heads', 0, 'down', 'Облыстық ветеринария басқармасы', 'Управление ветеринарии области', 'Oblast veterinary department', 'oblast', '{livestock}', 'Соңғы зерттеуі оң мал.', 'Животные с положительным последним исследованием.', 'Animals whose last test was positive.'),
	('ambulance.calls', 'ambulance', 1, 'Шақырулар', 'Вызовы', 'Calls', 'calls', 'шақыру', 'вызовов', 'calls', 0, 'none', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{ambulance}', 'Ай ішіндегі 103 шақырулары.', 'Вызовы 103 за месяц.', 'Calls to 103 in the month.'),
	('ambulance.calls_rate', 'ambulance', 2, '1 000 тұрғынға шақыру', 'Вызовов на 1 000 жителей', 'Calls per 1,000 residents', 'per_1000', '1 000 адамға шаққанда', 'на 1 000 чел.', 'per 1,000 persons', 1, 'none', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{ambulance,population}', 'Айдағы шақырулар халыққа шаққанда.', 'Вызовы за месяц к числу жителей.', 'Calls of the month to residents.'),
	('ambulance.within_norm', 'ambulance', 3, 'Нормада келгені', 'Прибыли в норму', 'Arrived within the norm', 'pct', '%', '%', '%', 1, 'up', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{ambulance}', '10/15/30/60 минут 1–4 санатқа, ҚР ДСМ-225/2020; келу уақыты белгілі шақырулардан.', '10/15/30/60 минут для категорий 1–4, ҚР ДСМ-225/2020; от вызовов с известным временем прибытия.', '10/15/30/60 minutes for categories 1–4, order ҚР ДСМ-225/2020; of calls with a known arrival.'),
	('ambulance.arrival_median', 'ambulance', 4, 'Келудің орташа (медиана) уақыты', 'Медиана времени прибытия', 'Median time to arrival', 'min', 'мин', 'мин', 'min', 1, 'down', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{ambulance}', 'Шақырудан келгенге дейін.', 'От вызова до прибытия.', 'From the call to the arrival.'),
	('ambulance.urgent_share', 'ambulance', 5, 'Шұғыл шақырулар үлесі (1–2 санат)', 'Доля срочных вызовов (категории 1–2)', 'Share of urgent calls (categories 1–2)', 'pct', '%', '%', '%', 1, 'none', 'Облыстық денсаулық сақтау басқармасы', 'Управление здравоохранения области', 'Oblast health department', 'oblast', '{ambulance}', '1–2 санат барлық шақыруға.', 'Категории 1–2 ко всем вызовам.', 'Categories 1–2 of all calls.'),
	('budget.income', 'budget', 1, 'Кірістер, жыл басынан', 'Доходы с начала года', 'Income since January', 'thousand_kzt', 'мың теңге', 'тыс. тенге', 'thousand KZT', 0, 'up', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug}', 'Барлық төрт түр бойынша атқарылуы.', 'Исполнение по всем четырём видам.', 'Executed over all four lines.'),
	('budget.own_share', 'budget', 2, 'Меншікті кірістер үлесі', 'Доля собственных доходов', 'Share of own income', 'pct', '%', '%', '%', 1, 'up', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug}', 'Трансферттерсіз кірістер барлық кіріске.', 'Доходы без трансфертов ко всем доходам.', 'Income without transfers of all income.'),
	('budget.income_execution', 'budget', 3, 'Кіріс жоспарының орындалуы', 'Исполнение плана доходов', 'Income against the plan', 'pct', '%', '%', '%', 1, 'up', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug}', 'Атқарылуы жыл басынан бергі жоспарға.', 'Исполнено к плану с начала года.', 'Executed against the plan since January.'),
	('budget.spending_execution', 'budget', 4, 'Шығыс жоспарының орындалуы', 'Исполнение плана расходов', 'Spending against the plan', 'pct', '%', '%', '%', 1, 'up', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug}', 'Атқарылуы жыл басынан бергі жоспарға.', 'Исполнено к плану с начала года.', 'Executed against the plan since January.'),
	('budget.spending_per_resident', 'budget', 5, 'Бір тұрғынға шығыс', 'Расходы на жителя', 'Spending per resident', 'kzt', 'теңге', 'тенге', 'KZT', 0, 'none', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug,population}', 'Жыл басынан бергі шығыстар халыққа шаққанда.', 'Расходы с начала года к числу жителей.', 'Spending since January to residents.'),
	('budget.tax_income', 'budget', 6, 'Салық түсімдері', 'Налоговые поступления', 'Tax income', 'thousand_kzt', 'мың теңге', 'тыс. тенге', 'thousand KZT', 0, 'up', 'Ауылдық округ әкімі', 'Аким сельского округа', 'Akim of the rural okrug', 'okrug', '{budget_okrug}', 'Жыл басынан салықтар.', 'Налоги с начала года.', 'Taxes since January.');
INSERT INTO serving.snapshot VALUES
	('2026-10', 1, 'INVENTED-1_39dffbc6', '182c4f7b74db1ac5e761a30b61fe2c50acf15841fc784a8eaf0cddc338796225', '48a76e3d54436521caa331d838aab41b58a7d339d025f9413663aff78ab84506', '2026-11-30 07:26:17.568584+00');
INSERT INTO serving.snapshot_in_force VALUES
	('2026-10', 1, 'INVENTED-1_39dffbc6');
INSERT INTO serving.snapshot_source VALUES
	('2026-10', 1, 'ambulance', 5, '2026-11-30 07:26:03.22425+00', '2026-10', 376, 1),
	('2026-10', 1, 'budget_okrug', 1, '2026-11-30 07:26:03.66025+00', '2026-10', 4176, 16),
	('2026-10', 1, 'employment', 6, '2026-10-30 19:00:00+00', '2026-10', 200, 3),
	('2026-10', 1, 'livestock', 2, '2026-11-30 07:26:02.843318+00', '2026-10', 3588, 25),
	('2026-10', 1, 'population', 3, '2026-10-31 21:00:00+00', '2026-10', 11891, 80),
	('2026-10', 1, 'social_assistance', 4, '2026-11-30 07:26:02.675247+00', '2026-10', 484, 9);
INSERT INTO serving.snapshot_value VALUES
	('2026-10', 1, '191030000', 'ambulance.arrival_median', NULL, NULL, NULL, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'ambulance.calls', 0.0000, 0.0000, NULL, 'ok', 96.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'ambulance.calls_rate', 0.0000, 0.0000, 41.0000, 'ok', 96.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'ambulance.urgent_share', NULL, 0.0000, 0.0000, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'ambulance.within_norm', NULL, 0.0000, 0.0000, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.income', 28179.0000, 28179.1900, NULL, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.income_execution', 100.7000, 28179.1900, 27990.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.own_share', 11.8000, 3321.1900, 28179.1900, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.spending_execution', 93.1000, 27239.5800, 29270.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.spending_per_resident', 664380.0000, 27239.5800, 41.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'budget.tax_income', 3147.0000, 3146.7000, NULL, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '191030000', 'employment.jobseekers', 1.0000, 1.0000, NULL, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'ambulance.arrival_median', NULL, NULL, NULL, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'ambulance.calls', 0.0000, 0.0000, NULL, 'ok', 96.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'ambulance.calls_rate', 0.0000, 0.0000, 16.0000, 'ok', 96.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'ambulance.urgent_share', NULL, 0.0000, 0.0000, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'ambulance.within_norm', NULL, 0.0000, 0.0000, 'missing', 96.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.income', 26222.0000, 26222.2900, NULL, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.income_execution', 100.6000, 26222.2900, 26055.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.own_share', 18.4000, 4821.2900, 26222.2900, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.spending_execution', 94.1000, 24035.1800, 25529.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.spending_per_resident', 1502199.0000, 24035.1800, 16.0000, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'budget.tax_income', 4569.0000, 4569.4800, NULL, 'ok', 100.0, '2026-10-31'),
	('2026-10', 1, '193630000', 'employment.jobseekers', 0.0000, 0.0000, NULL, 'ok', 100.0, '2026-10-31');
INSERT INTO serving.territory VALUES
	('190000000', 'INVENTED-1_39dffbc6', 'oblast', 'область', NULL, NULL, NULL, '190000000', 'Алматинская область', 'Алматы облысы', false, false),
	('191000000', 'INVENTED-1_39dffbc6', 'district', 'г.а.', '190000000', NULL, '191000000', '190000000', 'Қонаев Г.А.', 'Қонаев Қ.Ә.', false, false),
	('191010000', 'INVENTED-1_39dffbc6', 'okrug', 'г.', '191000000', '191010000', '191000000', '190000000', 'г.Қонаев', 'Қонаев қ.', false, true),
	('191030000', 'INVENTED-1_39dffbc6', 'okrug', 'с.о.', '191000000', '191030000', '191000000', '190000000', 'Кумдалинский с.о.', 'Құмдала а.о.', true, false),
	('191030100', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '191030000', '191030000', '191000000', '190000000', 'с.Кумдала', 'Құмдала а.', false, true),
	('191030200', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '191030000', '191030000', '191000000', '190000000', 'с.Кумкол', 'Құмкөл а.', false, true),
	('191030300', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '191030000', '191030000', '191000000', '190000000', 'с.Жетижар', 'Жетіжар а.', false, true),
	('191030400', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '191030000', '191030000', '191000000', '190000000', 'с.Бозарык', 'Бозарық а.', false, true),
	('191800000', 'INVENTED-1_39dffbc6', 'district', 'г.а.', '190000000', NULL, '191800000', '190000000', 'Алатау Г.А.', 'Алатау Қ.Ә.', false, false),
	('191810000', 'INVENTED-1_39dffbc6', 'okrug', 'г.', '191800000', '191810000', '191800000', '190000000', 'г.Алатау', 'Алатау қ.', false, true),
	('193600000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '193600000', '190000000', 'Балхашский район', 'Балқаш ауданы', false, false),
	('193630000', 'INVENTED-1_39dffbc6', 'okrug', 'с.о.', '193600000', '193630000', '193600000', '190000000', 'Жамбылский с.о.', 'Жамбыл а.о.', true, false),
	('193630100', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '193630000', '193630000', '193600000', '190000000', 'с.Жамбыл', 'Жамбыл а.', false, true),
	('193630200', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '193630000', '193630000', '193600000', '190000000', 'с.Жетитал', 'Жетітал а.', false, true),
	('193630300', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '193630000', '193630000', '193600000', '190000000', 'с.Сарыкорган', 'Сарықорған а.', false, true),
	('193630400', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '193630000', '193630000', '193600000', '190000000', 'с.Сарышокы', 'Сарышоқы а.', false, true),
	('193630500', 'INVENTED-1_39dffbc6', 'settlement', 'с.', '193630000', '193630000', '193600000', '190000000', 'с.Бозсай', 'Бозсай а.', false, true),
	('194000000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '194000000', '190000000', 'Енбекшиказахский район', 'Еңбекшіқазақ ауданы', false, false),
	('194200000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '194200000', '190000000', 'Жамбылский район', 'Жамбыл ауданы', false, false),
	('194400000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '194400000', '190000000', 'Кегенский район', 'Кеген ауданы', false, false),
	('195200000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '195200000', '190000000', 'Карасайский район', 'Қарасай ауданы', false, false),
	('195800000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '195800000', '190000000', 'Райымбекский район', 'Райымбек ауданы', false, false),
	('196200000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '196200000', '190000000', 'Талгарский район', 'Талғар ауданы', false, false),
	('196600000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '196600000', '190000000', 'Уйгурский район', 'Ұйғыр ауданы', false, false),
	('196800000', 'INVENTED-1_39dffbc6', 'district', 'район', '190000000', NULL, '196800000', '190000000', 'Илийский район', 'Іле ауданы', false, false);
INSERT INTO serving.theme VALUES
	('population', 1, 'Халық', 'Население', 'Population'),
	('social', 2, 'Әлеуметтік қолдау', 'Социальная поддержка', 'Social support'),
	('employment', 3, 'Жұмыспен қамту', 'Занятость', 'Employment'),
	('livestock', 4, 'Мал шаруашылығы', 'Животноводство', 'Livestock'),
	('ambulance', 5, 'Жедел жәрдем', 'Скорая помощь', 'Ambulance'),
	('budget', 6, 'Округ бюджеті', 'Бюджет округа', 'Okrug budget');
INSERT INTO serving.veterinary_by_settlement VALUES
	('2026-10', 1, '191030000', '191030100', 'с.Кумдала', 'Құмдала а.', 'cattle', 1, 1, 1, 0, 1, 0),
	('2026-10', 1, '193630000', '193630100', 'с.Жамбыл', 'Жамбыл а.', 'cattle', 1, 1, 1, 0, 0, 0);
INSERT INTO vault.person VALUES
	('0038588f-7028-a32b-3a04-d43688b4932a', '881104323049', 'ЕЛТАЕВ', 'БІРБАЙ', 'ТОҚДОСОВИЧ'),
	('0017a61f-e82a-e0b8-4747-339b75999dfc', '540914445245', 'ҚҰЛНИЯЗОВА', 'САҒЫНЗИЯ', 'БІРДӘУЛЕТҚЫЗЫ'),
	('00177f2a-f582-d894-63dc-6388598062cb', '110518689109', 'ЖҰМАЖОЛОВА', 'РАЙЖАМАЛ', 'СЫРҒАЗЫҚЫЗЫ'),
	('000bb3d9-acb8-8481-23d8-683c92e6be0d', '250403559084', 'КӨКЕНБЕКОВ', 'АЛТЫНДОС', NULL),
	('00360ef9-8c79-532d-53b0-66578a24da59', '041224686064', 'МАЛИКОВА', 'МУНИРА', 'ДИЛЬМУРАТОВНА'),
	('000afa00-1c54-09d4-1ab5-b85fc26ff231', '730207419123', 'ТОҚТАЕВА', 'МӘЛІКЖАМАЛ', 'ЖАҚСЫБЕКҚЫЗЫ'),
	('001a5d81-a932-4a69-8d63-e0458cc1760d', '201204670261', 'ТАИРАХУНОВА', 'АМАНГУЛЬ', 'КУРБАНОВНА'),
	('00288cf5-afae-d041-ab36-7ce77d01eb62', '920717383746', 'ХАМИТАХУНОВ', 'АХМЕТЖАН', 'КАСЫМОВИЧ'),
	('0021d5e2-ee92-a14e-7585-be03dd5efab6', '040603542300', 'РАЙЖАН', 'АБАЙ', 'БІРНИЯЗОВИЧ'),
	('0009a521-56d9-5dd8-c724-155d445882b2', '181023665443', 'АБДУЛЛАЕВА', 'МУНИРА', 'АДИЛОВНА');
INSERT INTO vault.person_period VALUES
	(true, '2026-10', 1);
SELECT pg_catalog.setval('access.audit_audit_id_seq', 1, false);
SELECT pg_catalog.setval('access.grant__grant_id_seq', 1, true);
SELECT pg_catalog.setval('access.owner_owner_id_seq', 1, false);
SELECT pg_catalog.setval('ledger.batch_batch_id_seq', 6, true);
SELECT pg_catalog.setval('ledger.build_build_id_seq', 1, true);
SELECT pg_catalog.setval('ledger.delivery_delivery_id_seq', 6, true);
SELECT pg_catalog.setval('ledger.drift_drift_id_seq', 1, false);
SELECT pg_catalog.setval('ledger.entity_set_set_id_seq', 1, false);
SELECT pg_catalog.setval('ledger.link_decision_decision_id_seq', 1, true);
SELECT pg_catalog.setval('ledger.link_run_run_id_seq', 1, true);
SELECT pg_catalog.setval('ledger.pull_note_note_id_seq', 1, false);
SELECT pg_catalog.setval('ledger.refusal_refusal_id_seq', 1, false);
ALTER TABLE ONLY access.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (principal);
ALTER TABLE ONLY access.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (audit_id);
ALTER TABLE ONLY access.grant_
    ADD CONSTRAINT grant__pkey PRIMARY KEY (grant_id);
ALTER TABLE ONLY access.owner
    ADD CONSTRAINT owner_pkey PRIMARY KEY (owner_id);
ALTER TABLE ONLY access.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_sha256);
ALTER TABLE ONLY ledger.batch_column
    ADD CONSTRAINT batch_column_pkey PRIMARY KEY (batch_id, name);
ALTER TABLE ONLY ledger.batch
    ADD CONSTRAINT batch_delivery_id_rules_digest_key UNIQUE (delivery_id, rules_digest);
ALTER TABLE ONLY ledger.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (batch_id);
ALTER TABLE ONLY ledger.build_input
    ADD CONSTRAINT build_input_pkey PRIMARY KEY (build_id, batch_id);
ALTER TABLE ONLY ledger.build
    ADD CONSTRAINT build_pkey PRIMARY KEY (build_id);
ALTER TABLE ONLY ledger.delivery_file
    ADD CONSTRAINT delivery_file_pkey PRIMARY KEY (delivery_id, name);
ALTER TABLE ONLY ledger.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id);
ALTER TABLE ONLY ledger.delivery
    ADD CONSTRAINT delivery_registry_period_digest_key UNIQUE (registry, period, digest);
ALTER TABLE ONLY ledger.digest_mail
    ADD CONSTRAINT digest_mail_pkey PRIMARY KEY (day);
ALTER TABLE ONLY ledger.digest
    ADD CONSTRAINT digest_pkey PRIMARY KEY (day);
ALTER TABLE ONLY ledger.drift
    ADD CONSTRAINT drift_pkey PRIMARY KEY (drift_id);
ALTER TABLE ONLY ledger.entity_set
    ADD CONSTRAINT entity_set_kind_period_inputs_digest_key UNIQUE (kind, period, inputs_digest);
ALTER TABLE ONLY ledger.entity_set
    ADD CONSTRAINT entity_set_pkey PRIMARY KEY (set_id);
ALTER TABLE ONLY ledger.hash_key
    ADD CONSTRAINT hash_key_pkey PRIMARY KEY (key_no);
ALTER TABLE ONLY ledger.hash_key_settled
    ADD CONSTRAINT hash_key_settled_pkey PRIMARY KEY (key_no);
ALTER TABLE ONLY ledger.link_decision
    ADD CONSTRAINT link_decision_pkey PRIMARY KEY (decision_id);
ALTER TABLE ONLY ledger.link_run
    ADD CONSTRAINT link_run_period_inputs_digest_key UNIQUE (period, inputs_digest);
ALTER TABLE ONLY ledger.link_run
    ADD CONSTRAINT link_run_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY ledger.pull_note
    ADD CONSTRAINT pull_note_pkey PRIMARY KEY (note_id);
ALTER TABLE ONLY ledger.refusal
    ADD CONSTRAINT refusal_pkey PRIMARY KEY (refusal_id);
ALTER TABLE ONLY ledger.rule_outcome
    ADD CONSTRAINT rule_outcome_pkey PRIMARY KEY (batch_id, rule);
ALTER TABLE ONLY serving.ambulance_by_settlement
    ADD CONSTRAINT ambulance_by_settlement_pkey PRIMARY KEY (period, revision, okrug_kato, settlement_kato);
ALTER TABLE ONLY serving.contradiction_judged
    ADD CONSTRAINT contradiction_judged_pkey PRIMARY KEY (type_id, period);
ALTER TABLE ONLY serving.contradiction
    ADD CONSTRAINT contradiction_pkey PRIMARY KEY (period, type_id, subject_kind, subject_key);
ALTER TABLE ONLY serving.contradiction_set
    ADD CONSTRAINT contradiction_set_pkey PRIMARY KEY (period);
ALTER TABLE ONLY serving.contradiction_source
    ADD CONSTRAINT contradiction_source_pkey PRIMARY KEY (period, registry, batch_id);
ALTER TABLE ONLY serving.contradiction_type
    ADD CONSTRAINT contradiction_type_pkey PRIMARY KEY (type_id);
ALTER TABLE ONLY serving.edition_in_force
    ADD CONSTRAINT edition_in_force_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY serving.indicator
    ADD CONSTRAINT indicator_pkey PRIMARY KEY (indicator_id);
ALTER TABLE ONLY serving.snapshot_in_force
    ADD CONSTRAINT snapshot_in_force_pkey PRIMARY KEY (period);
ALTER TABLE ONLY serving.snapshot_missing
    ADD CONSTRAINT snapshot_missing_pkey PRIMARY KEY (period, revision, registry);
ALTER TABLE ONLY serving.snapshot
    ADD CONSTRAINT snapshot_pkey PRIMARY KEY (period, revision);
ALTER TABLE ONLY serving.snapshot_source
    ADD CONSTRAINT snapshot_source_pkey PRIMARY KEY (period, revision, registry, batch_id);
ALTER TABLE ONLY serving.snapshot_value
    ADD CONSTRAINT snapshot_value_pkey PRIMARY KEY (period, revision, kato, indicator_id);
ALTER TABLE ONLY serving.territory
    ADD CONSTRAINT territory_pkey PRIMARY KEY (kato, edition);
ALTER TABLE ONLY serving.theme
    ADD CONSTRAINT theme_pkey PRIMARY KEY (theme);
ALTER TABLE ONLY serving.veterinary_by_settlement
    ADD CONSTRAINT veterinary_by_settlement_pkey PRIMARY KEY (period, revision, okrug_kato, settlement_kato, species);
ALTER TABLE ONLY vault.link_review
    ADD CONSTRAINT link_review_pkey PRIMARY KEY (period, record_key, person_key);
ALTER TABLE ONLY vault.person_period
    ADD CONSTRAINT person_period_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY vault.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (person_key);
CREATE INDEX audit_at_idx ON access.audit USING btree (at);
CREATE INDEX audit_principal_idx ON access.audit USING btree (principal, at);
CREATE INDEX grant_principal_idx ON access.grant_ USING btree (principal, role);
CREATE UNIQUE INDEX owner_once ON access.owner USING btree (principal, registry) WHERE (ended_at IS NULL);
CREATE INDEX session_principal_idx ON access.session USING btree (principal);
CREATE UNIQUE INDEX build_published_once ON ledger.build USING btree (period, inputs_digest) WHERE (outcome <> 'refused'::text);
CREATE INDEX drift_by_batch ON ledger.drift USING btree (batch_id);
CREATE INDEX pull_note_newest ON ledger.pull_note USING btree (registry, period, note_id);
CREATE INDEX ambulance_okrug_idx ON serving.ambulance_by_settlement USING btree (okrug_kato, period, revision);
CREATE INDEX contradiction_subject ON serving.contradiction USING btree (type_id, subject_kind, subject_key, period);
CREATE UNIQUE INDEX quality_key ON serving.quality USING btree (registry, period, level, COALESCE(kato, ''::text));
CREATE INDEX snapshot_value_kato_idx ON serving.snapshot_value USING btree (kato, period, revision);
CREATE INDEX territory_okrug_idx ON serving.territory USING btree (edition, kato) WHERE (level = 'okrug'::text);
CREATE INDEX veterinary_okrug_idx ON serving.veterinary_by_settlement USING btree (okrug_kato, period, revision);
ALTER TABLE ONLY access.session
    ADD CONSTRAINT session_principal_fkey FOREIGN KEY (principal) REFERENCES access.account(principal) ON DELETE CASCADE;
ALTER TABLE ONLY ledger.batch_column
    ADD CONSTRAINT batch_column_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES ledger.batch(batch_id);
ALTER TABLE ONLY ledger.batch
    ADD CONSTRAINT batch_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES ledger.delivery(delivery_id);
ALTER TABLE ONLY ledger.build_input
    ADD CONSTRAINT build_input_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES ledger.batch(batch_id);
ALTER TABLE ONLY ledger.build_input
    ADD CONSTRAINT build_input_build_id_fkey FOREIGN KEY (build_id) REFERENCES ledger.build(build_id);
ALTER TABLE ONLY ledger.delivery_file
    ADD CONSTRAINT delivery_file_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES ledger.delivery(delivery_id);
ALTER TABLE ONLY ledger.digest_mail
    ADD CONSTRAINT digest_mail_day_fkey FOREIGN KEY (day) REFERENCES ledger.digest(day);
ALTER TABLE ONLY ledger.drift
    ADD CONSTRAINT drift_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES ledger.batch(batch_id);
ALTER TABLE ONLY ledger.hash_key_settled
    ADD CONSTRAINT hash_key_settled_key_no_fkey FOREIGN KEY (key_no) REFERENCES ledger.hash_key(key_no);
ALTER TABLE ONLY ledger.refusal
    ADD CONSTRAINT refusal_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES ledger.delivery(delivery_id);
ALTER TABLE ONLY ledger.rule_outcome
    ADD CONSTRAINT rule_outcome_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES ledger.batch(batch_id);
ALTER TABLE ONLY serving.ambulance_by_settlement
    ADD CONSTRAINT ambulance_by_settlement_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE ONLY serving.contradiction_judged
    ADD CONSTRAINT contradiction_judged_period_fkey FOREIGN KEY (period) REFERENCES serving.contradiction_set(period) ON DELETE CASCADE;
ALTER TABLE ONLY serving.contradiction
    ADD CONSTRAINT contradiction_period_fkey FOREIGN KEY (period) REFERENCES serving.contradiction_set(period) ON DELETE CASCADE;
ALTER TABLE ONLY serving.contradiction_source
    ADD CONSTRAINT contradiction_source_period_fkey FOREIGN KEY (period) REFERENCES serving.contradiction_set(period) ON DELETE CASCADE;
ALTER TABLE ONLY serving.snapshot_in_force
    ADD CONSTRAINT snapshot_in_force_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE ONLY serving.snapshot_missing
    ADD CONSTRAINT snapshot_missing_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE ONLY serving.snapshot_source
    ADD CONSTRAINT snapshot_source_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE ONLY serving.snapshot_value
    ADD CONSTRAINT snapshot_value_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE ONLY serving.veterinary_by_settlement
    ADD CONSTRAINT veterinary_by_settlement_period_revision_fkey FOREIGN KEY (period, revision) REFERENCES serving.snapshot(period, revision);
ALTER TABLE serving.ambulance_by_settlement ENABLE ROW LEVEL SECURITY;
ALTER TABLE serving.contradiction ENABLE ROW LEVEL SECURITY;
CREATE POLICY engineers_read ON serving.contradiction FOR SELECT TO auyl_engineer USING (true);
CREATE POLICY engineers_read ON serving.quality FOR SELECT TO auyl_engineer USING (true);
ALTER TABLE serving.quality ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_own_registry ON serving.contradiction FOR SELECT TO auyl_reader USING ((owner_registry = ANY (( SELECT access.registries() AS registries)::text[])));
CREATE POLICY read_own_registry ON serving.quality FOR SELECT TO auyl_reader USING ((registry = ANY (( SELECT access.registries() AS registries)::text[])));
CREATE POLICY read_own_territory ON serving.ambulance_by_settlement FOR SELECT TO auyl_reader USING (((okrug_kato = ANY (( SELECT access.allowed(access.readers_of('ambulance'::text)) AS allowed)::text[])) AND ((period, revision) IN ( SELECT s.period,
    s.revision
   FROM serving.snapshot s
  WHERE (s.edition = ( SELECT access.current_edition() AS current_edition))))));
CREATE POLICY read_own_territory ON serving.quality FOR SELECT TO auyl_reader USING (((level = 'okrug'::text) AND (kato = ANY (( SELECT access.allowed(access.readers_of('quality'::text)) AS allowed)::text[]))));
CREATE POLICY read_own_territory ON serving.snapshot_value FOR SELECT TO auyl_reader USING (((kato = ANY (( SELECT access.allowed(access.readers_of('snapshot'::text)) AS allowed)::text[])) AND ((period, revision) IN ( SELECT s.period,
    s.revision
   FROM serving.snapshot s
  WHERE (s.edition = ( SELECT access.current_edition() AS current_edition))))));
CREATE POLICY read_own_territory ON serving.veterinary_by_settlement FOR SELECT TO auyl_reader USING (((okrug_kato = ANY (( SELECT access.allowed(access.readers_of('veterinary'::text)) AS allowed)::text[])) AND ((period, revision) IN ( SELECT s.period,
    s.revision
   FROM serving.snapshot s
  WHERE (s.edition = ( SELECT access.current_edition() AS current_edition))))));
ALTER TABLE serving.snapshot_value ENABLE ROW LEVEL SECURITY;
ALTER TABLE serving.veterinary_by_settlement ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA access TO auyl_portal;
GRANT USAGE ON SCHEMA ledger TO auyl_engineer;
GRANT USAGE ON SCHEMA serving TO auyl_reader;
GRANT USAGE ON SCHEMA serving TO auyl_engineer;
GRANT SELECT ON TABLE serving.snapshot_in_force TO auyl_reader;
REVOKE ALL ON FUNCTION access.current_edition() FROM PUBLIC;
GRANT ALL ON FUNCTION access.current_edition() TO auyl_reader;
REVOKE ALL ON FUNCTION access.principal() FROM PUBLIC;
GRANT ALL ON FUNCTION access.principal() TO auyl_portal;
GRANT SELECT ON TABLE serving.territory TO auyl_reader;
REVOKE ALL ON FUNCTION access.allowed(roles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION access.allowed(roles text[]) TO auyl_reader;
REVOKE ALL ON FUNCTION access.begin_sign_in(who text) FROM PUBLIC;
GRANT ALL ON FUNCTION access.begin_sign_in(who text) TO auyl_portal;
REVOKE ALL ON FUNCTION access.write_audit(what text, which text, how_it_ended text, why text, address inet, who text) FROM PUBLIC;
GRANT ALL ON FUNCTION access.write_audit(what text, which text, how_it_ended text, why text, address inet, who text) TO auyl_portal;
REVOKE ALL ON FUNCTION access.end_session(token bytea, address inet) FROM PUBLIC;
GRANT ALL ON FUNCTION access.end_session(token bytea, address inet) TO auyl_portal;
REVOKE ALL ON FUNCTION access.finish_sign_in(who text, token bytea, lifetime interval, address inet) FROM PUBLIC;
GRANT ALL ON FUNCTION access.finish_sign_in(who text, token bytea, lifetime interval, address inet) TO auyl_portal;
REVOKE ALL ON FUNCTION access.readers_of(subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION access.readers_of(subject text) TO auyl_reader;
REVOKE ALL ON FUNCTION access.registries() FROM PUBLIC;
GRANT ALL ON FUNCTION access.registries() TO auyl_reader;
REVOKE ALL ON FUNCTION access.session_of(token bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION access.session_of(token bytea) TO auyl_portal;
REVOKE ALL ON FUNCTION pg_catalog.lo_creat(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT SELECT ON TABLE ledger.batch TO auyl_engineer;
GRANT SELECT ON TABLE ledger.batch_column TO auyl_engineer;
GRANT SELECT ON TABLE ledger.delivery TO auyl_engineer;
GRANT SELECT ON TABLE ledger.batch_standing TO auyl_engineer;
GRANT SELECT ON TABLE ledger.build TO auyl_engineer;
GRANT SELECT ON TABLE ledger.build_input TO auyl_engineer;
GRANT SELECT ON TABLE ledger.delivery_file TO auyl_engineer;
GRANT SELECT ON TABLE ledger.digest TO auyl_engineer;
GRANT SELECT ON TABLE ledger.digest_mail TO auyl_engineer;
GRANT SELECT ON TABLE ledger.drift TO auyl_engineer;
GRANT SELECT ON TABLE ledger.entity_set TO auyl_engineer;
GRANT SELECT ON TABLE ledger.hash_key TO auyl_engineer;
GRANT SELECT ON TABLE ledger.hash_key_settled TO auyl_engineer;
GRANT SELECT ON TABLE ledger.link_run TO auyl_engineer;
GRANT SELECT ON TABLE ledger.pull_note TO auyl_engineer;
GRANT SELECT ON TABLE ledger.refusal TO auyl_engineer;
GRANT SELECT ON TABLE ledger.rule_outcome TO auyl_engineer;
GRANT SELECT ON TABLE serving.ambulance_by_settlement TO auyl_reader;
GRANT SELECT ON TABLE serving.ambulance_current TO auyl_reader;
GRANT SELECT ON TABLE serving.contradiction TO auyl_reader;
GRANT SELECT ON TABLE serving.contradiction TO auyl_engineer;
GRANT SELECT ON TABLE serving.contradiction_judged TO auyl_reader;
GRANT SELECT ON TABLE serving.contradiction_judged TO auyl_engineer;
GRANT SELECT ON TABLE serving.contradiction_history TO auyl_reader;
GRANT SELECT ON TABLE serving.contradiction_history TO auyl_engineer;
GRANT SELECT ON TABLE serving.contradiction_set TO auyl_engineer;
GRANT SELECT ON TABLE serving.contradiction_source TO auyl_engineer;
GRANT SELECT ON TABLE serving.contradiction_type TO auyl_reader;
GRANT SELECT ON TABLE serving.contradiction_type TO auyl_engineer;
GRANT SELECT ON TABLE serving.indicator TO auyl_reader;
GRANT SELECT ON TABLE serving.quality TO auyl_reader;
GRANT SELECT ON TABLE serving.quality TO auyl_engineer;
GRANT SELECT ON TABLE serving.quality_trend TO auyl_reader;
GRANT SELECT ON TABLE serving.quality_trend TO auyl_engineer;
GRANT SELECT ON TABLE serving.snapshot TO auyl_reader;
GRANT SELECT ON TABLE serving.snapshot_value TO auyl_reader;
GRANT SELECT ON TABLE serving.snapshot_current TO auyl_reader;
GRANT SELECT ON TABLE serving.snapshot_missing TO auyl_reader;
GRANT SELECT ON TABLE serving.snapshot_source TO auyl_reader;
GRANT SELECT ON TABLE serving.theme TO auyl_reader;
GRANT SELECT ON TABLE serving.veterinary_by_settlement TO auyl_reader;
GRANT SELECT ON TABLE serving.veterinary_current TO auyl_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE auyl IN SCHEMA ledger GRANT SELECT ON TABLES TO auyl_engineer;
