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

-- A delivery of corrected rows names the batch that had rejected them.
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
    linkable_path text,
    rows_in bigint not null,
    staged bigint not null,
    linkable bigint not null default 0,
    quarantined bigint not null,
    duplicates bigint not null,
    warned bigint not null,
    notes jsonb not null,
    accepted_at timestamptz not null default clock_timestamp(),
    unique (delivery_id, rules_digest)
);
-- A linkable row is one that was rejected only for its person's number.
alter table ledger.batch add column if not exists linkable_path text;
alter table ledger.batch add column if not exists linkable bigint not null default 0;
alter table ledger.batch drop constraint if exists balances;
alter table ledger.batch add constraint balances
check (rows_in = staged + linkable + quarantined + duplicates);

-- Grain: a rule that some rows of a batch broke.
create table if not exists ledger.rule_outcome (
    batch_id bigint not null references ledger.batch,
    rule text not null,
    severity text not null,
    failed bigint not null,
    primary key (batch_id, rule)
);

-- Grain: a delivery that was not accepted, each time it was tried. It changes nothing that is current.
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

-- Grain: registry and period; for a registry that sends changes, every accepted batch of the period.
-- The newest extract wins, not the newest arrival.
create or replace view ledger.batch_ranked as
select
    b.*,
    d.registry,
    d.period,
    d.extracted_at,
    d.digest,
    row_number() over (
        partition by d.registry, d.period order by d.extracted_at desc, d.delivery_id desc, b.batch_id desc
    ) as current_rank,
    row_number() over (partition by d.delivery_id order by b.batch_id desc) as rank_in_delivery,
    exists(
        select 1
        from ledger.delivery as c
        inner join ledger.batch as made on c.delivery_id = made.delivery_id
        inner join ledger.batch as base on c.corrects_batch_id = base.batch_id
        where base.delivery_id = b.delivery_id
    ) as is_corrected
from ledger.batch as b
inner join ledger.delivery as d on b.delivery_id = d.delivery_id;

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
