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

create or replace view ledger.current_link_decision as
select distinct on (record_key, person_key)
    record_key,
    person_key,
    is_same,
    reason,
    decided_by,
    decided_at
from ledger.link_decision
order by record_key, person_key, decision_id desc;

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

revoke all on vault.link_review from public, auyl_reader, auyl_engineer, auyl_portal;
-- a reason is free text and may name somebody
revoke all on ledger.link_decision, ledger.current_link_decision from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on ledger.link_run from public, auyl_reader, auyl_portal;
grant select on ledger.link_run to auyl_engineer;
