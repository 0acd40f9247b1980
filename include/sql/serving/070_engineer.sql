-- What engineers read of the ledger: all of it but the texts in which a cell of an extract, the name of a file or a
-- person's words may stand. Named column by column: what a later version adds is closed until somebody decides.
-- inputs: ledger.refusal, drift, and the tables below

-- A text by its signs: digits are 9, letters A or, of other alphabets, А; 40 signs at most. As auyl.errors.shape.
create or replace function ledger.shape(whole text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return regexp_replace(
    regexp_replace(
        regexp_replace(left(whole, 40), '(?![A-Za-z])[[:alpha:]]', 'А', 'g'), '[A-Za-z]', 'A', 'g'
    ),
    '[[:digit:]]', '9', 'g'
) || case when length(whole) > 40 then '…' else '' end;

-- Words of the program, which are English, without what they quote: by its signs is shown what stands between «», each
-- letter of another alphabet, each number of five digits or more, the name of a file and what is written like a name.
create or replace function ledger.words(whole text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return (
    select
        string_agg(
            regexp_replace(
                case when part[1] like '«%' then ledger.shape(part[1]) else part[1] end,
                '(?![A-Za-z])[[:alpha:]]', 'А', 'g'
            ),
            '' order by place
        )
    from regexp_matches(
        regexp_replace(
            regexp_replace(
                regexp_replace(whole, '[[:digit:]]{5,}', '99999', 'g'),
                '[^\s«»,;:]*\.(?:csv|xlsx?|xml|jsonl?|geojson|zip|txt)\y', 'AAAA.AAA', 'gi'
            ),
            '\y[A-Z][a-z]{3,}\y', 'AAAA', 'g'
        ),
        '«[^»]*»?|[^«]+', 'g'
    ) with ordinality as split (part, place)
);

-- Grain: as ledger.refusal. The names of columns and owners are those of the contract.
create or replace view ledger.refusal_shape as
select
    refusal_id,
    registry,
    period,
    delivery_id,
    rules_digest,
    refused_at,
    (details ->> 'line')::bigint as line,
    details ->> 'column' as column_name,
    details ->> 'owner' as owner,
    details -> 'failed' as failed,
    details -> 'breaches' as breaches,
    (details ->> 'rows_in')::bigint as rows_in,
    details ->> 'is_failure' is not null as is_failure,
    ledger.shape(details ->> 'file') as file_shape,
    ledger.words(details ->> 'expected') as expected,
    ledger.words(details ->> 'found') as found
from ledger.refusal;

-- Grain: as ledger.drift. The name of a file stands in `name` where bytes came again.
create or replace view ledger.drift_shape as
select
    drift_id,
    batch_id,
    kind,
    case when kind = 'same_bytes' then ledger.shape(name) else ledger.words(name) end as name,
    ledger.words(expected) as expected,
    ledger.words(found) as found
from ledger.drift;

revoke all on function ledger.shape(text), ledger.words(text) from public;
-- A view calls them with the rights of who reads it; the pipeline's login reads all of the ledger.
grant execute on function ledger.shape(text), ledger.words(text) to auyl_engineer, auyl_pipeline, auyl_publisher;
grant usage on schema ledger to auyl_engineer;
grant select on
    ledger.refusal_shape, ledger.drift_shape, ledger.rule_outcome, ledger.build, ledger.build_input,
    ledger.rolled_back_batch, ledger.signed_answer, ledger.catalogue, ledger.entity_set, ledger.hash_key,
    ledger.hash_key_settled, ledger.daily_report_mail, ledger.alarm_sending, ledger.link_run,
    ledger.lake_settled, ledger.erasure_end
to auyl_engineer;
-- without what a source's files and pages are called
grant select (
    delivery_id, registry, period, digest, files, size_bytes, extracted_at, source, landing_path, arrived_at,
    corrects_batch_id, is_time_stated, is_whole
) on ledger.delivery to auyl_engineer;
grant select (delivery_id, sha256, size_bytes) on ledger.delivery_file to auyl_engineer;
grant select (
    look_id, registry, period, outcome, delivery_id, looked_at, is_whole
) on ledger.look to auyl_engineer;
grant select (note_id, registry, period, noted_at) on ledger.pull_note to auyl_engineer;
grant select (
    batch_id, delivery_id, rules_digest, raw_path, stage_path, linkable_path, quarantine_path, rows_in, staged,
    linkable, quarantined, duplicates, warned, accepted_at
) on ledger.batch to auyl_engineer;
grant select (
    batch_id, delivery_id, rules_digest, raw_path, stage_path, linkable_path, quarantine_path, rows_in, staged,
    linkable, quarantined, duplicates, warned, accepted_at, registry, period, extracted_at, digest, current_rank,
    rank_in_delivery, is_corrected, is_withdrawn, root_id, counts_as_change
) on ledger.batch_ranked to auyl_engineer;
-- without the values of columns that have few
grant select (batch_id, name, heading, place, filled, share_unreadable) on ledger.batch_column to auyl_engineer;
-- without what a person typed as the reason
grant select (withdrawal_id, batch_id, is_withdrawn, decided_by, decided_at) on ledger.withdrawal to auyl_engineer;
grant select (
    erasure_id, delivery_id, is_erased, is_by_term, decided_by, decided_at
) on ledger.erasure to auyl_engineer;
grant select (
    delivery_id, erasure_id, is_by_term, decided_by, decided_at, ended_at
) on ledger.erased_delivery to auyl_engineer;
grant select (judgement_id, batch_id, decided_by, judged_at) on ledger.judgement to auyl_engineer;
grant select (
    decision_id, period, is_rolled_back, revisions, current_revision, decided_by, decided_at
) on ledger.revision_decision to auyl_engineer;
grant select (
    period, revision, edition, inputs_digest, content_sha256, published_at, is_current, is_rolled_back, decided_by,
    decided_at, build_id, catalogue_sha256
) on ledger.revision_state to auyl_engineer;
grant select (
    acceptance_id, period, inputs_digest, decided_by, decided_at
) on ledger.change_acceptance to auyl_engineer;
grant select (
    decision_id, edition, is_adopted, follows, decided_by, decided_at
) on ledger.edition_decision to auyl_engineer;
grant select (lake_no, lake_id, decided_by, begun_at) on ledger.lake to auyl_engineer;
-- without texts that name files
grant select (day, composed_at, since, has_news) on ledger.daily_report to auyl_engineer;
grant select (alarm_id, kind, subject, day, digest, link, raised_at) on ledger.alarm to auyl_engineer;

-- How many contradictions there are, not of whom.
grant usage on schema serving to auyl_engineer;
grant select (period, type_id, owner_registry, subject_kind, okrug_kato) on serving.contradiction to auyl_engineer;
grant select on
    serving.contradiction_judged, serving.contradiction_type, serving.contradiction_set, serving.contradiction_source,
    serving.quality, serving.quality_trend, serving.territory
to auyl_engineer;
