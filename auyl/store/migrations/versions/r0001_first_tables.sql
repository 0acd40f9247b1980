-- The tables as they were when revisions began. A database of that time has them already, so every statement leaves
-- alone what is there. Frozen: a change of a table is a new revision.

-- What was loaded, and what was made of it. Append-only: a row is never changed after its transaction.
create schema if not exists ledger;

-- Grain: the files of one registry and period as they came. The same bytes again find this row.
create table if not exists ledger.delivery (
    delivery_id bigint generated always as identity primary key,
    registry text not null,
    period text not null check (period ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    digest text not null,
    files integer not null,
    size_bytes bigint not null,
    extracted_at timestamptz not null,
    watermark text,
    source text not null,
    landing_path text not null,
    arrived_at timestamptz not null default clock_timestamp(),
    unique (registry, period, digest)
);

-- A delivery of mended rows names the batch that had rejected them.
alter table ledger.delivery add column if not exists corrects_batch_id bigint;

-- Grain: one file of a delivery, named as it came.
create table if not exists ledger.delivery_file (
    delivery_id bigint not null references ledger.delivery,
    name text not null,
    sha256 text not null,
    size_bytes bigint not null,
    primary key (delivery_id, name)
);

-- Grain: what a pull left for the next one of its registry and period: a message that the gateway has not answered, the
-- first look at a drop folder. The newest row counts; a null note says that there is nothing to know.
create table if not exists ledger.pull_note (
    note_id bigint generated always as identity primary key,
    registry text not null,
    period text not null,
    note text,
    noted_at timestamptz not null default clock_timestamp()
);

create index if not exists pull_note_newest on ledger.pull_note (registry, period, note_id);

-- Grain: a delivery that was accepted under the rules of one day.
create table if not exists ledger.batch (
    batch_id bigint generated always as identity primary key,
    delivery_id bigint not null references ledger.delivery,
    rules_digest text not null,
    raw_path text not null,
    stage_path text not null,
    quarantine_path text not null,
    rows_in bigint not null,
    staged bigint not null,
    quarantined bigint not null,
    duplicates bigint not null,
    warned bigint not null,
    notes jsonb not null,
    accepted_at timestamptz not null default clock_timestamp(),
    unique (delivery_id, rules_digest),
    constraint balances check (rows_in = staged + quarantined + duplicates)
);

-- Grain: a rule that some rows of a batch broke.
create table if not exists ledger.rule_outcome (
    batch_id bigint not null references ledger.batch,
    rule text not null,
    severity text not null,
    failed bigint not null,
    primary key (batch_id, rule)
);

-- Grain: a delivery that was not accepted, each time it was tried. It changes nothing that is in force.
create table if not exists ledger.refusal (
    refusal_id bigint generated always as identity primary key,
    registry text not null,
    period text not null,
    delivery_id bigint references ledger.delivery,
    rules_digest text,
    reason text not null,
    details jsonb not null,
    quarantine_path text,
    refused_at timestamptz not null default clock_timestamp()
);

-- Grain: one attempt to publish a period from one set of inputs.
create table if not exists ledger.build (
    build_id bigint generated always as identity primary key,
    period text not null,
    inputs_digest text not null,
    outcome text not null check (outcome in ('published', 'unchanged', 'refused')),
    revision integer,
    details jsonb not null,
    built_at timestamptz not null default clock_timestamp()
);

create unique index if not exists build_published_once
on ledger.build (period, inputs_digest) where outcome <> 'refused';

create table if not exists ledger.build_input (
    build_id bigint not null references ledger.build,
    batch_id bigint not null references ledger.batch,
    primary key (build_id, batch_id)
);

-- What an accepted batch looked like, column by column, and where that left its registry's own history.

-- Grain: a column of the contract, or one that only came. share_unreadable is of the filled cells of a sample;
-- categories are the distinct values of a column that has few.
create table if not exists ledger.batch_column (
    batch_id bigint not null references ledger.batch,
    name text not null,
    heading text,
    place integer,
    filled bigint not null,
    share_unreadable double precision,
    categories text[],
    primary key (batch_id, name)
);

-- Grain: something that changed since the registry's former batches. It blocks nothing by itself.
create table if not exists ledger.drift (
    drift_id bigint generated always as identity primary key,
    batch_id bigint not null references ledger.batch,
    kind text not null check (kind in (
        'column_new', 'column_gone', 'column_renamed', 'column_reordered', 'column_retyped', 'category_new',
        'null_share', 'volume', 'same_bytes'
    )),
    name text,
    expected text not null,
    found text not null
);

create index if not exists drift_by_batch on ledger.drift (batch_id);

-- What was made of the batches of a period, kind by kind of entity: the names of the lake's sets. Append-only.
-- Grain: set of attributes of one kind, period and inputs. `batches_digest` says which batches, `inputs_digest` also
-- under which table of survivorship, territory and code.
create table if not exists ledger.entity_set (
    set_id bigint generated always as identity primary key,
    kind text not null,
    period text not null,
    inputs_digest text not null,
    batches_digest text not null,
    path text not null,
    entities bigint not null,
    attributes bigint not null,
    disputed bigint not null,
    size_bytes bigint not null,
    built_at timestamptz not null default clock_timestamp(),
    unique (kind, period, inputs_digest)
);

-- Which key the keyed hashes were made with. A fingerprint tells one key from another and nothing of the key.
-- Grain: key that was put in force; the newest counts. `changed` are the tables whose rows its rotation changed.
-- Append-only.
create table if not exists ledger.hash_key (
    key_no integer primary key,
    fingerprint text not null,
    since timestamptz not null default clock_timestamp(),
    put_by text not null default current_user,
    reason text not null check (length(trim(reason)) > 0),
    changed text[] not null default '{}'
);

-- Grain: key with which every file of the lake has been made. Until then nothing works on what is keyed.
create table if not exists ledger.hash_key_settled (
    key_no integer primary key references ledger.hash_key,
    settled_at timestamptz not null default clock_timestamp()
);

-- What people query. Everything here is written by the publisher in one transaction per revision.
create schema if not exists serving;

-- Grain: one place of one edition. KATO codes are re-used, so the edition belongs to the key.
create table if not exists serving.territory (
    kato text not null check (kato ~ '^\d{9}$'),
    edition text not null,
    level text not null check (level in ('oblast', 'district', 'okrug', 'settlement')),
    kind text,
    parent_kato text,
    okrug_kato text,
    district_kato text,
    oblast_kato text not null,
    name_ru text not null,
    name_kk text,
    is_rural_akimat boolean not null,
    is_main_settlement boolean not null,
    primary key (kato, edition)
);

create table if not exists serving.edition_in_force (
    only_row boolean primary key default true check (only_row),
    edition text not null
);

create table if not exists serving.theme (
    theme text primary key,
    position integer not null,
    name_kk text not null,
    name_ru text not null,
    name_en text not null
);

-- Grain: an indicator of the catalogue in force.
create table if not exists serving.indicator (
    indicator_id text primary key,
    theme text not null,
    position integer not null,
    name_kk text not null,
    name_ru text not null,
    name_en text not null,
    unit text not null,
    unit_kk text not null,
    unit_ru text not null,
    unit_en text not null,
    decimals integer not null,
    better text not null check (better in ('up', 'down', 'none')),
    responsible_kk text not null,
    responsible_ru text not null,
    responsible_en text not null,
    level text not null,
    registries text[] not null,
    definition_kk text not null,
    definition_ru text not null,
    definition_en text not null
);

create table if not exists serving.snapshot (
    period text not null check (period ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    revision integer not null check (revision > 0),
    edition text not null,
    inputs_digest text not null,
    content_sha256 text not null,
    published_at timestamptz not null default clock_timestamp(),
    primary key (period, revision)
);

create table if not exists serving.snapshot_in_force (
    period text primary key,
    revision integer not null,
    edition text not null,
    foreign key (period, revision) references serving.snapshot
);

-- Grain: a batch that a revision was made of.
create table if not exists serving.snapshot_source (
    period text not null,
    revision integer not null,
    registry text not null,
    batch_id bigint not null,
    extracted_at timestamptz not null,
    source_period text not null,
    rows_staged bigint not null,
    rows_quarantined bigint not null,
    primary key (period, revision, registry, batch_id),
    foreign key (period, revision) references serving.snapshot
);

-- Grain: okrug and indicator of one revision. A value is missing rather than wrong.
create table if not exists serving.snapshot_value (
    period text not null,
    revision integer not null,
    kato text not null,
    indicator_id text not null,
    value numeric,
    numerator numeric,
    denominator numeric,
    flag text not null check (flag in ('ok', 'estimated', 'suppressed', 'missing')),
    coverage_pct numeric,
    as_of date,
    primary key (period, revision, kato, indicator_id),
    foreign key (period, revision) references serving.snapshot,
    check ((value is null) = (flag in ('missing', 'suppressed')))
);

-- Coordinators' tables. Grain: settlement; settlement_kato is '' for what is known by okrug only.
create table if not exists serving.ambulance_by_settlement (
    period text not null,
    revision integer not null,
    okrug_kato text not null,
    settlement_kato text not null,
    settlement_ru text,
    settlement_kk text,
    calls integer not null,
    calls_urgent integer not null,
    calls_measured integer not null,
    calls_within_norm integer not null,
    arrival_median_min numeric,
    arrival_p90_min numeric,
    residents integer not null,
    residents_65_plus integer not null,
    residents_under_1 integer not null,
    primary key (period, revision, okrug_kato, settlement_kato),
    foreign key (period, revision) references serving.snapshot
);

-- Grain: settlement and species.
create table if not exists serving.veterinary_by_settlement (
    period text not null,
    revision integer not null,
    okrug_kato text not null,
    settlement_kato text not null,
    settlement_ru text,
    settlement_kk text,
    species text not null check (species in ('cattle', 'small_ruminants', 'horses', 'camels', 'pigs')),
    heads integer not null,
    owners integer not null,
    heads_vaccinated_12_months integer not null,
    heads_vaccination_due integer not null,
    heads_tested_brucellosis integer not null,
    heads_positive_brucellosis integer not null,
    primary key (period, revision, okrug_kato, settlement_kato, species),
    foreign key (period, revision) references serving.snapshot
);

-- ИИН and names, and nothing else that a table outside may not hold. No reader has a grant here.
create schema if not exists vault;

-- Grain: a person of the newest published period; person_key is the keyed hash that all other tables carry.
create table if not exists vault.person (
    person_key uuid primary key,
    iin text not null,
    surname text,
    given_name text,
    patronymic text
);

-- The period that the table holds.
create table if not exists vault.person_period (
    only_row boolean primary key default true check (only_row),
    period text not null,
    revision integer not null
);

-- Who may read what: roles of the server, grants, accounts and sessions of the portal, the audit.
-- grain: access.grant_ one grant; access.account one person; access.session one signed-in browser; access.audit one act
-- key: grant_id; principal; token_sha256; audit_id
-- inputs: serving.territory, serving.snapshot_in_force, serving.edition_in_force
--
-- A principal is a name: a PostgreSQL login of that name, an account of the portal of that name, or both.
-- No grant, no rows. Only the owner of the database writes here; the portal acts through the functions below.

create schema if not exists access;

create table if not exists access.grant_ (
    grant_id bigint generated always as identity primary key,
    principal text not null check (octet_length(principal) between 1 and 63),
    role text not null check (
        role in (
            'akim', 'district_staff', 'oblast_staff', 'ambulance_coordinator', 'veterinary_coordinator',
            'auditor', 'engineer'
        )
    ),
    -- the first 2, 4 or 6 digits of a KATO code: an oblast, a district, an okrug
    territory_prefix text not null check (territory_prefix ~ '^[0-9]{2}([0-9]{2}){0,2}$'),
    edition text not null,
    valid_from timestamptz not null default now(),
    valid_to timestamptz check (valid_to >= valid_from),
    granted_by text not null,
    granted_at timestamptz not null default now(),
    reason text not null check (reason <> ''),
    revoked_by text,
    revoke_reason text,
    check (role <> 'akim' or length(territory_prefix) = 6),
    check (role <> 'district_staff' or length(territory_prefix) >= 4)
);

create index if not exists grant_principal_idx on access.grant_ (principal, role);

create table if not exists access.account (
    principal text primary key check (octet_length(principal) between 1 and 63),
    password_hash text not null check (password_hash like '$argon2id$%'),
    display_name text not null,
    language text not null check (language in ('kk', 'ru', 'en')),
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    failed_sign_ins int not null default 0,
    locked_until timestamptz,
    last_sign_in_at timestamptz
);

create table if not exists access.session (
    token_sha256 bytea primary key check (octet_length(token_sha256) = 32),
    principal text not null references access.account (principal) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create index if not exists session_principal_idx on access.session (principal);

create table if not exists access.audit (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    principal text,
    login text not null default session_user,
    action text not null check (action <> ''),
    object text not null default '',
    outcome text not null check (outcome in ('done', 'refused', 'failed')),
    purpose text,
    client_address inet
);

create index if not exists audit_principal_idx on access.audit (principal, at);

create index if not exists audit_at_idx on access.audit (at);

create index if not exists territory_okrug_idx on serving.territory (edition, kato) where level = 'okrug';

-- What the roles of 040 may read: row-level security, the views in force, open tables.
-- grain: the views keep the grain of their tables, restricted to the revision in force
-- key: (period, kato, indicator_id); (period, okrug_kato, settlement_kato[, species])
-- inputs: serving.*, access.allowed, access.readers_of
--
-- The policies do not bind the owner, who publishes. A policy without `(select …)` around the function would call it
-- once per row; with it the function runs once per query and the index on the code is used.

create index if not exists snapshot_value_kato_idx on serving.snapshot_value (kato, period, revision);

create index if not exists ambulance_okrug_idx on serving.ambulance_by_settlement (okrug_kato, period, revision);

create index if not exists veterinary_okrug_idx on serving.veterinary_by_settlement (okrug_kato, period, revision);

-- What did not come, told to people: what a snapshot goes without, and one digest a night.

-- Grain: registry that a revision goes without. `last_period` is the newest one of which it was ever accepted.
create table if not exists serving.snapshot_missing (
    period text not null,
    revision integer not null,
    registry text not null,
    last_period text,
    reason text not null check (reason in ('late', 'refused', 'never')),
    primary key (period, revision, registry),
    foreign key (period, revision) references serving.snapshot
);

-- Grain: day of the owners and engineers, Asia/Almaty. Composed once; no personal data in it.
create table if not exists ledger.digest (
    day date primary key,
    composed_at timestamptz not null default clock_timestamp(),
    since timestamptz,
    has_news boolean not null,
    content jsonb not null,
    text text not null
);

-- Grain: digest that a mail server took.
create table if not exists ledger.digest_mail (
    day date primary key references ledger.digest,
    recipients integer not null,
    sent_at timestamptz not null default clock_timestamp()
);

-- Quality of what registries send, by okrug, for engineers, for those who oversee a territory and for the owners.
-- grain: registry, period and okrug; kato null where the row's place is known to nobody; level registry sums all
-- key: (registry, period, level, kato)
-- inputs: access.allowed, access.readers_of
create table if not exists serving.quality (
    registry text not null,
    period text not null,
    level text not null check (level in ('registry', 'okrug', 'unplaced')),
    kato text,
    edition text not null,
    rows_in bigint not null,
    staged bigint not null,
    quarantined bigint not null,
    duplicates bigint not null,
    warned bigint not null,
    -- filled cells of the required columns and of those that tell the place
    completeness_pct numeric(6, 3),
    -- rows that break no rule, of those that are no repetition
    validity_pct numeric(6, 3),
    duplicates_pct numeric(6, 3),
    -- arrival beside the contract's deadline; below zero is early
    days_late numeric(8, 2) not null,
    measured_at timestamptz not null default now(),
    constraint balances check (rows_in = staged + quarantined + duplicates)
);

create unique index if not exists quality_key on serving.quality (registry, period, level, coalesce(kato, ''));

-- Who owns a registry: a login of its office, which reads the quality of that registry and nothing else.
create table if not exists access.owner (
    owner_id bigint generated always as identity primary key,
    principal text not null check (octet_length(principal) between 1 and 63),
    registry text not null,
    given_by text not null,
    reason text not null check (reason <> ''),
    given_at timestamptz not null default now(),
    ended_at timestamptz
);

create unique index if not exists owner_once on access.owner (principal, registry) where ended_at is null;

-- Of whom a record speaks that came without a valid number: what a person has to look at, and what was decided.

-- Grain: pair of a period that a person looks at. Both sides as they write the name; no reader
-- has a grant here, a reviewer gets one on this table alone.
create table if not exists vault.link_review (
    period text not null,
    record_key uuid not null,
    person_key uuid not null,
    weight_bits numeric(8, 4) not null,
    next_weight_bits numeric(8, 4),
    levels jsonb not null,
    places jsonb not null, -- [registry, file, record] of every row that says the same
    record jsonb not null,
    person jsonb not null,
    primary key (period, record_key, person_key)
);

-- Grain: decision on a pair. Append-only; the newest of a pair counts. Keys are keyed hashes, so it names nobody.
create table if not exists ledger.link_decision (
    decision_id bigint primary key generated always as identity,
    record_key uuid not null,
    person_key uuid not null,
    is_same boolean not null,
    reason text not null check (length(trim(reason)) > 0),
    decided_by text not null default current_user,
    decided_at timestamptz not null default clock_timestamp()
);

-- Grain: run of linkage over one period's batches and decisions.
create table if not exists ledger.link_run (
    run_id bigint primary key generated always as identity,
    period text not null,
    inputs_digest text not null,
    path text not null,
    records integer not null,
    linked integer not null,
    reviewed integer not null,
    finished_at timestamptz not null default clock_timestamp(),
    contents jsonb not null default '{}', -- digest of the linked rows and their persons, by registry
    unique (period, inputs_digest)
);

-- Where registries disagree, by period, for engineers and for the owner who has to act.
-- grain: a period's set is written whole; one row a type and subject of it
-- key: (period, type_id, subject_kind, subject_key)
-- inputs: access.registries

-- The set of a period: which inputs made it, and when.
create table if not exists serving.contradiction_set (
    period text primary key,
    inputs_digest text not null,
    edition text not null,
    lake_path text not null,
    contradictions bigint not null,
    computed_at timestamptz not null default now()
);

-- Types that a period's set could judge: all registries that they rest on were in force.
create table if not exists serving.contradiction_judged (
    period text not null references serving.contradiction_set on delete cascade,
    type_id text not null,
    primary key (type_id, period)
);

-- Batches that a period's set was made of.
create table if not exists serving.contradiction_source (
    period text not null references serving.contradiction_set on delete cascade,
    registry text not null,
    batch_id bigint not null,
    primary key (period, registry, batch_id)
);

-- The catalogue as it stood when the newest set was written.
create table if not exists serving.contradiction_type (
    type_id text primary key,
    position integer not null,
    name_kk text not null,
    name_ru text not null,
    name_en text not null,
    owner_registry text not null,
    left_registry text not null,
    right_registry text not null,
    severity text not null check (severity in ('high', 'medium', 'low')),
    affected_unit text
);

create table if not exists serving.contradiction (
    period text not null references serving.contradiction_set on delete cascade,
    type_id text not null,
    owner_registry text not null,
    subject_kind text not null,
    subject_key text not null,
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
    tenge numeric(18, 2),
    -- in the type's affected_unit
    affected numeric(18, 4),
    primary key (period, type_id, subject_kind, subject_key)
);

create index if not exists contradiction_subject
on serving.contradiction (type_id, subject_kind, subject_key, period);
