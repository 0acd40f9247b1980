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
create table if not exists serving.current_edition (
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
-- Grain: an indicator of the current catalogue.
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
create table if not exists serving.current_snapshot (
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
