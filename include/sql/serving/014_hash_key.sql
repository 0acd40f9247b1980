-- Which key the keyed hashes were made with. A fingerprint tells one key from another and nothing of the key.
-- Grain: key that was made current; the newest counts. `changed` are the tables whose rows its rotation changed.
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
