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
