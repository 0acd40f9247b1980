-- Views of the ledger. The files of this folder hold what may be created again at any time: views, functions, policies
-- and grants. `auyl migrate` applies all of them, in the order of their names, after the revisions of the tables
-- (auyl/store/migrations); the views are dropped before.

-- Grain: delivery about whose batches somebody has decided. Key: delivery_id. Inputs: ledger.withdrawal, batch.
-- The newest decision: does the delivery count?
create or replace view ledger.decided_delivery as
select distinct on (b.delivery_id)
    b.delivery_id,
    w.batch_id,
    w.is_withdrawn,
    w.reason,
    w.decided_by,
    w.decided_at
from ledger.withdrawal as w
inner join ledger.batch as b on w.batch_id = b.batch_id
order by b.delivery_id, w.withdrawal_id desc;

-- Grain: delivery whose bytes were erased and may not come again. Key: delivery_id.
-- Inputs: ledger.erasure, erasure_end. The newest decision on a delivery counts. is_by_term: its retention period has
-- ended. ended_at: null while files of it may be left.
create or replace view ledger.erased_delivery as
select
    e.delivery_id,
    e.erasure_id,
    e.is_by_term,
    e.reason,
    e.decided_by,
    e.decided_at,
    n.ended_at
from ledger.erasure as e
left join ledger.erasure_end as n on e.erasure_id = n.erasure_id
where e.is_erased and not exists (
    select from ledger.erasure as later
    where later.delivery_id = e.delivery_id and later.erasure_id > e.erasure_id
);

-- Grain: delivery whose bytes came again after those of another one. Key: delivery_id. Inputs: ledger.look.
create or replace view ledger.arrived_again as
select
    delivery_id,
    max(looked_at) as arrived_at
from ledger.look
where outcome = 'again'
group by delivery_id;

-- Grain: batch. Key: batch_id. Inputs: ledger.batch, delivery, arrived_again, decided_delivery, look, judgement.
-- Which batch counts: the extract that arrived last. Arrived are also the bytes of an earlier extract that came again
-- after another one. An extract that states its own time (in its content, by its source's clock, or an operator for it)
-- does not supersede one that states a later time; a file's time stamp is no such statement. Corrected rows rank right
-- above the extract that they correct. Of a delivery that was judged under several sets of rules, the batch that was
-- judged last counts; that changes nothing in the order of deliveries. A withdrawal counts for the delivery, under
-- whatever rules it is loaded, and for what corrects it.
-- extracted_at: from when the extract counts: the time that it states or its file has, the time of arrival if it came
-- again, never before that of an extract that it supersedes.
create or replace view ledger.batch_ranked as
with recursive
-- Deliveries of corrected rows, each with the extract that they correct in the end. There are few of them.
correction as (
    select
        d.delivery_id,
        b.delivery_id as base_id,
        b.delivery_id as root_id,
        coalesce(w.is_withdrawn, false) or coalesce(r.is_withdrawn, false) as is_withdrawn
    from ledger.delivery as d
    inner join ledger.batch as b on d.corrects_batch_id = b.batch_id
    inner join ledger.delivery as base on b.delivery_id = base.delivery_id and base.corrects_batch_id is null
    left join ledger.decided_delivery as w on d.delivery_id = w.delivery_id
    left join ledger.decided_delivery as r on b.delivery_id = r.delivery_id
    union all
    select
        d.delivery_id,
        b.delivery_id as base_id,
        c.root_id,
        c.is_withdrawn or coalesce(w.is_withdrawn, false) as is_withdrawn
    from correction as c
    inner join ledger.batch as b on c.delivery_id = b.delivery_id
    inner join ledger.delivery as d on b.batch_id = d.corrects_batch_id
    left join ledger.decided_delivery as w on d.delivery_id = w.delivery_id
),

corrected as (
    select distinct c.base_id
    from correction as c
    inner join ledger.batch as b on c.delivery_id = b.delivery_id
    where not c.is_withdrawn
),

whole as (
    select distinct delivery_id
    from ledger.look
    where is_whole
),

judged as (
    select
        batch_id,
        max(judgement_id) as judged_id
    from ledger.judgement
    group by batch_id
),

accepted as (
    select
        b.batch_id,
        j.judged_id,
        d.delivery_id,
        d.registry,
        d.period,
        d.digest,
        d.arrived_at,
        d.is_whole or i.delivery_id is not null as is_whole,
        r.delivery_id as root_id,
        coalesce(c.is_withdrawn, w.is_withdrawn, false) as is_withdrawn,
        x.base_id is not null as is_corrected,
        coalesce(g.arrived_at, r.arrived_at) as root_arrived_at,
        coalesce(g.arrived_at, r.extracted_at) as root_extracted_at,
        case when r.is_time_stated then r.extracted_at end as own_stated_at,
        case when r.is_time_stated and g.delivery_id is null then r.extracted_at end as new_stated_at
    from ledger.batch as b
    inner join ledger.delivery as d on b.delivery_id = d.delivery_id
    left join correction as c on d.delivery_id = c.delivery_id
    inner join ledger.delivery as r on coalesce(c.root_id, d.delivery_id) = r.delivery_id
    left join ledger.decided_delivery as w on d.delivery_id = w.delivery_id
    left join ledger.arrived_again as g on r.delivery_id = g.delivery_id
    left join corrected as x on d.delivery_id = x.base_id
    left join whole as i on d.delivery_id = i.delivery_id
    left join judged as j on b.batch_id = j.batch_id
),

-- What states no time, or came again, stands above all that arrived before it. All windows are partitioned by registry
-- and period, so that a question about one of them reads no other.
turn as (
    select
        a.*,
        coalesce(
            a.new_stated_at,
            greatest(
                a.own_stated_at,
                max(a.new_stated_at) over (
                    partition by a.registry, a.period, a.is_withdrawn order by a.root_arrived_at, a.root_id
                )
            )
        ) as stated_at
    from accepted as a
),

ranked as (
    select
        t.*,
        max(t.root_extracted_at) over (
            partition by t.registry, t.period, t.is_withdrawn
            order by
                t.stated_at nulls first, t.root_arrived_at, t.root_id, t.arrived_at, t.delivery_id,
                t.judged_id nulls first, t.batch_id
        ) as extracted_at,
        row_number() over (
            partition by t.registry, t.period, t.is_withdrawn
            order by
                t.stated_at desc nulls last, t.root_arrived_at desc, t.root_id desc, t.arrived_at desc,
                t.delivery_id desc, t.judged_id desc nulls last, t.batch_id desc
        ) as turn_rank,
        row_number() over (
            partition by t.registry, t.period, t.delivery_id order by t.judged_id desc nulls last, t.batch_id desc
        ) as rank_in_delivery
    from turn as t
),

-- Of a registry that sends changes, a whole reading of the period takes the place of all that ranks below it.
counted as (
    select
        r.*,
        min(case when r.is_whole then r.turn_rank end) over (
            partition by r.registry, r.period, r.is_withdrawn
        ) as whole_rank
    from ranked as r
)

select
    b.*,
    c.registry,
    c.period,
    c.extracted_at,
    c.digest,
    case when not c.is_withdrawn then c.turn_rank end as current_rank,
    c.rank_in_delivery,
    c.is_corrected,
    c.is_withdrawn,
    c.root_id,
    c.rank_in_delivery = 1
    and not c.is_corrected
    and not c.is_withdrawn
    and c.turn_rank <= coalesce(c.whole_rank, c.turn_rank) as counts_as_change
from ledger.batch as b
inner join counted as c on b.batch_id = c.batch_id;

-- Grain: revision. Key: period, revision. Inputs: serving.snapshot, current_snapshot, ledger.revision_decision, build.
-- Which revision is current, which were rolled back, by whom and why; reason, decided_by, decided_at are of the newest
-- decision on it. build_id: the newest build that ended with this content; what the revision rests on is what it read.
create or replace view ledger.revision_state as
select
    s.period,
    s.revision,
    s.edition,
    s.inputs_digest,
    s.content_sha256,
    s.published_at,
    f.revision is not null as is_current,
    coalesce(d.is_rolled_back, false) as is_rolled_back,
    d.reason,
    d.decided_by,
    d.decided_at,
    b.build_id,
    b.catalogue_sha256
from serving.snapshot as s
left join serving.current_snapshot as f on s.period = f.period and s.revision = f.revision
left join lateral (
    select
        r.is_rolled_back,
        r.reason,
        r.decided_by,
        r.decided_at
    from ledger.revision_decision as r
    where r.period = s.period and s.revision = any(r.revisions)
    order by r.decision_id desc
    limit 1
) as d on true
left join lateral (
    select
        n.build_id,
        n.catalogue_sha256
    from ledger.build as n
    where n.period = s.period and n.revision = s.revision and n.outcome <> 'refused'
    order by n.build_id desc
    limit 1
) as b on true;

-- Grain: period, and batch that a rolled-back revision of it rests on and the current one does not. Key: period,
-- batch_id. Inputs: ledger.revision_state, build, build_input. revision: the newest such revision.
create or replace view ledger.rolled_back_batch as
with read as (
    select
        r.period,
        r.revision,
        r.is_current,
        r.is_rolled_back,
        i.batch_id
    from ledger.revision_state as r
    inner join ledger.build as b on r.period = b.period and r.revision = b.revision and b.outcome <> 'refused'
    inner join ledger.build_input as i on b.build_id = i.build_id
    where r.is_current or r.is_rolled_back
)

select
    period,
    batch_id,
    max(revision) as revision
from read
group by period, batch_id
having not bool_or(is_current);
