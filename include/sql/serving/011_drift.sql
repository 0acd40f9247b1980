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
