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
revoke all on serving.snapshot_missing from public, auyl_reader, auyl_engineer, auyl_portal;
grant select on serving.snapshot_missing to auyl_reader;
