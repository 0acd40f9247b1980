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

revoke all on serving.snapshot_missing from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on ledger.digest, ledger.digest_mail from public, auyl_reader, auyl_portal;
grant select on ledger.digest, ledger.digest_mail to auyl_engineer;
grant select on serving.snapshot_missing to auyl_reader;
